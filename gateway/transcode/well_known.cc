#include "gateway/transcode/well_known.h"

#include <array>
#include <charconv>

#include "gateway/transcode/text.h"

namespace simpul::transcode {

namespace {

constexpr int64_t kFirstSecond = -62135596800;  // 0001-01-01T00:00:00Z
constexpr int64_t kLastSecond = 253402300799;   // 9999-12-31T23:59:59Z
constexpr int64_t kLongestDuration = 315576000000;
constexpr int64_t kSecondsPerDay = 86400;

// Days since 1970-01-01 of a date in the Gregorian calendar, and back: years are counted from
// March, so that the leap day is the last of its year, in eras of 400 years, which all have the
// same days.
constexpr int64_t kDaysPerEra = 146097;
constexpr int64_t kDaysTo1970 = 719468;  // From 0000-03-01.

struct Date {
  int year, month, day;
};

int64_t DaysOf(Date date) {
  int64_t year = date.month <= 2 ? date.year - 1 : date.year;
  int64_t era = year / 400;  // Years are positive here.
  int64_t year_of_era = year - era * 400;
  int64_t month_from_march = date.month > 2 ? date.month - 3 : date.month + 9;
  int64_t day_of_year = (153 * month_from_march + 2) / 5 + date.day - 1;
  int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * kDaysPerEra + day_of_era - kDaysTo1970;
}

Date DateOf(int64_t days) {
  int64_t shifted = days + kDaysTo1970;  // Positive from year 1 on.
  int64_t era = shifted / kDaysPerEra;
  int day_of_era = static_cast<int>(shifted - era * kDaysPerEra);
  int year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int month_from_march = (5 * day_of_year + 2) / 153;
  Date date;
  date.day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
  date.month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  date.year = year_of_era + static_cast<int>(era) * 400 + (date.month <= 2 ? 1 : 0);
  return date;
}

bool IsDate(Date date) {
  static constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (date.year < 1 || date.month < 1 || date.month > 12 || date.day < 1) return false;
  bool leap = date.year % 4 == 0 && (date.year % 100 != 0 || date.year % 400 == 0);
  int days = kDays[static_cast<size_t>(date.month - 1)] + (date.month == 2 && leap ? 1 : 0);
  return date.day <= days;
}

// Takes exactly `count` digits off the front.
bool TakeNumber(std::string_view& text, size_t count, int& value) {
  if (text.size() < count) return false;
  value = 0;
  for (size_t i = 0; i < count; ++i) {
    if (!IsDigit(text[i])) return false;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return true;
}

bool Take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

// ".5" as 500,000,000; nothing as 0.
bool TakeFraction(std::string_view& text, int32_t& nanos) {
  nanos = 0;
  if (!Take(text, '.')) return true;
  int digits = 0;
  for (; !text.empty() && IsDigit(text.front()); text.remove_prefix(1)) {
    if (++digits > 9) return false;
    nanos = nanos * 10 + (text.front() - '0');
  }
  if (digits == 0) return false;
  for (; digits < 9; ++digits) nanos *= 10;
  return true;
}

// "Z", "+07:00", "-03:30": seconds east of Greenwich; must be all that is left.
bool TakeOffset(std::string_view text, int64_t& seconds) {
  seconds = 0;
  if (text == "Z") return true;
  bool west = !text.empty() && text.front() == '-';
  if (!Take(text, west ? '-' : '+')) return false;
  int hours = 0;
  int minutes = 0;
  if (!TakeNumber(text, 2, hours) || !Take(text, ':') || !TakeNumber(text, 2, minutes))
    return false;
  if (!text.empty() || hours > 23 || minutes > 59) return false;
  seconds = (hours * 60 + minutes) * 60;
  if (west) seconds = -seconds;
  return true;
}

char* PutTwo(int value, char* to) {
  to[0] = static_cast<char>('0' + value / 10);
  to[1] = static_cast<char>('0' + value % 10);
  return to + 2;
}

char* PutFraction(int32_t nanos, char* to) {
  if (nanos == 0) return to;
  int digits = 9;
  if (nanos % 1000000 == 0) {
    digits = 3;
  } else if (nanos % 1000 == 0) {
    digits = 6;
  }
  for (int i = digits; i < 9; ++i) nanos /= 10;
  *to++ = '.';
  for (int i = digits - 1; i >= 0; --i, nanos /= 10) to[i] = static_cast<char>('0' + nanos % 10);
  return to + digits;
}

constexpr char kBase64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr uint8_t kNoBase64 = 255;

constexpr std::array<uint8_t, 256> kFromBase64 = [] {
  std::array<uint8_t, 256> values{};
  for (uint8_t& value : values) value = kNoBase64;
  for (uint8_t i = 0; i < 64; ++i) values[static_cast<uint8_t>(kBase64[i])] = i;
  values['-'] = 62;
  values['_'] = 63;
  return values;
}();

}  // namespace

bool ParseTimestamp(std::string_view text, Instant& value) {
  Date date{};
  int hour = 0;
  int minute = 0;
  int second = 0;
  if (!TakeNumber(text, 4, date.year) || !Take(text, '-') || !TakeNumber(text, 2, date.month) ||
      !Take(text, '-') || !TakeNumber(text, 2, date.day) || !IsDate(date)) {
    return false;
  }
  if (!Take(text, 'T') || !TakeNumber(text, 2, hour) || !Take(text, ':') ||
      !TakeNumber(text, 2, minute) || !Take(text, ':') || !TakeNumber(text, 2, second)) {
    return false;
  }
  if (hour > 23 || minute > 59 || second > 59) return false;
  int64_t offset = 0;
  if (!TakeFraction(text, value.nanos) || !TakeOffset(text, offset)) return false;
  value.seconds = DaysOf(date) * kSecondsPerDay + hour * 3600 + minute * 60 + second - offset;
  return value.seconds >= kFirstSecond && value.seconds <= kLastSecond;
}

bool ParseDuration(std::string_view text, Instant& value) {
  bool negative = Take(text, '-');
  size_t digits = 0;
  while (digits < text.size() && IsDigit(text[digits])) ++digits;
  if (digits == 0 || digits > 12) return false;
  value.seconds = 0;
  for (char c : text.substr(0, digits)) value.seconds = value.seconds * 10 + (c - '0');
  text.remove_prefix(digits);
  if (!TakeFraction(text, value.nanos) || text != "s") return false;
  if (value.seconds > kLongestDuration || (value.seconds == kLongestDuration && value.nanos > 0)) {
    return false;
  }
  if (negative) value = {-value.seconds, -value.nanos};
  return true;
}

char* FormatTimestamp(Instant value, char* to) {
  if (value.seconds < kFirstSecond || value.seconds > kLastSecond || value.nanos < 0 ||
      value.nanos > 999999999) {
    return nullptr;
  }
  // Counted from the first second, so that nothing is negative.
  int64_t since_first = value.seconds - kFirstSecond;
  int second_of_day = static_cast<int>(since_first % kSecondsPerDay);
  Date date = DateOf(since_first / kSecondsPerDay + kFirstSecond / kSecondsPerDay);
  to = PutTwo(date.year / 100, to);
  to = PutTwo(date.year % 100, to);
  *to++ = '-';
  to = PutTwo(date.month, to);
  *to++ = '-';
  to = PutTwo(date.day, to);
  *to++ = 'T';
  to = PutTwo(second_of_day / 3600, to);
  *to++ = ':';
  to = PutTwo(second_of_day / 60 % 60, to);
  *to++ = ':';
  to = PutTwo(second_of_day % 60, to);
  to = PutFraction(value.nanos, to);
  *to++ = 'Z';
  return to;
}

char* FormatDuration(Instant value, char* to) {
  bool mixed = (value.seconds > 0 && value.nanos < 0) || (value.seconds < 0 && value.nanos > 0);
  if (mixed || value.seconds > kLongestDuration || value.seconds < -kLongestDuration ||
      value.nanos > 999999999 || value.nanos < -999999999) {
    return nullptr;
  }
  if (value.seconds < 0 || value.nanos < 0) {
    *to++ = '-';
    value = {-value.seconds, -value.nanos};
  }
  to = std::to_chars(to, to + 20, value.seconds).ptr;
  to = PutFraction(value.nanos, to);
  *to++ = 's';
  return to;
}

bool AppendMaskPathFromJson(std::string_view path, Buffer& out) {
  char before = '.';
  for (char c : path) {
    bool upper = c >= 'A' && c <= 'Z';
    bool lower = (c >= 'a' && c <= 'z') || c == '*';
    if (c == '.' ? before == '.' : !upper && !lower && !IsDigit(c)) return false;
    if (upper) out.Append('_');
    out.Append(upper ? static_cast<char>(c | 0x20) : c);
    before = c;
  }
  return before != '.';
}

bool AppendMaskPathToJson(std::string_view path, Buffer& out) {
  char before = '.';
  for (char c : path) {
    bool lower = c >= 'a' && c <= 'z';
    if (c == '_') {
      if (before == '_') return false;
    } else if (before == '_') {
      if (!lower) return false;  // "a_1" would come back as "a1".
      out.Append(static_cast<char>(c & ~0x20));
    } else if (c == '.' ? before != '.' : lower || IsDigit(c) || c == '*') {
      out.Append(c);
    } else {
      return false;
    }
    before = c;
  }
  return before != '.' && before != '_';
}

bool AppendFromBase64(std::string_view text, Buffer& out) {
  if (text.ends_with('=')) {
    if (text.size() % 4 != 0) return false;
    text.remove_suffix(text.ends_with("==") ? 2 : 1);
  }
  if (text.size() % 4 == 1) return false;
  char* to = out.Need(text.size() / 4 * 3 + 3);
  uint32_t bits = 0;
  int count = 0;
  for (char c : text) {
    uint8_t value = kFromBase64[static_cast<uint8_t>(c)];
    if (value == kNoBase64) return false;
    bits = bits << 6 | value;
    count += 6;
    if (count >= 8) {
      count -= 8;
      *to++ = static_cast<char>(bits >> count);
    }
  }
  out.Advance(to);
  return true;
}

void AppendToBase64(std::string_view bytes, Buffer& out) {
  const uint8_t* p = reinterpret_cast<const uint8_t*>(bytes.data());
  size_t left = bytes.size();
  char* to = out.Need((left + 2) / 3 * 4);
  for (; left >= 3; left -= 3, p += 3) {
    uint32_t bits = uint32_t{p[0]} << 16 | uint32_t{p[1]} << 8 | p[2];
    for (int shift = 18; shift >= 0; shift -= 6) *to++ = kBase64[bits >> shift & 63];
  }
  if (left > 0) {
    uint32_t bits = uint32_t{p[0]} << 16 | (left == 2 ? uint32_t{p[1]} << 8 : 0);
    *to++ = kBase64[bits >> 18 & 63];
    *to++ = kBase64[bits >> 12 & 63];
    *to++ = left == 2 ? kBase64[bits >> 6 & 63] : '=';
    *to++ = '=';
  }
  out.Advance(to);
}

}  // namespace simpul::transcode
