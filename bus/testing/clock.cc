// The one real clock.
#include "bus/testing/clock.h"

namespace simpul {
namespace {

class SystemClock : public Clock {
 public:
  absl::Time Now() override { return absl::Now(); }
};

}  // namespace

Clock& Clock::System() {
  static SystemClock& clock = *new SystemClock;
  return clock;
}

}  // namespace simpul
