#include "gateway/http2_memory.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace simpul::gateway {
namespace {

Http2Memory& Of(void* user_data) { return *static_cast<Http2Memory*>(user_data); }

void*& Next(void* memory) { return *static_cast<void**>(memory); }

}  // namespace

Http2Memory::Http2Memory() {
  functions_ = {
      .mem_user_data = this,
      .malloc = [](size_t size, void* self) { return Of(self).Allocate(size); },
      .free = [](void* memory, void* self) { Of(self).Free(memory); },
      .calloc =
          [](size_t count, size_t size, void* self) {
            void* memory = Of(self).Allocate(count * size);  // nghttp2's own small numbers
            if (memory != nullptr) std::memset(memory, 0, count * size);
            return memory;
          },
      .realloc = [](void* memory, size_t size,
                    void* self) { return Of(self).Reallocate(memory, size); },
  };
}

Http2Memory::~Http2Memory() {
  for (List& list : lists_) {
    while (list.first != nullptr) {
      void* memory = list.first;
      list.first = Next(memory);
      std::free(static_cast<Block*>(memory) - 1);
    }
  }
}

void* Http2Memory::Allocate(size_t size) {
  const size_t list = size == 0 ? 0 : (size - 1) / kStep;
  if (list < kClasses && lists_[list].first != nullptr) {
    void* memory = lists_[list].first;
    lists_[list].first = Next(memory);
    --lists_[list].count;
    (static_cast<Block*>(memory) - 1)->size = size;
    return memory;
  }
  const size_t room = list < kClasses ? (list + 1) * kStep : size;
  auto* block = static_cast<Block*>(std::malloc(sizeof(Block) + room));
  if (block == nullptr) return nullptr;
  *block = {.size = size, .list = std::min(list, kClasses)};
  return block + 1;
}

void Http2Memory::Free(void* memory) {
  if (memory == nullptr) return;
  Block* block = static_cast<Block*>(memory) - 1;
  if (block->list == kClasses || lists_[block->list].count >= kKept) {
    std::free(block);
    return;
  }
  List& list = lists_[block->list];
  Next(memory) = list.first;
  list.first = memory;
  ++list.count;
}

void* Http2Memory::Reallocate(void* memory, size_t size) {
  void* moved = Allocate(size);
  if (memory == nullptr || moved == nullptr) return moved;
  std::memcpy(moved, memory, std::min(size, (static_cast<Block*>(memory) - 1)->size));
  Free(memory);
  return moved;
}

}  // namespace simpul::gateway
