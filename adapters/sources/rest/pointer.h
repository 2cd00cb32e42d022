// JSON Pointer (RFC 6901): where in an answer a value stands.
#ifndef SIMPUL_ADAPTERS_SOURCES_REST_POINTER_H_
#define SIMPUL_ADAPTERS_SOURCES_REST_POINTER_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "adapters/sources/rest/document.h"

namespace simpul::sources::rest {

// Immutable.
class Pointer {
 public:
  Pointer() = default;  // the whole

  // INVALID_ARGUMENT: neither empty nor from '/' on, or a '~' that is neither ~0 nor ~1.
  static absl::StatusOr<Pointer> Parse(std::string_view text);

  // Null: nothing stands there.
  const Document::Node* Find(const Document& document, const Document::Node& from) const;

 private:
  std::vector<std::string> tokens_;
};

}  // namespace simpul::sources::rest

#endif  // SIMPUL_ADAPTERS_SOURCES_REST_POINTER_H_
