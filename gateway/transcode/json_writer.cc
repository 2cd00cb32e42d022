#include "gateway/transcode/json_writer.h"

#include <cstring>

#include "gateway/transcode/text.h"

namespace simpul::transcode {

namespace {

// The longest escape, and what a 16-byte copy may write past the text.
constexpr size_t kEscapeSize = 6;
constexpr size_t kSlack = 16 + 2;

char* PutEscape(char c, char* to) {
  static constexpr char kHex[] = "0123456789abcdef";
  char letter = 0;
  switch (c) {
    case '"':
    case '\\':
      letter = c;
      break;
    case '\b':
      letter = 'b';
      break;
    case '\f':
      letter = 'f';
      break;
    case '\n':
      letter = 'n';
      break;
    case '\r':
      letter = 'r';
      break;
    case '\t':
      letter = 't';
      break;
    default:
      break;
  }
  *to++ = '\\';
  if (letter != 0) {
    *to++ = letter;
    return to;
  }
  std::memcpy(to, "u00", 3);
  to[3] = kHex[static_cast<uint8_t>(c) >> 4];
  to[4] = kHex[static_cast<uint8_t>(c) & 15];
  return to + 5;
}

bool Write(std::string_view text, bool replace, Buffer& out) {
  const char* p = text.data();
  const char* end = p + text.size();
  char* to = out.Need(text.size() + kSlack);
  *to++ = '"';
  while (p < end) {
    if (end - p >= 16) {
      size_t plain = PlainPrefix(p);
      std::memcpy(to, p, 16);
      p += plain;
      to += plain;
      if (plain == 16) continue;
    }
    char c = *p;
    uint8_t byte = static_cast<uint8_t>(c);
    if (byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\') {
      *to++ = c;
      ++p;
      continue;
    }
    size_t length = byte < 0x80 ? 0 : Utf8Length(p, end);
    if (length > 0) {
      std::memcpy(to, p, length);
      to += length;
      p += length;
      continue;
    }
    if (byte >= 0x80 && !replace) return false;
    // One byte becomes up to six: room for it and for all that is left.
    out.Advance(to);
    to = out.Need(static_cast<size_t>(end - p) + kEscapeSize + kSlack);
    if (byte < 0x80) {
      to = PutEscape(c, to);
    } else {
      to = PutUtf8(0xFFFD, to);
    }
    ++p;
  }
  *to++ = '"';
  out.Advance(to);
  return true;
}

}  // namespace

bool WriteString(std::string_view text, Buffer& out) { return Write(text, false, out); }

void WriteAnyString(std::string_view text, Buffer& out) { Write(text, true, out); }

}  // namespace simpul::transcode
