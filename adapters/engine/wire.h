// Protobuf's wire format, written by hand where a message object would cost more than the row.
#ifndef SIMPUL_ADAPTERS_ENGINE_WIRE_H_
#define SIMPUL_ADAPTERS_ENGINE_WIRE_H_

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace simpul::engine::wire {

constexpr int kVarint = 0;
constexpr int kFixed64 = 1;
constexpr int kBytes = 2;
constexpr int kFixed32 = 5;
constexpr size_t kMaxVarint = 10;

constexpr uint32_t Tag(int number, int type) { return static_cast<uint32_t>(number) << 3 | type; }

inline char* PutVarint(char* p, uint64_t v) {
  while (v >= 0x80) {
    *p++ = static_cast<char>(v | 0x80);
    v >>= 7;
  }
  *p++ = static_cast<char>(v);
  return p;
}

inline size_t VarintSize(uint64_t v) {
  size_t size = 1;
  for (; v >= 0x80; v >>= 7) ++size;
  return size;
}

inline char* PutBytes(char* p, std::string_view bytes) {
  std::memcpy(p, bytes.data(), bytes.size());
  return p + bytes.size();
}

// A Timestamp or Duration, which are alike on the wire.
inline char* PutSecondsNanos(char* p, uint32_t tag, int64_t seconds, int32_t nanos) {
  p = PutVarint(p, tag);
  char* length = p++;
  if (seconds != 0) {
    *p++ = 1 << 3;
    p = PutVarint(p, static_cast<uint64_t>(seconds));
  }
  if (nanos != 0) {
    *p++ = 2 << 3;
    p = PutVarint(p, static_cast<uint64_t>(static_cast<int64_t>(nanos)));
  }
  *length = static_cast<char>(p - length - 1);
  return p;
}

inline void AppendVarint(std::string& out, uint64_t v) {
  char buffer[kMaxVarint];
  out.append(buffer, static_cast<size_t>(PutVarint(buffer, v) - buffer));
}

inline void AppendBytesField(std::string& out, int number, std::string_view bytes) {
  AppendVarint(out, Tag(number, kBytes));
  AppendVarint(out, bytes.size());
  out += bytes;
}

}  // namespace simpul::engine::wire

#endif  // SIMPUL_ADAPTERS_ENGINE_WIRE_H_
