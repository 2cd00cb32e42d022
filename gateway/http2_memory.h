// Memory for nghttp2: free lists of one loop. A call makes and frees some thirty small blocks, and
// malloc was a sixth of the gateway's time.
#ifndef SIMPUL_GATEWAY_HTTP2_MEMORY_H_
#define SIMPUL_GATEWAY_HTTP2_MEMORY_H_

#include <nghttp2/nghttp2.h>

#include <array>
#include <cstddef>

namespace simpul::gateway {

// Keeps freed blocks up to 1 KiB by size, at most kKept of each. One thread; outlives the sessions
// and header fields that were made with it.
class Http2Memory {
 public:
  Http2Memory();
  Http2Memory(const Http2Memory&) = delete;
  ~Http2Memory();

  nghttp2_mem* functions() { return &functions_; }

 private:
  static constexpr size_t kStep = 16;
  static constexpr size_t kClasses = 64;
  static constexpr size_t kKept = 4096;
  // Before each block; keeps it aligned.
  struct alignas(16) Block {
    size_t size;  // as it was asked for
    size_t list;  // kClasses: from malloc alone
  };
  struct List {
    void* first = nullptr;  // each points to the next
    size_t count = 0;
  };

  void* Allocate(size_t size);
  void Free(void* memory);
  void* Reallocate(void* memory, size_t size);

  std::array<List, kClasses> lists_;
  nghttp2_mem functions_;
};

}  // namespace simpul::gateway

#endif  // SIMPUL_GATEWAY_HTTP2_MEMORY_H_
