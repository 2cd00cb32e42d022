// A growable run of bytes that the codecs write into without a check per byte, and that a JSON body
// can be read from without a check per byte.
#ifndef SIMPUL_GATEWAY_TRANSCODE_BUFFER_H_
#define SIMPUL_GATEWAY_TRANSCODE_BUFFER_H_

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

namespace simpul::transcode {

// Text that is followed by kPadding readable bytes, all zero: the JSON scanner looks ahead without
// asking where the end is. Made by Buffer::Padded().
struct PaddedText {
  static constexpr size_t kPadding = 32;
  const char* data = nullptr;
  size_t size = 0;
};

// Thread-compatible. Keeps its memory on Clear(), so one per thread or connection is cheap.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(size_t capacity) { Grow(capacity); }
  Buffer(Buffer&& other) noexcept { Swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    Swap(other);
    return *this;
  }
  ~Buffer() { std::free(begin_); }

  const char* data() const { return begin_; }
  char* data() { return begin_; }
  size_t size() const { return static_cast<size_t>(end_ - begin_); }
  bool empty() const { return end_ == begin_; }
  size_t capacity() const { return static_cast<size_t>(limit_ - begin_); }
  std::string_view view() const { return {begin_, size()}; }

  void Clear() { end_ = begin_; }
  // Drops everything after the first `size` bytes.
  void Truncate(size_t size) { end_ = begin_ + size; }
  void Append(std::string_view text) {
    if (text.empty()) return;
    Need(text.size());
    std::memcpy(end_, text.data(), text.size());
    end_ += text.size();
  }
  void Append(char c) {
    Need(1);
    *end_++ = c;
  }
  // The content with the padding behind it. Valid until the next change.
  PaddedText Padded() {
    std::memset(Need(PaddedText::kPadding), 0, PaddedText::kPadding);
    return {begin_, size()};
  }

  // For the codecs: makes room for `n` more bytes and returns where they go; what was really
  // written counts after Advance().
  char* Need(size_t n) {
    if (static_cast<size_t>(limit_ - end_) < n) Grow(n);
    return end_;
  }
  void Advance(char* end) { end_ = end; }

  void AppendVarint(uint64_t value) {
    char* p = Need(10);
    for (; value > 127; value >>= 7) *p++ = static_cast<char>(value | 128);
    *p++ = static_cast<char>(value);
    end_ = p;
  }
  template <class T>
  void AppendFixed(T value) {
    std::memcpy(Need(sizeof value), &value, sizeof value);
    end_ += sizeof value;
  }
  // Begins a length-delimited value whose length is not known yet; CloseLength with the result ends
  // it. One byte is reserved, and the body moves up only when it is longer than 127 bytes.
  size_t OpenLength() {
    Need(1);
    ++end_;
    return size();
  }
  void CloseLength(size_t opened) {
    size_t length = size() - opened;
    if (length < 128) {
      begin_[opened - 1] = static_cast<char>(length);
      return;
    }
    MoveForLength(opened, length);
  }

 private:
  void Swap(Buffer& other) {
    std::swap(begin_, other.begin_);
    std::swap(end_, other.end_);
    std::swap(limit_, other.limit_);
  }

  [[gnu::noinline]] void Grow(size_t n) {
    size_t used = size();
    size_t wanted = capacity() < 256 ? 256 : capacity() * 2;
    while (wanted < used + n) wanted *= 2;
    char* grown = static_cast<char*>(std::realloc(begin_, wanted));
    if (grown == nullptr) std::abort();  // Out of memory; sizes are bounded by the callers' limits.
    begin_ = grown;
    end_ = grown + used;
    limit_ = grown + wanted;
  }

  [[gnu::noinline]] void MoveForLength(size_t opened, size_t length) {
    size_t extra = 0;
    for (size_t rest = length; rest > 127; rest >>= 7) ++extra;
    Need(extra);
    std::memmove(begin_ + opened + extra, begin_ + opened, length);
    char* after = end_ + extra;
    end_ = begin_ + opened - 1;
    AppendVarint(length);
    end_ = after;
  }

  char* begin_ = nullptr;
  char* end_ = nullptr;
  char* limit_ = nullptr;
};

}  // namespace simpul::transcode

#endif  // SIMPUL_GATEWAY_TRANSCODE_BUFFER_H_
