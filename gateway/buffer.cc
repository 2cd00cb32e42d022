#include "gateway/buffer.h"

#include <cstdlib>
#include <new>

namespace simpul::gateway {
namespace {

Buffer* Allocate(BufferPool* pool, uint32_t capacity) {
  void* memory = std::malloc(sizeof(Buffer) + capacity);
  if (memory == nullptr) throw std::bad_alloc();
  return new (memory) Buffer{pool, nullptr, 0, capacity};
}

}  // namespace

BufferPool::~BufferPool() {
  while (free_ != nullptr) std::free(std::exchange(free_, free_->next));
}

Slice BufferPool::Take() {
  Buffer* buffer = free_;
  if (buffer == nullptr) {
    buffer = Allocate(this, capacity_);
  } else {
    free_ = buffer->next;
    --kept_;
  }
  return Slice(buffer, buffer->data(), buffer->capacity);
}

void BufferPool::Return(Buffer* buffer) {
  if (kept_ >= kKept) {
    std::free(buffer);
    return;
  }
  buffer->next = free_;
  free_ = buffer;
  ++kept_;
}

void Slice::Drop(Buffer* buffer) {
  if (buffer->pool != nullptr) {
    buffer->pool->Return(buffer);
  } else {
    std::free(buffer);
  }
}

Slice Slice::Copy(std::string_view bytes) {
  const auto size = static_cast<uint32_t>(bytes.size());
  Buffer* buffer = Allocate(nullptr, size);
  std::memcpy(buffer->data(), bytes.data(), size);
  return Slice(buffer, buffer->data(), size);
}

Slice Arena::Copy(const uint8_t* data, uint32_t size) {
  if (current_.buffer() == nullptr || used_ + size > current_.size()) {
    current_ = pool_->Take();
    used_ = 0;
  } else if (current_.sole()) {
    used_ = 0;  // nobody else holds any of it: begin again while it is in the cache
  }
  uint8_t* to = current_.buffer()->data() + used_;
  std::memcpy(to, data, size);
  used_ += size;
  return Slice(current_.buffer(), to, size);
}

}  // namespace simpul::gateway
