// Bytes on their way through the gateway: reference-counted buffers of one loop, and slices of
// them, so that a message passes from one socket to another without being copied.
#ifndef SIMPUL_GATEWAY_BUFFER_H_
#define SIMPUL_GATEWAY_BUFFER_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

namespace simpul::gateway {

class BufferPool;
class Slice;

// Memory with a count of its slices. One thread.
struct Buffer {
  BufferPool* pool;  // null: freed, not pooled
  Buffer* next;
  uint32_t references;
  uint32_t capacity;
  uint8_t* data() { return reinterpret_cast<uint8_t*>(this + 1); }
};

// Buffers of one capacity, kept for reuse up to a bound. One thread; outlives its buffers.
class BufferPool {
 public:
  explicit BufferPool(uint32_t capacity) : capacity_(capacity) {}
  BufferPool(const BufferPool&) = delete;
  ~BufferPool();

  // The whole of a buffer that nobody else holds.
  Slice Take();
  uint32_t capacity() const { return capacity_; }

 private:
  friend class Slice;
  void Return(Buffer* buffer);

  static constexpr int kKept = 256;
  const uint32_t capacity_;
  Buffer* free_ = nullptr;
  int kept_ = 0;
};

// A range of a buffer that keeps the buffer alive. Movable. One thread.
class Slice {
 public:
  Slice() = default;
  // Adds a reference.
  Slice(Buffer* buffer, const uint8_t* data, uint32_t size)
      : buffer_(buffer), data_(data), size_(size) {
    ++buffer_->references;
  }
  Slice(Slice&& other) noexcept
      : buffer_(std::exchange(other.buffer_, nullptr)), data_(other.data_), size_(other.size_) {}
  Slice& operator=(Slice&& other) noexcept {
    std::swap(buffer_, other.buffer_);
    data_ = other.data_;
    size_ = other.size_;
    return *this;
  }
  ~Slice() {
    if (buffer_ != nullptr && --buffer_->references == 0) Drop(buffer_);
  }

  // A copy in memory of its own.
  static Slice Copy(std::string_view bytes);

  // Another slice of the same bytes.
  Slice Share() const { return Slice(buffer_, data_, size_); }
  // Cuts the first `n` bytes off and returns them.
  Slice SplitFront(uint32_t n) {
    Slice front(buffer_, data_, n);
    RemovePrefix(n);
    return front;
  }
  void RemovePrefix(uint32_t n) {
    data_ += n;
    size_ -= n;
  }

  const uint8_t* data() const { return data_; }
  uint32_t size() const { return size_; }
  Buffer* buffer() const { return buffer_; }
  // Whether no other slice holds the buffer.
  bool sole() const { return buffer_ != nullptr && buffer_->references == 1; }

 private:
  static void Drop(Buffer* buffer);

  Buffer* buffer_ = nullptr;
  const uint8_t* data_ = nullptr;
  uint32_t size_ = 0;
};

// Copies small pieces one after another into shared buffers. One thread.
class Arena {
 public:
  explicit Arena(BufferPool* pool) : pool_(pool) {}
  Arena(const Arena&) = delete;

  // `size` is at most the pool's capacity.
  Slice Copy(const uint8_t* data, uint32_t size);

 private:
  BufferPool* pool_;
  Slice current_;
  uint32_t used_ = 0;
};

// Bytes in order, as slices. Its memory is kept for reuse. One thread.
class SliceQueue {
 public:
  void Push(Slice slice) {
    bytes_ += slice.size();
    slices_.push_back(std::move(slice));
  }
  // Hands the first `n` bytes to `take(Slice)`; `n` is at most bytes().
  template <class Take>
  void Pop(size_t n, Take&& take) {
    bytes_ -= n;
    while (n > 0) {
      Slice& first = slices_[head_];
      if (first.size() <= n) {
        n -= first.size();
        ++head_;
        take(std::move(first));
      } else {
        take(first.SplitFront(static_cast<uint32_t>(n)));
        n = 0;
      }
    }
    if (head_ == slices_.size()) {
      slices_.clear();
      head_ = 0;
    } else if (head_ >= kCompactAt) {  // a stream that never runs empty must not grow
      slices_.erase(slices_.begin(), slices_.begin() + static_cast<ptrdiff_t>(head_));
      head_ = 0;
    }
  }
  void Clear() {
    slices_.clear();
    head_ = 0;
    bytes_ = 0;
  }
  size_t bytes() const { return bytes_; }
  bool empty() const { return bytes_ == 0; }

 private:
  static constexpr size_t kCompactAt = 64;
  std::vector<Slice> slices_;
  size_t head_ = 0;
  size_t bytes_ = 0;
};

}  // namespace simpul::gateway

#endif  // SIMPUL_GATEWAY_BUFFER_H_
