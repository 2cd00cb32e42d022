#include "adapters/sources/sql/libpq_cell.h"

#include <arpa/inet.h>
#include <endian.h>

#include <charconv>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <limits>
#include <string>
#include <string_view>

#include "absl/strings/str_format.h"

namespace simpul::sources::sql {
namespace {

// Seconds from 1970 to 2000, where PostgreSQL's times begin.
constexpr int64_t kEpochMicros = 946684800LL * 1000000;
constexpr int64_t kDayMicros = 86400LL * 1000000;

int16_t Int16(const char* p) {
  uint16_t v;
  std::memcpy(&v, p, sizeof v);
  return static_cast<int16_t>(be16toh(v));
}
int32_t Int32(const char* p) {
  uint32_t v;
  std::memcpy(&v, p, sizeof v);
  return static_cast<int32_t>(be32toh(v));
}
int64_t Int64(const char* p) {
  uint64_t v;
  std::memcpy(&v, p, sizeof v);
  return static_cast<int64_t>(be64toh(v));
}

Cell Keep(std::string_view text, Scratch& scratch) {
  char* kept = static_cast<char*>(scratch.allocate(text.size(), 1));
  std::memcpy(kept, text.data(), text.size());
  return Cell::Text({kept, text.size()});
}

Cell DecodeBool(const char* p, int, Scratch&) { return Cell::Int(*p != 0); }
Cell DecodeInt2(const char* p, int, Scratch&) { return Cell::Int(Int16(p)); }
Cell DecodeInt4(const char* p, int, Scratch&) { return Cell::Int(Int32(p)); }
Cell DecodeOid(const char* p, int, Scratch&) { return Cell::Int(static_cast<uint32_t>(Int32(p))); }
Cell DecodeInt8(const char* p, int, Scratch&) { return Cell::Int(Int64(p)); }
Cell DecodeText(const char* p, int n, Scratch&) {
  const auto length = static_cast<size_t>(n);
  return length > kMaxText ? Cell::TooLong() : Cell::Text({p, length});
}
Cell DecodeBytes(const char* p, int n, Scratch&) {
  const auto length = static_cast<size_t>(n);
  return length > kMaxText ? Cell::TooLong() : Cell::Bytes({p, length});
}
Cell DecodeJsonb(const char* p, int n, Scratch& scratch) {  // one version byte, then text
  return DecodeText(p + 1, n - 1, scratch);
}

Cell DecodeFloat4(const char* p, int, Scratch&) {
  const int32_t bits = Int32(p);
  float v;
  std::memcpy(&v, &bits, sizeof v);
  return Cell::Real(v);
}
Cell DecodeFloat8(const char* p, int, Scratch&) {
  const int64_t bits = Int64(p);
  double v;
  std::memcpy(&v, &bits, sizeof v);
  return Cell::Real(v);
}

template <Cell (*kMake)(int64_t)>
Cell DecodeTimestamp(const char* p, int, Scratch& scratch) {
  const int64_t micros = Int64(p);
  if (micros == std::numeric_limits<int64_t>::max()) return Keep("infinity", scratch);
  if (micros == std::numeric_limits<int64_t>::min()) return Keep("-infinity", scratch);
  int64_t since_1970 = 0;  // PostgreSQL goes on after our numbers end, in the year 294247
  if (__builtin_add_overflow(micros, kEpochMicros, &since_1970)) return Keep("infinity", scratch);
  return kMake(since_1970);
}

Cell DecodeDate(const char* p, int, Scratch& scratch) {
  const int32_t days = Int32(p);
  if (days == std::numeric_limits<int32_t>::max()) return Keep("infinity", scratch);
  if (days == std::numeric_limits<int32_t>::min()) return Keep("-infinity", scratch);
  constexpr int32_t kMostDays = 100'000'000;  // the year 275790
  if (days > kMostDays) return Keep("infinity", scratch);
  return Cell::LocalTime(days * kDayMicros + kEpochMicros);
}

Cell DecodeUuid(const char* p, int n, Scratch& scratch) {
  std::string text;
  for (int i = 0; i < n; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += absl::StrFormat("%02x", static_cast<unsigned char>(p[i]));
  }
  return Keep(text, scratch);
}

// inet and cidr: family, bits, is_cidr, length, address (network.c, network_send).
Cell DecodeInet(const char* p, int n, Scratch& scratch) {
  const bool is_v4 = n == 8;
  const int bits = static_cast<unsigned char>(p[1]);
  const bool is_cidr = p[2] != 0;
  char text[INET6_ADDRSTRLEN + sizeof "/128"];
  char* end = text;
  if (is_v4) {  // inet_ntop prints it at ten times the price
    for (int i = 4; i < 8; ++i) {
      if (i > 4) *end++ = '.';
      end = std::to_chars(end, std::end(text), static_cast<unsigned char>(p[i])).ptr;
    }
  } else {
    inet_ntop(AF_INET6, p + 4, text, INET6_ADDRSTRLEN);
    end += std::strlen(text);
  }
  if (is_cidr || bits != (is_v4 ? 32 : 128)) {
    *end++ = '/';
    end = std::to_chars(end, std::end(text), bits).ptr;
  }
  return Keep({text, static_cast<size_t>(end - text)}, scratch);
}

// numeric: digits to the base 10000, the weight of the first, the sign and the decimal places
// (numeric.c, numeric_send).
Cell DecodeNumeric(const char* p, int, Scratch& scratch) {
  const int count = Int16(p);
  const int weight = Int16(p + 2);
  const auto sign = static_cast<uint16_t>(Int16(p + 4));
  const int places = Int16(p + 6);
  if (sign == 0xC000) return Keep("NaN", scratch);
  if (sign == 0xD000) return Keep("Infinity", scratch);
  if (sign == 0xF000) return Keep("-Infinity", scratch);
  const auto group = [&](int i) { return i >= 0 && i < count ? Int16(p + 8 + 2 * i) : 0; };
  std::string text = sign == 0x4000 ? "-" : "";
  text += std::to_string(weight < 0 ? 0 : group(0));
  for (int i = 1; i <= weight; ++i) text += absl::StrFormat("%04d", group(i));
  if (places > 0) {
    std::string fraction;
    for (int i = weight + 1; static_cast<int>(fraction.size()) < places; ++i) {
      fraction += absl::StrFormat("%04d", group(i));
    }
    text += "." + fraction.substr(0, static_cast<size_t>(places));
  }
  return Keep(text, scratch);
}

}  // namespace

Decode DecoderOf(Oid type) {
  switch (type) {
    case 16:
      return DecodeBool;
    case 17:
      return DecodeBytes;
    case kInt8:
      return DecodeInt8;
    case kInt2:
      return DecodeInt2;
    case kInt4:
      return DecodeInt4;
    case 26:
      return DecodeOid;
    case 18:    // "char"
    case 19:    // name
    case 25:    // text
    case 114:   // json
    case 142:   // xml
    case 705:   // unknown: a literal
    case 1042:  // character(n)
    case 1043:  // character varying
      return DecodeText;
    case 3802:
      return DecodeJsonb;
    case 700:
      return DecodeFloat4;
    case 701:
      return DecodeFloat8;
    case 1114:
      return DecodeTimestamp<Cell::LocalTime>;
    case 1184:
      return DecodeTimestamp<Cell::Time>;
    case 1082:
      return DecodeDate;
    case 2950:
      return DecodeUuid;
    case 650:  // cidr
    case 869:
      return DecodeInet;
    case 1700:
      return DecodeNumeric;
    default:
      return nullptr;
  }
}

}  // namespace simpul::sources::sql
