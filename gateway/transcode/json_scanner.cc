#include "gateway/transcode/json_scanner.h"

#include "gateway/transcode/wire_writer.h"

namespace simpul::transcode {

namespace {

// Four hex digits, or -1. Stops at the first that is none.
int Hex4(const char* p) {
  int value = 0;
  for (int i = 0; i < 4; ++i) {
    char lower = static_cast<char>(p[i] | 0x20);
    int digit = -1;
    if (IsDigit(p[i])) digit = p[i] - '0';
    if (lower >= 'a' && lower <= 'f') digit = lower - 'a' + 10;
    if (digit < 0) return -1;
    value = value << 4 | digit;
  }
  return value;
}

}  // namespace

bool JsonScanner::Escaped(const char* first, const char* backslash, std::string_view& text) {
  unescaped_.assign(first, backslash);
  for (const char* q = backslash;;) {
    if (*q == '"') {
      p_ = q + 1;
      text = unescaped_;
      return true;
    }
    if (*q == '\\') {
      if (!Escape(q)) return false;
      continue;
    }
    const char* from = q;
    while (PlainPrefix(q) == 16) q += 16;
    q += PlainPrefix(q);
    if (q == from && !PassCharacter(q)) return false;
    unescaped_.append(from, q);
  }
}

// `q` at the backslash.
bool JsonScanner::Escape(const char*& q) {
  char c = q[1];
  switch (c) {
    case '"':
    case '\\':
    case '/':
      break;
    case 'b':
      c = '\b';
      break;
    case 'f':
      c = '\f';
      break;
    case 'n':
      c = '\n';
      break;
    case 'r':
      c = '\r';
      break;
    case 't':
      c = '\t';
      break;
    case 'u':
      return UnicodeEscape(q);
    default:
      return FailAt(q, "not an escape");
  }
  unescaped_ += c;
  q += 2;
  return true;
}

bool JsonScanner::UnicodeEscape(const char*& q) {
  int unit = Hex4(q + 2);
  if (unit < 0) return FailAt(q, "not an escape");
  uint32_t code_point = static_cast<uint32_t>(unit);
  size_t used = 6;
  if (unit >= 0xD800 && unit < 0xE000) {
    bool high = unit < 0xDC00;
    int low = high && q[6] == '\\' && q[7] == 'u' ? Hex4(q + 8) : -1;
    if (low < 0xDC00 || low > 0xDFFF) return FailAt(q, "half of a surrogate pair");
    code_point = 0x10000 + ((code_point - 0xD800) << 10) + static_cast<uint32_t>(low - 0xDC00);
    used = 12;
  }
  char utf8[4];
  unescaped_.append(utf8, PutUtf8(code_point, utf8));
  q += used;
  return true;
}

bool JsonScanner::Skip(int levels) {
  std::string_view text;
  char open = Peek();
  if (open == '"') return String(text);
  if (IsDigit(open) || open == '-') return IsJsonNumber(NumberToken()) || Fail("not a number");
  if (open == 't') return Literal("true");
  if (open == 'f') return Literal("false");
  if (open == 'n') return Literal("null");
  if (open != '{' && open != '[') return Fail("expected a value");
  if (levels == 0) return Fail("nested too deeply");
  char close = open == '{' ? '}' : ']';
  Take(open);
  SkipSpace();
  if (Take(close)) return true;
  for (bool more = true; more;) {
    if (open == '{' && !(String(text) && Colon())) return false;
    if (!Skip(levels - 1) || !Next(close, more)) return false;
  }
  return true;
}

}  // namespace simpul::transcode
