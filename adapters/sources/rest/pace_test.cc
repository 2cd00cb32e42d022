#include "adapters/sources/rest/pace.h"

#include "gtest/gtest.h"

namespace simpul::sources::rest {
namespace {

constexpr absl::Time kNow = absl::UnixEpoch();
constexpr absl::Time kNever = absl::InfiniteFuture();

TEST(RestPace, SpacesRequestsEvenly) {
  Pace pace(10);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(pace.Take(kNow, kNever), kNow + i * absl::Milliseconds(100));
  }
  const absl::Time later = kNow + absl::Seconds(9);
  EXPECT_EQ(pace.Take(later, kNever), later);  // a rest saves nothing up
  EXPECT_EQ(pace.Take(later, kNever), later + absl::Milliseconds(100));
}

TEST(RestPace, TakesNoTurnThatWouldBeTooLate) {
  Pace pace(1);
  EXPECT_EQ(pace.Take(kNow, kNow), kNow);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(pace.Take(kNow, kNow + absl::Milliseconds(999)), std::nullopt);
  }
  EXPECT_EQ(pace.Take(kNow, kNow + absl::Seconds(1)), kNow + absl::Seconds(1));
}

TEST(RestPace, HasNoLimitUnlessOneIsSet) {
  Pace pace(0);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(pace.Take(kNow, kNow), kNow);
}

TEST(RestPace, WaitsUntilItMayAskAgain) {
  Pace pace(0);
  pace.HoldUntil(kNow + absl::Seconds(7));
  pace.HoldUntil(kNow + absl::Seconds(2));
  EXPECT_TRUE(pace.IsHeld(kNow));
  EXPECT_EQ(pace.Take(kNow, kNow + absl::Seconds(6)), std::nullopt);
  EXPECT_EQ(pace.Take(kNow, kNever), kNow + absl::Seconds(7));
  EXPECT_FALSE(pace.IsHeld(kNow + absl::Seconds(7)));
}

}  // namespace
}  // namespace simpul::sources::rest
