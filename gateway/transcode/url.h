// Percent-encoding (RFC 3986) in paths and queries.
#ifndef SIMPUL_GATEWAY_TRANSCODE_URL_H_
#define SIMPUL_GATEWAY_TRANSCODE_URL_H_

#include <string>
#include <string_view>

namespace simpul::transcode {

// Whether two hex digits follow every "%".
bool HasValidEscapes(std::string_view text);

enum class Decode {
  kSegment,   // Everything.
  kSegments,  // All but "%2F", which would look like a slash between segments (http.proto).
  kQuery,     // Everything, and "+" is a space.
};

// `text` decoded: itself if there is nothing to decode, else a view of `scratch`. Its escapes must
// be valid.
std::string_view PercentDecode(std::string_view text, Decode mode, std::string& scratch);

}  // namespace simpul::transcode

#endif  // SIMPUL_GATEWAY_TRANSCODE_URL_H_
