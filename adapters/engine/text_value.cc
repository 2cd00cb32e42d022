#include "adapters/engine/text_value.h"

#include <cstring>
#include <limits>

#include "absl/time/civil_time.h"

namespace simpul::engine {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Reads exactly `count` digits.
bool Digits(std::string_view text, size_t at, size_t count, int& value) {
  if (at + count > text.size()) return false;
  value = 0;
  for (size_t i = at; i < at + count; ++i) {
    if (!IsDigit(text[i])) return false;
    value = value * 10 + (text[i] - '0');
  }
  return true;
}

// What follows the seconds: "Z", "+07", "+07:00", "+0700".
bool ParseOffset(std::string_view text, IsoTime& time) {
  if (text.empty()) return true;
  if (text == "Z") {
    time.has_offset = true;
    return true;
  }
  int hours = 0;
  int minutes = 0;
  if ((text[0] != '+' && text[0] != '-') || !Digits(text, 1, 2, hours)) return false;
  std::string_view rest = text.substr(3);
  if (!rest.empty() && rest[0] == ':') rest.remove_prefix(1);
  if (!rest.empty() && (rest.size() != 2 || !Digits(rest, 0, 2, minutes))) return false;
  if (hours > 15 || minutes > 59) return false;
  const int64_t offset = (hours * 60 + minutes) * 60;
  time.seconds += text[0] == '-' ? offset : -offset;
  time.has_offset = true;
  return true;
}

// The bytes of the sequence that `first` begins, and the smallest code point it may mean.
int SequenceLength(unsigned char first, uint32_t& smallest, uint32_t& bits) {
  if (first >= 0xC2 && first <= 0xDF) return smallest = 0x80, bits = first & 0x1F, 2;
  if (first >= 0xE0 && first <= 0xEF) return smallest = 0x800, bits = first & 0x0F, 3;
  if (first >= 0xF0 && first <= 0xF4) return smallest = 0x10000, bits = first & 0x07, 4;
  return 0;
}

}  // namespace

bool IsUtf8(std::string_view text) {
  size_t i = 0;
  while (i < text.size()) {
    if (text.size() - i >= 8) {
      uint64_t word;
      std::memcpy(&word, text.data() + i, sizeof word);
      if ((word & 0x8080808080808080ull) == 0) {
        i += 8;
        continue;
      }
    }
    const auto first = static_cast<unsigned char>(text[i]);
    if (first < 0x80) {
      ++i;
      continue;
    }
    uint32_t smallest = 0;
    uint32_t code = 0;
    const int length = SequenceLength(first, smallest, code);
    if (length == 0 || text.size() - i < static_cast<size_t>(length)) return false;
    for (int k = 1; k < length; ++k) {
      const auto next = static_cast<unsigned char>(text[i + static_cast<size_t>(k)]);
      if ((next & 0xC0) != 0x80) return false;
      code = code << 6 | (next & 0x3F);
    }
    if (code < smallest || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return false;
    i += static_cast<size_t>(length);
  }
  return true;
}

bool ParseInteger(std::string_view text, int64_t& value) {
  const bool negative = !text.empty() && text[0] == '-';
  if (negative || (!text.empty() && text[0] == '+')) text.remove_prefix(1);
  const size_t point = text.find('.');
  if (point != std::string_view::npos) {  // a decimal column of whole numbers
    if (point + 1 == text.size() ||
        text.find_first_not_of('0', point + 1) != std::string_view::npos) {
      return false;
    }
    text = text.substr(0, point);
  }
  if (text.empty() || text.size() > 19) return false;
  uint64_t magnitude = 0;
  for (const char c : text) {
    if (!IsDigit(c)) return false;
    magnitude = magnitude * 10 + static_cast<uint64_t>(c - '0');
  }
  const uint64_t limit = static_cast<uint64_t>(std::numeric_limits<int64_t>::max()) + negative;
  if (magnitude > limit) return false;
  value = static_cast<int64_t>(negative ? 0 - magnitude : magnitude);
  return true;
}

bool ParseIsoTime(std::string_view text, IsoTime& time) {
  int year, month, day;
  int hour = 0, minute = 0, second = 0;
  if (!Digits(text, 0, 4, year) || !Digits(text, 5, 2, month) || !Digits(text, 8, 2, day) ||
      text[4] != '-' || text[7] != '-') {
    return false;
  }
  time = {};
  size_t end = 10;
  if (text.size() > 10) {
    if ((text[10] != 'T' && text[10] != ' ') || !Digits(text, 11, 2, hour) ||
        !Digits(text, 14, 2, minute) || !Digits(text, 17, 2, second) || text[13] != ':' ||
        text[16] != ':') {
      return false;
    }
    end = 19;
    if (end < text.size() && text[end] == '.') {
      int32_t place = 100'000'000;
      const size_t begin = ++end;
      for (; end < text.size() && IsDigit(text[end]); ++end, place /= 10) {
        time.nanos += (text[end] - '0') * place;
      }
      if (end == begin || end - begin > 9) return false;
    }
  }
  if (hour > 23 || minute > 59 || second > 59 || year == 0) return false;
  const absl::CivilDay civil(year, month, day);
  if (civil.month() != month || civil.day() != day) return false;  // 31 February
  time.seconds = (civil - absl::CivilDay(1970, 1, 1)) * 86400 + hour * 3600 + minute * 60 + second;
  return ParseOffset(text.substr(end), time);
}

}  // namespace simpul::engine
