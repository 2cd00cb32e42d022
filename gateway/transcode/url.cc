#include "gateway/transcode/url.h"

#include "gateway/transcode/text.h"

namespace simpul::transcode {

namespace {

// -1 if it is none.
int HexDigit(char c) {
  char lower = static_cast<char>(c | 0x20);
  if (IsDigit(c)) return c - '0';
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

bool HasValidEscapes(std::string_view text) {
  for (size_t at = text.find('%'); at != text.npos; at = text.find('%', at + 3)) {
    if (at + 2 >= text.size() || HexDigit(text[at + 1]) < 0 || HexDigit(text[at + 2]) < 0) {
      return false;
    }
  }
  return true;
}

std::string_view PercentDecode(std::string_view text, Decode mode, std::string& scratch) {
  if (text.find_first_of(mode == Decode::kQuery ? "%+" : "%") == text.npos) return text;
  scratch.clear();
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '+' && mode == Decode::kQuery) {
      scratch += ' ';
    } else if (c == '%') {
      char decoded = static_cast<char>(HexDigit(text[i + 1]) << 4 | HexDigit(text[i + 2]));
      if (decoded == '/' && mode == Decode::kSegments) {
        scratch.append(text.substr(i, 3));
      } else {
        scratch += decoded;
      }
      i += 2;
    } else {
      scratch += c;
    }
  }
  return scratch;
}

}  // namespace simpul::transcode
