#include "gateway/transcode/wire_writer.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <string>

#include "gateway/transcode/well_known.h"

namespace simpul::transcode {

namespace {

constexpr char kOutOfRange[] = "out of range";
constexpr char kNotInteger[] = "expected an integer";

bool IsSigned(Kind kind) {
  switch (kind) {
    case Kind::kInt32:
    case Kind::kInt64:
    case Kind::kSint32:
    case Kind::kSint64:
    case Kind::kSfixed32:
    case Kind::kSfixed64:
    case Kind::kEnum:
    case Kind::kNull:
      return true;
    default:
      return false;
  }
}

bool Is64Bit(Kind kind) {
  switch (kind) {
    case Kind::kInt64:
    case Kind::kUint64:
    case Kind::kSint64:
    case Kind::kFixed64:
    case Kind::kSfixed64:
      return true;
    default:
      return false;
  }
}

// A JSON number as sign, digits and a power of ten, without rounding.
struct Decimal {
  bool negative = false;
  char digits[20];  // Significant ones; uint64 has at most 20.
  size_t count = 0;
  int64_t exponent = 0;
  bool too_long = false;
};

Decimal Dissect(std::string_view token) {
  Decimal value;
  value.negative = token.starts_with('-');
  if (value.negative) token.remove_prefix(1);
  size_t mark = token.find_first_of("eE");
  if (mark != token.npos) {
    std::string_view text = token.substr(mark + 1);
    if (text.starts_with('+')) text.remove_prefix(1);
    if (std::from_chars(text.data(), text.data() + text.size(), value.exponent).ec != std::errc{}) {
      value.exponent = text.starts_with('-') ? -1'000'000'000 : 1'000'000'000;
    }
    token = token.substr(0, mark);
  }
  bool fraction = false;
  int64_t zeros = 0;  // Seen, but only digits if another digit follows.
  for (char c : token) {
    if (c == '.') {
      fraction = true;
      continue;
    }
    if (fraction) --value.exponent;
    if (c == '0') {
      if (value.count > 0) ++zeros;
      continue;
    }
    for (; zeros > 0 && !value.too_long; --zeros) {
      value.too_long = value.count == sizeof value.digits;
      if (!value.too_long) value.digits[value.count++] = '0';
    }
    value.too_long = value.too_long || value.count == sizeof value.digits;
    if (value.too_long) break;
    value.digits[value.count++] = c;
  }
  value.exponent += zeros;
  return value;
}

}  // namespace

bool IsJsonNumber(std::string_view token) {
  const char* p = token.data();
  const char* end = p + token.size();
  auto digits = [&] {
    const char* first = p;
    while (p < end && IsDigit(*p)) ++p;
    return p > first;
  };
  if (p < end && *p == '-') ++p;
  if (p < end && *p == '0') {
    ++p;
  } else if (!digits()) {
    return false;
  }
  if (p < end && *p == '.') {
    ++p;
    if (!digits()) return false;
  }
  if (p < end && (*p == 'e' || *p == 'E')) {
    ++p;
    if (p < end && (*p == '+' || *p == '-')) ++p;
    if (!digits()) return false;
  }
  return p == end;
}

const char* WireWriter::Expected(Kind kind) {
  switch (kind) {
    case Kind::kDouble:
    case Kind::kFloat:
      return "expected a number";
    case Kind::kBool:
      return "expected true or false";
    case Kind::kString:
      return "expected a string";
    case Kind::kBytes:
      return "expected a base64 string";
    case Kind::kEnum:
      return "expected the name of an enum value";
    case Kind::kNull:
      return "expected null";
    case Kind::kTimestamp:
      return "expected a time such as \"2026-01-31T08:00:00Z\"";
    case Kind::kDuration:
      return "expected a duration such as \"1.5s\"";
    case Kind::kFieldMask:
      return "expected field paths such as \"name,displayName\"";
    case Kind::kMessage:
    case Kind::kStruct:
    case Kind::kAny:
      return "expected an object";
    case Kind::kListValue:
      return "expected an array";
    case Kind::kWrapper:
    case Kind::kValue:
      return "expected a value";
    default:
      return kNotInteger;
  }
}

bool WireWriter::Integer(const FieldPlan& field, bool negative, uint64_t magnitude, bool tagged) {
  uint64_t largest = Is64Bit(field.kind) ? std::numeric_limits<uint64_t>::max()
                                         : std::numeric_limits<uint32_t>::max();
  if (IsSigned(field.kind)) largest >>= 1;
  if (negative) {
    uint64_t lowest = IsSigned(field.kind) ? largest + 1 : 0;
    if (magnitude > lowest) return Fail(kOutOfRange);
    return Checked(field, 0 - magnitude, tagged);
  }
  if (magnitude > largest) return Fail(kOutOfRange);
  return Checked(field, magnitude, tagged);
}

// `value` is within the range of the field; negative ones in two's complement.
bool WireWriter::Checked(const FieldPlan& field, uint64_t value, bool tagged) {
  switch (field.kind) {
    case Kind::kSint32: {
      uint32_t bits = static_cast<uint32_t>(value);
      return Varint(field, (bits << 1) ^ (0 - (bits >> 31)), tagged);
    }
    case Kind::kSint64:
      return Varint(field, (value << 1) ^ (0 - (value >> 63)), tagged);
    case Kind::kFixed32:
    case Kind::kSfixed32:
      return Fixed(field, static_cast<uint32_t>(value), tagged);
    case Kind::kFixed64:
    case Kind::kSfixed64:
      return Fixed(field, value, tagged);
    default:
      return Varint(field, value, tagged);
  }
}

bool WireWriter::Number(const FieldPlan& field, std::string_view token, bool tagged) {
  if (field.kind == Kind::kDouble || field.kind == Kind::kFloat) {
    if (!IsJsonNumber(token)) return Fail("not a number");
    return field.kind == Kind::kDouble ? Real<double>(field, token, tagged)
                                       : Real<float>(field, token, tagged);
  }
  if (!IsInteger(field.kind)) return Fail(Expected(field.kind));
  if (!IsJsonNumber(token)) return Fail("not a number");
  Decimal value = Dissect(token);
  if (value.count == 0) return Checked(field, 0, tagged);
  if (value.exponent < 0) return Fail(kNotInteger);
  if (value.too_long || value.exponent > 20) return Fail(kOutOfRange);
  char digits[40];
  std::memcpy(digits, value.digits, value.count);
  std::memset(digits + value.count, '0', static_cast<size_t>(value.exponent));
  uint64_t magnitude = 0;
  const char* end = digits + value.count + value.exponent;
  if (std::from_chars(digits, end, magnitude).ec != std::errc{}) return Fail(kOutOfRange);
  return Integer(field, value.negative, magnitude, tagged);
}

template <class T>
bool WireWriter::Real(const FieldPlan& field, std::string_view token, bool tagged) {
  T value{};
  auto parsed = std::from_chars(token.data(), token.data() + token.size(), value);
  if (parsed.ec == std::errc::result_out_of_range) {
    // Too small is zero or nearly so, too large is an error; from_chars does not tell which it was.
    std::string text(token);
    if constexpr (sizeof(T) == sizeof(float)) {
      value = std::strtof(text.c_str(), nullptr);
    } else {
      value = std::strtod(text.c_str(), nullptr);
    }
    if (std::isinf(value)) return Fail(kOutOfRange);
  }
  return Fixed(field, value, tagged);
}

bool WireWriter::Text(const FieldPlan& field, std::string_view text, bool tagged) {
  switch (field.kind) {
    case Kind::kString:
      return String(field, text, tagged);
    case Kind::kBytes:
      return Bytes(field, text, tagged);
    case Kind::kEnum:
    case Kind::kNull:
      return EnumName(field, text, tagged);
    case Kind::kDouble:
    case Kind::kFloat: {
      double special = 0;
      if (text == "NaN") {
        special = std::numeric_limits<double>::quiet_NaN();
      } else if (text == "Infinity") {
        special = std::numeric_limits<double>::infinity();
      } else if (text == "-Infinity") {
        special = -std::numeric_limits<double>::infinity();
      } else {
        return Number(field, text, tagged);
      }
      return field.kind == Kind::kDouble ? Fixed(field, special, tagged)
                                         : Fixed(field, static_cast<float>(special), tagged);
    }
    default:
      // A quoted number; everything else but integers is refused there.
      return Number(field, text, tagged);
  }
}

bool WireWriter::Bytes(const FieldPlan& field, std::string_view text, bool tagged) {
  if (text.empty() && field.implicit && tagged) return true;
  if (tagged) Tag(field);
  size_t opened = out_.OpenLength();
  if (!Base64(text)) return false;
  out_.CloseLength(opened);
  return true;
}

bool WireWriter::Base64(std::string_view text) {
  return AppendFromBase64(text, out_) || Fail(Expected(Kind::kBytes));
}

bool WireWriter::EnumName(const FieldPlan& field, std::string_view text, bool tagged) {
  uint32_t index = field.enumeration->names.Find(text);
  if (index == NameTable::kNone) return Fail("no such enum value");
  int64_t number = field.enumeration->numbers[index];
  return Varint(field, static_cast<uint64_t>(number), tagged);
}

bool WireWriter::MapKey(const FieldPlan& key, std::string_view text) {
  static constexpr char kBadKey[] = "a map key that does not fit";
  if (key.kind == Kind::kString) return String(key, text, true);
  if (key.kind == Kind::kBool) {
    if (text != "true" && text != "false") return Fail(kBadKey);
    return Varint(key, text == "true" ? 1 : 0, true);
  }
  // One spelling for each number, so that equal keys have equal bytes.
  bool negative = text.starts_with('-');
  std::string_view digits = negative ? text.substr(1) : text;
  uint64_t magnitude = 0;
  auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), magnitude);
  bool whole = parsed.ec == std::errc{} && parsed.ptr == digits.data() + digits.size();
  bool plain = digits.size() == 1 || !digits.starts_with('0');
  if (!whole || !plain || !IsDigit(digits.front())) return Fail(kBadKey);
  return Integer(key, negative, magnitude, true);
}

