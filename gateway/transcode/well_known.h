// The text forms of google.protobuf.Timestamp, Duration and FieldMask, and base64.
#ifndef SIMPUL_GATEWAY_TRANSCODE_WELL_KNOWN_H_
#define SIMPUL_GATEWAY_TRANSCODE_WELL_KNOWN_H_

#include <cstdint>
#include <string_view>

#include "gateway/transcode/buffer.h"

namespace simpul::transcode {

struct Instant {
  int64_t seconds = 0;
  int32_t nanos = 0;
};

// RFC 3339 with "T" and "Z" or a numeric offset, 0 to 9 digits of a second, years 1 to 9999, no
// leap seconds (as timestamp.proto says).
bool ParseTimestamp(std::string_view text, Instant& value);
// "-1.5s": at most 315,576,000,000 s, 0 to 9 digits.
bool ParseDuration(std::string_view text, Instant& value);

// Room that the two below need.
constexpr size_t kInstantTextSize = 40;
// Without quotes, with 0, 3, 6 or 9 digits; returns behind the text, or null if out of range.
char* FormatTimestamp(Instant value, char* to);
char* FormatDuration(Instant value, char* to);

// Appends one path of a field mask as the other form spells it: "display_name.x" from
// "displayName.x" and back. False if it cannot be (then something may have been appended).
bool AppendMaskPathFromJson(std::string_view path, Buffer& out);
bool AppendMaskPathToJson(std::string_view path, Buffer& out);

// Appends the bytes. Standard or URL alphabet, padding optional; false if it is no base64.
bool AppendFromBase64(std::string_view text, Buffer& out);
// Appends the text, standard alphabet with padding, without quotes.
void AppendToBase64(std::string_view bytes, Buffer& out);

}  // namespace simpul::transcode

#endif  // SIMPUL_GATEWAY_TRANSCODE_WELL_KNOWN_H_
