// What a watch forgets, being older than its horizon.
#include "adapters/engine/testing/watch_fixture.h"

namespace simpul::engine {
namespace {

class WatchHorizonTest : public WatchFixture {};

TEST_P(WatchHorizonTest, InventsNothingWhenItsHorizonIsWidened) {
  Insert("open", "NULL", "now() - interval '25 days'");
  Insert("old", "now()", "now() - interval '6 days'");
  Insert("ancient", "now()", "now() - interval '20 days'");
  Poll();
  clock_.Advance(absl::Hours(48));
  Reconcile();
  EXPECT_EQ(watch_->standing().rows, 1);
  EXPECT_EQ(follower_.events(), 3);
  const TestMapping changed({{"within: 7d", "within: 30d"}}, GetParam().has_text_keys);
  Restart(changed);
  Poll();
  Reconcile();
  EXPECT_EQ(follower_.events(), 3);
  Insert("new", "now()");
  Poll();
  clock_.Advance(absl::Hours(24 * 20));
  Reconcile();
  EXPECT_EQ(watch_->standing().rows, 2);
  database_.Run("DELETE FROM radacct WHERE acctuniqueid = 'new'");
  Reconcile();
  EXPECT_EQ(UniqueIds(), "ancient old open");
}

TEST_P(WatchHorizonTest, ForgetsRowsBeyondTheHorizonWithoutDeletingThem) {
  Insert("old", "now()", "now() - interval '6 days'");
  Insert("open", "NULL", "now() - interval '20 days'");
  Poll();
  EXPECT_EQ(watch_->standing().rows, 2);
  clock_.Advance(absl::Hours(48));
  Reconcile();
  EXPECT_EQ(watch_->standing().rows, 1);
  EXPECT_EQ(follower_.events(), 2);
  database_.Run("DELETE FROM radacct WHERE acctuniqueid = 'open'");
  Poll();
  EXPECT_EQ(UniqueIds(), "old");
}

TEST_P(WatchHorizonTest, NeverForgetsARowWithoutAnAge) {
  Insert("ageless", "now()", "NULL");
  Poll();
  for (int days = 0; days < 30; days += 5) {
    clock_.Advance(absl::Hours(24 * 5));
    Poll();
    Reconcile();
  }
  EXPECT_EQ(follower_.events(), 1);
  database_.Run("DELETE FROM radacct");
  Reconcile();
  EXPECT_EQ(UniqueIds(), "");
}

TEST_P(WatchHorizonTest, PublishesNoForgottenRowAgain) {
  Insert("old", "now()", "now() - interval '6 days'");
  Insert("open");
  Poll();
  clock_.Advance(absl::Hours(48));
  Reconcile();
  ASSERT_EQ(watch_->standing().rows, 1);
  watch_->RequestResync();
  Poll();
  EXPECT_EQ(store_.Count("SELECT count(*) FROM outbox"), 2);
  EXPECT_EQ(watch_->standing().rows, 1);
}

INSTANTIATE_TEST_SUITE_P(Ways, WatchHorizonTest, ::testing::ValuesIn(testing::kWays),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace simpul::engine
