#include "gateway/grpc_wire.h"

#include <nghttp2/nghttp2.h>

#include <array>
#include <charconv>

namespace simpul::gateway {
namespace {

struct Unit {
  char letter;
  absl::Duration length;
};

constexpr int64_t kMaxTimeout = 99'999'999;  // eight digits

std::array<Unit, 6> Units() {
  return {{{'n', absl::Nanoseconds(1)},
           {'u', absl::Microseconds(1)},
           {'m', absl::Milliseconds(1)},
           {'S', absl::Seconds(1)},
           {'M', absl::Minutes(1)},
           {'H', absl::Hours(1)}}};
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::optional<absl::Duration> ParseGrpcTimeout(std::string_view text) {
  if (text.size() < 2 || text.size() > 9) return std::nullopt;
  int64_t value = 0;
  const char* end = text.data() + text.size() - 1;
  for (const char* p = text.data(); p < end; ++p) {
    if (*p < '0' || *p > '9') return std::nullopt;
    value = value * 10 + (*p - '0');
  }
  for (const Unit& unit : Units()) {
    if (unit.letter == *end) return value * unit.length;
  }
  return std::nullopt;
}

std::string FormatGrpcTimeout(absl::Duration timeout) {
  if (timeout < absl::ZeroDuration()) timeout = absl::ZeroDuration();
  for (const Unit& unit : Units()) {
    const absl::Duration rounded = absl::Ceil(timeout, unit.length);
    const int64_t count = rounded / unit.length;
    if (count <= kMaxTimeout) return std::to_string(count) + unit.letter;
  }
  return std::to_string(kMaxTimeout) + "H";
}

std::string EncodeGrpcMessage(std::string_view message) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(message.size());
  for (const char c : message) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte <= 0x7E && byte != '%') {
      out += c;
    } else {
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

std::string DecodeGrpcMessage(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const int high = HexDigit(text[i + 1]);
      const int low = HexDigit(text[i + 2]);
      if (high >= 0 && low >= 0) {
        out += static_cast<char>(high << 4 | low);
        i += 2;
        continue;
      }
    }
    out += text[i];
  }
  return out;
}

absl::StatusCode ParseGrpcStatus(std::string_view text) {
  int code = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), code);
  const bool valid =
      error == std::errc() && end == text.data() + text.size() && code >= 0 && code <= 16;
  return valid ? static_cast<absl::StatusCode>(code) : absl::StatusCode::kUnknown;
}

absl::StatusCode CodeOfHttp2Error(uint32_t error) {
  switch (error) {
    case NGHTTP2_REFUSED_STREAM:
    case NGHTTP2_CANCEL:  // the part broke off; its caller did not
      return absl::StatusCode::kUnavailable;
    case NGHTTP2_ENHANCE_YOUR_CALM:
      return absl::StatusCode::kResourceExhausted;
    case NGHTTP2_INADEQUATE_SECURITY:
      return absl::StatusCode::kPermissionDenied;
    default:
      return absl::StatusCode::kInternal;
  }
}

void WriteMessagePrefix(uint32_t size, char* out) {
  out[0] = 0;
  for (int i = 0; i < 4; ++i) out[1 + i] = static_cast<char>(size >> (24 - 8 * i));
}

MessageFrame ReadMessage(std::string_view bytes) {
  using Result = MessageFrame::Result;
  if (bytes.size() < kMessagePrefix) return {Result::kIncomplete, {}, kMessagePrefix};
  if (bytes[0] != 0) return {Result::kCompressed, {}, 0};
  size_t size = 0;
  for (int i = 1; i <= 4; ++i) size = size << 8 | static_cast<unsigned char>(bytes[i]);
  if (bytes.size() < kMessagePrefix + size) return {Result::kIncomplete, {}, kMessagePrefix + size};
  return {Result::kOk, bytes.substr(kMessagePrefix, size), kMessagePrefix + size};
}

}  // namespace simpul::gateway
