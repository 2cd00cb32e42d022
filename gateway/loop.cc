#include "gateway/loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <ctime>
#include <utility>

namespace simpul::gateway {
namespace {

constexpr absl::Duration kLongest = absl::Hours(24 * 365);  // a timer beyond it fires early

}  // namespace

void Timer::Disarm() {
  if (!armed_) return;
  armed_ = false;
  if (next_ != nullptr) next_->previous_ = previous_;
  if (previous_ != nullptr) {
    previous_->next_ = next_;
  } else {
    loop_->wheel_[slot_] = next_;
    if (next_ == nullptr && slot_ < Loop::kSlots) {
      loop_->occupied_[slot_ / 64] &= ~(uint64_t{1} << slot_ % 64);
    }
  }
  next_ = previous_ = nullptr;
}

Loop::Loop() : epoll_(epoll_create1(EPOLL_CLOEXEC)), wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  Watch(wake_, EPOLLIN, nullptr);
  ReadClock();
  tick_ = static_cast<uint64_t>(now_ns_ / kTickNs);
}

Loop::~Loop() {
  CloseAll();
  close(wake_);
  close(epoll_);
}

void Loop::Watch(int fd, uint32_t events, Peer* peer) {
  epoll_event event{.events = events, .data = {.ptr = peer}};
  epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
}

void Loop::Change(int fd, uint32_t events, Peer* peer) {
  epoll_event event{.events = events, .data = {.ptr = peer}};
  epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event);
}

void Loop::Forget(int fd) { epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr); }

void Loop::Bury(Peer* peer) {
  const auto it = owned_.find(peer);
  peer->buried_ = true;
  buried_.push_back(std::move(it->second));
  owned_.erase(it);
}

void Loop::CloseAll() {
  while (!owned_.empty()) owned_.begin()->first->Close();
  std::exchange(buried_, {}).clear();
}

void Loop::Post(std::function<void()> work) {
  {
    std::lock_guard lock(mutex_);
    posted_.push_back(std::move(work));
  }
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = write(wake_, &one, sizeof one);  // full means awake already
}

void Loop::Stop() {
  stop_ = true;
  Post([] {});
}

void Loop::Arm(Timer& timer, absl::Duration delay) {
  timer.Disarm();
  delay = std::clamp(delay, absl::ZeroDuration(), kLongest);
  const int64_t due_ns = now_ns_ + absl::ToInt64Nanoseconds(delay);
  timer.due_ = std::max(static_cast<uint64_t>(due_ns / kTickNs) + 1, tick_ + 1);
  timer.loop_ = this;
  Link(timer, timer.due_ % kSlots);
}

void Loop::Link(Timer& timer, uint64_t slot) {
  timer.armed_ = true;
  timer.slot_ = slot;
  timer.next_ = wheel_[slot];
  if (timer.next_ != nullptr) timer.next_->previous_ = &timer;
  wheel_[slot] = &timer;
  if (slot < kSlots) occupied_[slot / 64] |= uint64_t{1} << slot % 64;
}

void Loop::ReadClock() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  now_ns_ = int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

// Until the next slot of the wheel that holds a timer; -1: there is none. A timer more than one
// turn away wakes the loop once a turn, for nothing.
int Loop::WaitMilliseconds() const {
  for (uint64_t ahead = 1; ahead <= kSlots;) {
    const uint64_t slot = (tick_ + ahead) % kSlots;
    const uint64_t bits = occupied_[slot / 64] >> slot % 64;
    if (bits == 0) {
      ahead += 64 - slot % 64;
      continue;
    }
    const auto due = static_cast<int64_t>(tick_ + ahead) + std::countr_zero(bits);
    return static_cast<int>(std::max<int64_t>(0, (due * kTickNs - now_ns_ + 999'999) / 1'000'000));
  }
  return -1;
}

void Loop::Run() {
  std::array<epoll_event, 256> events;
  while (!stop_) {
    ReadClock();
    const int n = epoll_wait(epoll_, events.data(), events.size(), WaitMilliseconds());
    ReadClock();
    for (int i = 0; i < n; ++i) {
      if (events[i].data.ptr == nullptr) {
        RunPosted();
      } else if (auto* peer = static_cast<Peer*>(events[i].data.ptr); !peer->buried_) {
        peer->OnEvents(events[i].events);
      }
    }
    FireTimers();
    FlushDirty();
    std::exchange(buried_, {}).clear();
  }
}

void Loop::RunPosted() {
  uint64_t count;
  [[maybe_unused]] const ssize_t n = read(wake_, &count, sizeof count);
  std::vector<std::function<void()>> work;
  {
    std::lock_guard lock(mutex_);
    work.swap(posted_);
  }
  for (auto& one : work) one();
}

void Loop::FireTimers() {
  const auto now = static_cast<uint64_t>(now_ns_ / kTickNs);
  if (now == tick_) return;
  const uint64_t first = now - tick_ >= kSlots ? now - kSlots + 1 : tick_ + 1;
  tick_ = now;
  // What is due first is put last before the others.
  for (uint64_t tick = now + 1; tick-- > first;) CollectDue(tick % kSlots);
  // One that fires may disarm or destroy any other, so each is taken off the list before it runs.
  while (Timer* timer = wheel_[kSlots]) {
    timer->Disarm();
    timer->fire_(timer->owner_);
  }
}

void Loop::CollectDue(uint64_t slot) {
  for (Timer* timer = wheel_[slot]; timer != nullptr;) {
    Timer* next = timer->next_;
    if (timer->due_ <= tick_) {
      timer->Disarm();
      Link(*timer, kSlots);
    }
    timer = next;
  }
}

void Loop::FlushDirty() {
  // A flush may make others dirty (an upstream gains room): they are written in the same pass.
  for (size_t i = 0; i < dirty_.size(); ++i) {
    Peer* peer = dirty_[i];
    peer->dirty_ = false;
    if (!peer->buried_) peer->Flush();
  }
  dirty_.clear();
}

}  // namespace simpul::gateway
