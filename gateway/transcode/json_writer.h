// Values as JSON text.
#ifndef SIMPUL_GATEWAY_TRANSCODE_JSON_WRITER_H_
#define SIMPUL_GATEWAY_TRANSCODE_JSON_WRITER_H_

#include <charconv>
#include <cmath>
#include <string_view>

#include "gateway/transcode/buffer.h"

namespace simpul::transcode {

template <class T>
void WriteInteger(T value, Buffer& out) {
  char* to = out.Need(24);
  out.Advance(std::to_chars(to, to + 24, value).ptr);
}

// In quotes, as the proto3 JSON mapping wants it for 64 bits: JavaScript has 53.
template <class T>
void WriteQuotedInteger(T value, Buffer& out) {
  char* to = out.Need(26);
  *to++ = '"';
  to = std::to_chars(to, to + 24, value).ptr;
  *to++ = '"';
  out.Advance(to);
}

// The shortest text that reads back as the same value; "NaN", "Infinity" and "-Infinity" in quotes.
template <class T>
void WriteReal(T value, Buffer& out) {
  if (!std::isfinite(value)) {
    out.Append(std::isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
    return;
  }
  if (value == 0 && std::signbit(value)) {
    out.Append("-0.0");  // Others read "-0" as an integer, which has no sign.
    return;
  }
  char* to = out.Need(40);
  out.Advance(std::to_chars(to, to + 40, value).ptr);
}

inline void WriteBoolean(bool value, Buffer& out) { out.Append(value ? "true" : "false"); }

// In quotes, with what must be escaped escaped. False if it is not UTF-8; then part of it was
// written.
bool WriteString(std::string_view text, Buffer& out);

// The same, with U+FFFD in place of what is not UTF-8.
void WriteAnyString(std::string_view text, Buffer& out);

}  // namespace simpul::transcode

#endif  // SIMPUL_GATEWAY_TRANSCODE_JSON_WRITER_H_
