// Reading the protobuf wire format, bounds always checked.
#ifndef SIMPUL_GATEWAY_TRANSCODE_WIRE_READER_H_
#define SIMPUL_GATEWAY_TRANSCODE_WIRE_READER_H_

#include <cstdint>
#include <cstring>
#include <string_view>

#include "gateway/transcode/plan.h"

namespace simpul::transcode {

// Whatever is read of it without a tag is 0, "" or a message without fields.
inline constexpr std::string_view kZeros("\0\0\0\0\0\0\0\0", 8);

// A cursor over wire bytes that someone else keeps. Each function is false when the bytes are not
// what it is asked for; then the cursor is anywhere.
struct WireReader {
  const char* p;
  const char* end;

  explicit WireReader(std::string_view wire) : p(wire.data()), end(wire.data() + wire.size()) {}

  bool AtEnd() const { return p == end; }
  size_t left() const { return static_cast<size_t>(end - p); }

  bool Varint(uint64_t& value) {
    if (p != end && static_cast<uint8_t>(*p) < 128) {
      value = static_cast<uint8_t>(*p++);
      return true;
    }
    return LongVarint(value);
  }

  template <class T>
  bool Fixed(T& value) {
    if (left() < sizeof value) return false;
    std::memcpy(&value, p, sizeof value);
    p += sizeof value;
    return true;
  }

  bool Length(std::string_view& value) {
    uint64_t length;
    if (!Varint(length) || length > left()) return false;
    value = {p, static_cast<size_t>(length)};
    p += length;
    return true;
  }

  bool Tag(uint32_t& number, uint32_t& wire_type) {
    uint64_t tag;
    if (!Varint(tag) || tag > 0xFFFFFFFF || tag < 8) return false;
    number = static_cast<uint32_t>(tag) >> 3;
    wire_type = static_cast<uint32_t>(tag) & 7;
    return true;
  }

  // Past the value behind a tag.
  bool Skip(uint32_t number, uint32_t wire_type) {
    uint64_t value;
    std::string_view body;
    switch (wire_type) {
      case kVarint:
        return Varint(value);
      case kFixed64Bits:
        return Fixed(value);
      case kLengthDelimited:
        return Length(body);
      case kFixed32Bits: {
        uint32_t half;
        return Fixed(half);
      }
      case kStartGroup:
        return SkipGroup(number);
      default:
        return false;
    }
  }

 private:
  [[gnu::noinline]] bool LongVarint(uint64_t& value) {
    value = 0;
    for (int shift = 0; shift < 70 && p != end; shift += 7) {
      uint8_t byte = static_cast<uint8_t>(*p++);
      value |= uint64_t{byte & 127u} << shift;
      if (byte < 128) return true;
    }
    return false;
  }

  // Groups are never ours but legal in what is unknown.
  [[gnu::noinline]] bool SkipGroup(uint32_t number) {
    constexpr int kMaxDepth = 64;
    uint32_t open[kMaxDepth] = {number};
    for (int depth = 1; depth > 0;) {
      uint32_t inner;
      uint32_t wire_type;
      if (!Tag(inner, wire_type)) return false;
      if (wire_type == kEndGroup) {
        if (open[--depth] != inner) return false;
      } else if (wire_type == kStartGroup) {
        if (depth == kMaxDepth) return false;
        open[depth++] = inner;
      } else if (!Skip(inner, wire_type)) {
        return false;
      }
    }
    return true;
  }
};

}  // namespace simpul::transcode

#endif  // SIMPUL_GATEWAY_TRANSCODE_WIRE_READER_H_
