// One thread's event loop: epoll, timers, work from other threads, and one flush per pass.
#ifndef SIMPUL_GATEWAY_LOOP_H_
#define SIMPUL_GATEWAY_LOOP_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "gateway/buffer.h"

namespace simpul::gateway {

// Something with a file descriptor in a loop. Lives until the end of the pass in which it was
// buried, so that events and calls already under way may still touch it.
class Peer {
 public:
  virtual ~Peer() = default;
  // `events`: EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP.
  virtual void OnEvents(uint32_t events) = 0;
  // Once at the end of each pass in which Loop::MarkDirty was called: write what there is in one
  // go.
  virtual void Flush() {}
  // Ends it, and buries it if the loop owns it.
  virtual void Close() {}

 private:
  friend class Loop;
  bool dirty_ = false;
  bool buried_ = false;
};

// Fires once. Disarms itself when destroyed. One thread: the loop's.
class Timer {
 public:
  // `fire(owner)` runs when the time has come.
  Timer(void (*fire)(void*), void* owner) : fire_(fire), owner_(owner) {}
  Timer(const Timer&) = delete;
  ~Timer() { Disarm(); }

  bool armed() const { return armed_; }
  void Disarm();

 private:
  friend class Loop;
  void (*const fire_)(void*);
  void* const owner_;
  class Loop* loop_ = nullptr;
  Timer* next_ = nullptr;
  Timer* previous_ = nullptr;
  uint64_t due_ = 0;  // tick
  uint64_t slot_ = 0;
  bool armed_ = false;
};

// Runs on the thread that calls Run; only Post and Stop may be called from others.
class Loop {
 public:
  Loop();
  Loop(const Loop&) = delete;
  ~Loop();

  // Until Stop.
  void Run();
  void Stop();
  // Runs `work` on the loop's thread, in order; what is left when the loop has stopped never runs.
  void Post(std::function<void()> work);

  void Watch(int fd, uint32_t events, Peer* peer);
  void Change(int fd, uint32_t events, Peer* peer);
  void Forget(int fd);
  void MarkDirty(Peer* peer) {
    if (peer->dirty_ || peer->buried_) return;
    peer->dirty_ = true;
    dirty_.push_back(peer);
  }
  // Keeps `peer` until it is buried.
  template <class T>
  T* Own(std::unique_ptr<T> peer) {
    T* plain = peer.get();
    owned_.emplace(plain, std::move(peer));
    return plain;
  }
  // Destroys an owned peer at the end of this pass.
  void Bury(Peer* peer);
  // Closes and destroys all owned peers. After Run has returned.
  void CloseAll();

  // Fires after `delay`, at most one tick (8 ms) late. Arming an armed timer moves it.
  void Arm(Timer& timer, absl::Duration delay);

  // When this pass began, in nanoseconds of the monotonic clock.
  int64_t now_ns() const { return now_ns_; }
  // Where to read into; another one as soon as a slice of the last is held.
  Buffer* receive_buffer() {
    if (!receive_.sole()) receive_ = receive_buffers_.Take();
    return receive_.buffer();
  }
  Arena& arena() { return arena_; }

 private:
  friend class Timer;
  static constexpr uint64_t kSlots = 1024;
  static constexpr int64_t kTickNs = 8'000'000;

  void ReadClock();
  int WaitMilliseconds() const;
  void RunPosted();
  void FireTimers();
  void Link(Timer& timer, uint64_t slot);
  void CollectDue(uint64_t slot);
  void FlushDirty();

  int epoll_ = -1;
  int wake_ = -1;
  std::atomic<bool> stop_ = false;
  int64_t now_ns_ = 0;
  uint64_t tick_ = 0;  // up to which timers have fired

  std::mutex mutex_;
  std::vector<std::function<void()>> posted_ ABSL_GUARDED_BY(mutex_);

  // Declared first: what is in the lists below holds slices of them.
  BufferPool receive_buffers_{64 << 10};
  BufferPool small_buffers_{16 << 10};
  Arena arena_{&small_buffers_};
  Slice receive_;

  std::array<Timer*, kSlots + 1> wheel_{};        // the last list: due, about to fire
  std::array<uint64_t, kSlots / 64> occupied_{};  // one bit a slot
  std::vector<Peer*> dirty_;
  std::unordered_map<Peer*, std::unique_ptr<Peer>> owned_;
  std::vector<std::unique_ptr<Peer>> buried_;
};

}  // namespace simpul::gateway

#endif  // SIMPUL_GATEWAY_LOOP_H_