bool WireWriter::TextBody(const MessagePlan& plan, std::string_view text) {
  if (plan.kind == Kind::kFieldMask) return FieldMaskBody(text);
  return InstantBody(plan.kind, text);
}

bool WireWriter::InstantBody(Kind kind, std::string_view text) {
  Instant value;
  bool parsed = kind == Kind::kTimestamp ? ParseTimestamp(text, value) : ParseDuration(text, value);
  if (!parsed) return Fail(Expected(kind));
  if (value.seconds != 0) {
    out_.Append('\x08');
    out_.AppendVarint(static_cast<uint64_t>(value.seconds));
  }
  if (value.nanos != 0) {
    out_.Append('\x10');
    out_.AppendVarint(static_cast<uint64_t>(int64_t{value.nanos}));
  }
  return true;
}

bool WireWriter::FieldMaskBody(std::string_view text) {
  if (text.empty()) return true;
  for (bool last = false; !last;) {
    size_t comma = text.find(',');
    last = comma == text.npos;
    out_.Append('\x0a');
    size_t opened = out_.OpenLength();
    if (!AppendMaskPathFromJson(text.substr(0, comma), out_))
      return Fail(Expected(Kind::kFieldMask));
    out_.CloseLength(opened);
    if (!last) text.remove_prefix(comma + 1);
  }
  return true;
}

}  // namespace simpul::transcode
