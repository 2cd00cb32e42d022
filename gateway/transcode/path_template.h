// A path template of google.api.http, taken apart.
#ifndef SIMPUL_GATEWAY_TRANSCODE_PATH_TEMPLATE_H_
#define SIMPUL_GATEWAY_TRANSCODE_PATH_TEMPLATE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace simpul::transcode {

struct PathTemplate {
  enum class Kind : uint8_t { kLiteral, kOne, kRest };  // "a", "*", "**"
  struct Segment {
    Kind kind;
    std::string literal;  // Percent-decoded.
  };
  struct Variable {
    std::string field_path;
    uint16_t first_segment;
    uint16_t segment_count;  // Without the `**` at its end.
    bool to_end;
  };

  static constexpr size_t kMaxSegments = 32;

  std::vector<Segment> segments;
  std::vector<Variable> variables;
  std::string verb;  // The custom verb without its colon, or empty.

  // The grammar of google/api/http.proto: "/v1/{name=shelves/*/books/*}:read". `**` only at the
  // end. INVALID_ARGUMENT: says what was expected and at which character.
  static absl::StatusOr<PathTemplate> Parse(std::string_view text);
};

}  // namespace simpul::transcode

#endif  // SIMPUL_GATEWAY_TRANSCODE_PATH_TEMPLATE_H_
