// Looking at text 16 bytes at a time, and at UTF-8 one sequence at a time.
#ifndef SIMPUL_GATEWAY_TRANSCODE_TEXT_H_
#define SIMPUL_GATEWAY_TRANSCODE_TEXT_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace simpul::transcode {

inline bool IsDigit(char c) { return static_cast<uint8_t>(c - '0') < 10; }

// How many of the 16 bytes at `p` come before the first that a JSON string needs a look at: a
// quote, a backslash, a control character, or a byte of a multi-byte sequence. 16 when there is
// none.
inline size_t PlainPrefixPortable(const char* p) {
  if constexpr (std::endian::native == std::endian::little) {
    constexpr uint64_t kOnes = 0x0101010101010101ull;
    constexpr uint64_t kHighs = kOnes * 0x80;
    // A borrow can only mark bytes above a true hit, so the lowest mark is exact.
    auto zero_bytes = [](uint64_t x) { return (x - kOnes) & ~x & kHighs; };
    for (size_t at = 0; at < 16; at += 8) {
      uint64_t word;
      std::memcpy(&word, p + at, 8);
      uint64_t special = zero_bytes(word ^ kOnes * '"') | zero_bytes(word ^ kOnes * '\\') |
                         ((word - kOnes * 0x20) & ~word & kHighs) | (word & kHighs);
      if (special != 0) return at + static_cast<size_t>(std::countr_zero(special)) / 8;
    }
    return 16;
  }
  size_t at = 0;
  for (; at < 16; ++at) {
    uint8_t c = static_cast<uint8_t>(p[at]);
    if (c < 0x20 || c >= 0x80 || c == '"' || c == '\\') break;
  }
  return at;
}

#ifdef __SSE2__
inline size_t PlainPrefix(const char* p) {
  __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  // The comparison is signed: below 0x20 are the control characters and every byte from 0x80 on.
  __m128i special = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
                                              _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'))),
                                 _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20)));
  unsigned mask = static_cast<unsigned>(_mm_movemask_epi8(special));
  return static_cast<size_t>(std::countr_zero(mask | 0x10000u));
}
#else
inline size_t PlainPrefix(const char* p) { return PlainPrefixPortable(p); }
#endif

// The length of the valid UTF-8 sequence at `p` (RFC 3629), 0 if there is none. Reads at most 4
// bytes and none past the first that does not fit.
inline size_t Utf8Length(const char* text) {
  const uint8_t* p = reinterpret_cast<const uint8_t*>(text);
  auto follows = [p](int i) { return (p[i] & 0xC0) == 0x80; };
  uint8_t lead = p[0];
  if (lead < 0x80) return 1;
  if (lead < 0xC2) return 0;
  if (lead < 0xE0) return follows(1) ? 2 : 0;
  if (lead < 0xF0) {
    bool overlong = lead == 0xE0 && p[1] < 0xA0;
    bool surrogate = lead == 0xED && p[1] > 0x9F;
    return follows(1) && follows(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (lead < 0xF5) {
    bool overlong = lead == 0xF0 && p[1] < 0x90;
    bool too_large = lead == 0xF4 && p[1] > 0x8F;
    return follows(1) && follows(2) && follows(3) && !overlong && !too_large ? 4 : 0;
  }
  return 0;
}

// The same where the text ends at `end`.
inline size_t Utf8Length(const char* text, const char* end) {
  char padded[4] = {};
  size_t left = static_cast<size_t>(end - text);
  std::memcpy(padded, text, left < 4 ? left : 4);
  size_t length = Utf8Length(padded);
  return length <= left ? length : 0;
}

inline bool IsUtf8(const char* text, const char* end) {
  while (text < end) {
    size_t length = Utf8Length(text, end);
    if (length == 0) return false;
    text += length;
  }
  return true;
}

// Writes `code_point` in UTF-8, returns behind it.
inline char* PutUtf8(uint32_t code_point, char* to) {
  auto tail = [&](int shift) { *to++ = static_cast<char>(0x80 | (code_point >> shift & 0x3F)); };
  if (code_point < 0x80) {
    *to++ = static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    *to++ = static_cast<char>(0xC0 | code_point >> 6);
    tail(0);
  } else if (code_point < 0x10000) {
    *to++ = static_cast<char>(0xE0 | code_point >> 12);
    tail(6);
    tail(0);
  } else {
    *to++ = static_cast<char>(0xF0 | code_point >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
  return to;
}

}  // namespace simpul::transcode

#endif  // SIMPUL_GATEWAY_TRANSCODE_TEXT_H_
