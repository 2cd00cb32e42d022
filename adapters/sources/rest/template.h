// Text with `{name}` where a bound value goes; `{{` and `}}` are the braces themselves.
#ifndef SIMPUL_ADAPTERS_SOURCES_REST_TEMPLATE_H_
#define SIMPUL_ADAPTERS_SOURCES_REST_TEMPLATE_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "adapters/sources/value.h"

namespace simpul::sources::rest {

// A template, cut into pieces once. Immutable.
class Template {
 public:
  struct Piece {
    std::string text;
    bool is_parameter = false;  // `text` is its name
  };

  Template() = default;

  // INVALID_ARGUMENT: a brace is not closed, or no name stands between two.
  static absl::StatusOr<Template> Parse(std::string_view text);

  const std::vector<Piece>& pieces() const { return pieces_; }
  bool is_one_parameter() const { return pieces_.size() == 1 && pieces_[0].is_parameter; }

 private:
  std::vector<Piece> pieces_;
};

// The value of a parameter. INVALID_ARGUMENT: it has none.
absl::StatusOr<const Value*> ValueOf(const Bindings& bindings, std::string_view parameter);

// A value as text: times as ISO 8601, with "Z" unless they are local. Empty for NULL.
std::string ValueText(const Value& value);

}  // namespace simpul::sources::rest

#endif  // SIMPUL_ADAPTERS_SOURCES_REST_TEMPLATE_H_
