#include "gateway/buffer.h"

#include <string>

#include "gmock/gmock.h"

namespace simpul::gateway {
namespace {

const uint8_t* Bytes(const char* text) { return reinterpret_cast<const uint8_t*>(text); }

std::string Drain(SliceQueue& queue, size_t n) {
  std::string out;
  queue.Pop(n, [&out](Slice slice) {
    out.append(reinterpret_cast<const char*>(slice.data()), slice.size());
  });
  return out;
}

TEST(SliceQueue, GivesBytesInOrderAcrossSliceBounds) {
  BufferPool pool(64);
  Arena arena(&pool);
  SliceQueue queue;
  queue.Push(arena.Copy(Bytes("abc"), 3));
  queue.Push(arena.Copy(Bytes("defg"), 4));
  EXPECT_EQ(Drain(queue, 2), "ab");
  EXPECT_EQ(Drain(queue, 3), "cde");
  EXPECT_EQ(queue.bytes(), 2u);
  queue.Push(Slice::Copy("hi"));
  EXPECT_EQ(Drain(queue, 4), "fghi");
  EXPECT_TRUE(queue.empty());
}

TEST(SliceQueue, DoesNotGrowWhileItNeverRunsEmpty) {
  BufferPool pool(64);
  Arena arena(&pool);
  SliceQueue queue;
  queue.Push(arena.Copy(Bytes("0"), 1));
  std::string out;
  for (int i = 1; i <= 1000; ++i) {
    queue.Push(arena.Copy(Bytes(i % 2 ? "1" : "0"), 1));
    out += Drain(queue, 1);
    EXPECT_EQ(queue.bytes(), 1u);
  }
  EXPECT_EQ(out.substr(0, 4), "0101");
  EXPECT_EQ(out.size(), 1000u);
}

TEST(Slice, KeepsItsBufferUntilTheLastShareIsGone) {
  BufferPool pool(16);
  Slice whole = pool.Take();
  const uint8_t* memory = whole.data();
  Slice part = whole.SplitFront(4);
  whole = Slice();
  {
    Slice again = part.Share();
    part = Slice();
    EXPECT_EQ(again.data(), memory);
    Slice other = pool.Take();  // the first buffer is still held
    EXPECT_NE(other.data(), memory);
  }
  Slice first = pool.Take();
  Slice second = pool.Take();
  EXPECT_TRUE(first.data() == memory || second.data() == memory);
}

TEST(Arena, NeverOverwritesWhatIsHeld) {
  BufferPool pool(8);
  Arena arena(&pool);
  Slice first = arena.Copy(Bytes("aaaa"), 4);
  Slice second = arena.Copy(Bytes("bbbb"), 4);
  Slice third = arena.Copy(Bytes("cccc"), 4);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(first.data()), 4), "aaaa");
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(second.data()), 4), "bbbb");
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(third.data()), 4), "cccc");
}

}  // namespace
}  // namespace simpul::gateway
