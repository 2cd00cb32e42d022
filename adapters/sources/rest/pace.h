// When the next request may go: evenly spaced, and not while the application asks to be left alone.
#ifndef SIMPUL_ADAPTERS_SOURCES_REST_PACE_H_
#define SIMPUL_ADAPTERS_SOURCES_REST_PACE_H_

#include <algorithm>
#include <optional>

#include "absl/time/time.h"

namespace simpul::sources::rest {

// Knows no clock and waits for nobody. One thread.
class Pace {
 public:
  explicit Pace(double per_second)
      : interval_(per_second > 0 ? absl::Seconds(1) / per_second : absl::ZeroDuration()) {}

  // Takes the next turn and says when it is. Nothing if that is after `deadline`: no turn is taken.
  std::optional<absl::Time> Take(absl::Time now, absl::Time deadline) {
    const absl::Time at = std::max({now, next_, held_until_});
    if (at > deadline) return std::nullopt;
    next_ = at + interval_;
    return at;
  }

  void HoldUntil(absl::Time time) { held_until_ = std::max(held_until_, time); }
  bool IsHeld(absl::Time now) const { return held_until_ > now; }

 private:
  const absl::Duration interval_;
  absl::Time next_ = absl::InfinitePast();
  absl::Time held_until_ = absl::InfinitePast();
};

}  // namespace simpul::sources::rest

#endif  // SIMPUL_ADAPTERS_SOURCES_REST_PACE_H_
