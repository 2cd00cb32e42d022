// Time as an argument, so that a test can turn it.
#ifndef SIMPUL_BUS_TESTING_CLOCK_H_
#define SIMPUL_BUS_TESTING_CLOCK_H_

#include <mutex>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace simpul {

// Where a part reads the time. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() = 0;

  // The machine's clock. Never destroyed.
  static Clock& System();
};

// A clock that stands still until it is told to move. Thread-safe.
class FakeClock : public Clock {
 public:
  explicit FakeClock(absl::Time start) : now_(start) {}

  absl::Time Now() override {
    std::lock_guard lock(mutex_);
    return now_;
  }
  void Advance(absl::Duration by) {
    std::lock_guard lock(mutex_);
    now_ += by;
  }

 private:
  std::mutex mutex_;
  absl::Time now_;
};

}  // namespace simpul

#endif  // SIMPUL_BUS_TESTING_CLOCK_H_
