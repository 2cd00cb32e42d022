// The tokens of RFC 8259, read from padded text without a bounds check per byte.
#ifndef SIMPUL_GATEWAY_TRANSCODE_JSON_SCANNER_H_
#define SIMPUL_GATEWAY_TRANSCODE_JSON_SCANNER_H_

#include <cstring>
#include <string>
#include <string_view>

#include "gateway/transcode/buffer.h"
#include "gateway/transcode/text.h"

namespace simpul::transcode {

// A cursor over a document. The zero bytes of the padding belong to no token, so every loop ends
// there. Each function is false on an error; why() and offset() then say what is wrong and where.
class JsonScanner {
 public:
  explicit JsonScanner(PaddedText text)
      : begin_(text.data), p_(text.data), end_(text.data + text.size) {}

  const char* why() const { return why_; }
  size_t offset() const { return static_cast<size_t>(p_ - begin_); }
  size_t size() const { return static_cast<size_t>(end_ - begin_); }
  bool AtEnd() const { return p_ == end_; }

  const char* position() const { return p_; }
  void MoveTo(const char* position) { p_ = position; }

  bool Fail(const char* why) {
    why_ = why;
    return false;
  }
  bool FailAt(const char* where, const char* why) {
    p_ = where;
    return Fail(why);
  }

  char Peek() const { return *p_; }
  void SkipSpace() {
    while (*p_ == ' ' || *p_ == '\n' || *p_ == '\r' || *p_ == '\t') ++p_;
  }
  bool Take(char c) {
    if (*p_ != c) return false;
    ++p_;
    return true;
  }
  // Takes exactly these bytes if they come next.
  bool Take(std::string_view text) {
    if (static_cast<size_t>(end_ - p_) < text.size()) return false;
    if (std::memcmp(p_, text.data(), text.size()) != 0) return false;
    p_ += text.size();
    return true;
  }
  bool Literal(std::string_view word) { return Take(word) || Fail("expected a value"); }
  bool Colon() {
    SkipSpace();
    if (!Take(':')) return Fail("expected ':'");
    SkipSpace();
    return true;
  }
  // After an element: whether another follows, or `close` came.
  bool Next(char close, bool& more) {
    SkipSpace();
    more = Take(',');
    if (more) {
      SkipSpace();
      return true;
    }
    if (Take(close)) return true;
    return Fail(close == '}' ? "expected ',' or '}'" : "expected ',' or ']'");
  }

  // The text of a string, unescaped: a view of the document, or of memory that the next string
  // reuses.
  bool String(std::string_view& text) {
    if (*p_ != '"') return Fail("expected a string");
    const char* first = ++p_;
    for (const char* q = first;;) {
      size_t plain = PlainPrefix(q);
      q += plain;
      if (plain == 16) continue;
      if (*q == '"') {
        text = {first, static_cast<size_t>(q - first)};
        p_ = q + 1;
        return true;
      }
      if (*q == '\\') return Escaped(first, q, text);
      if (!PassCharacter(q)) return false;
    }
  }

  // All that could belong to a number; whether it is one is for IsJsonNumber.
  std::string_view NumberToken() {
    const char* first = p_;
    while (IsDigit(*p_) || *p_ == '-' || *p_ == '+' || *p_ == '.' || *p_ == 'e' || *p_ == 'E') ++p_;
    return {first, static_cast<size_t>(p_ - first)};
  }

  // A run of 1 to 18 digits that is a whole JSON number by itself, or nothing: the cursor stays.
  bool PlainInteger(bool& negative, uint64_t& magnitude) {
    const char* q = p_;
    negative = *q == '-';
    if (negative) ++q;
    const char* first = q;
    uint64_t value = 0;
    for (; IsDigit(*q); ++q) value = value * 10 + static_cast<uint64_t>(*q - '0');
    size_t digits = static_cast<size_t>(q - first);
    if (digits == 0 || digits > 18 || (digits > 1 && *first == '0')) return false;
    if (*q == '.' || *q == 'e' || *q == 'E') return false;
    magnitude = value;
    p_ = q;
    return true;
  }

  // Past any value, checked like every other; `levels` more objects and arrays may be open inside
  // it.
  bool Skip(int levels);

 private:
  // One character beyond ASCII, or an error.
  bool PassCharacter(const char*& q) {
    if (static_cast<uint8_t>(*q) < 0x20) {
      return FailAt(q, q >= end_ ? "unterminated string" : "control character in a string");
    }
    size_t length = Utf8Length(q);
    if (length == 0) return FailAt(q, "not UTF-8");
    q += length;
    return true;
  }
  bool Escaped(const char* first, const char* backslash, std::string_view& text);
  bool Escape(const char*& q);
  bool UnicodeEscape(const char*& q);

  const char* begin_;
  const char* p_;
  const char* end_;
  const char* why_ = nullptr;
  std::string unescaped_;
};

}  // namespace simpul::transcode

#endif  // SIMPUL_GATEWAY_TRANSCODE_JSON_SCANNER_H_
