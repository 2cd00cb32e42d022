#include "services/events/opener.h"

#include <atomic>
#include <string>
#include <vector>

#include "absl/synchronization/notification.h"
#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "services/events/fake_log.h"

namespace simpul::events {
namespace {

using ::simpul::testing::IsOk;
using ::simpul::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr absl::Duration kPatient = absl::Seconds(30);

class OpenerTest : public ::testing::Test {
 protected:
  struct Asked {
    absl::Notification answered;
    absl::StatusOr<Kept> kept = absl::UnknownError("no answer");
  };

  void Ask(Asked& asked, const std::string& type) {
    opener_->Add({[type] { return std::vector<std::string>{type}; },
                  [&asked](absl::StatusOr<Kept> kept) {
                    asked.kept = std::move(kept);
                    asked.answered.Notify();
                  }});
  }

  FakeLog log_;
  std::unique_ptr<Opener> opener_ = std::make_unique<Opener>([this] { return log_.Open(); }, [] {});
};

TEST_F(OpenerTest, TellsWhatIsKept) {
  log_.Append("a", 0, "things/1");
  log_.Append("a", 0, "things/2");
  log_.Append("a", 1, "things/3");
  log_.Delete("a", 0, 1);
  Asked asked;
  Ask(asked, "a");
  ASSERT_TRUE(asked.answered.WaitForNotificationWithTimeout(kPatient));
  ASSERT_THAT(asked.kept, IsOk());
  EXPECT_THAT(asked.kept->low, ElementsAre(ElementsAre(1, 0)));
  EXPECT_THAT(asked.kept->high, ElementsAre(ElementsAre(2, 1)));
}

TEST_F(OpenerTest, WhoIsThereBeforeTheTopicWaitsForIt) {
  log_.Append("there", 0, "things/1");
  Asked early, other;
  Ask(early, "comes");
  Ask(other, "there");
  ASSERT_TRUE(other.answered.WaitForNotificationWithTimeout(kPatient));
  EXPECT_THAT(other.kept, IsOk()) << "nobody waits for another's topic";
  EXPECT_FALSE(early.answered.HasBeenNotified());
  log_.Append("comes", 0, "things/1");
  ASSERT_TRUE(early.answered.WaitForNotificationWithTimeout(kPatient));
  EXPECT_THAT(early.kept, IsOk());
}

TEST_F(OpenerTest, ATopicThatDoesNotComeIsNamed) {
  opener_ = std::make_unique<Opener>([this] { return log_.Open(); }, [] {}, absl::Seconds(1));
  Asked asked;
  Ask(asked, "never");
  ASSERT_TRUE(asked.answered.WaitForNotificationWithTimeout(kPatient));
  EXPECT_THAT(asked.kept.status(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("never")));
}

TEST_F(OpenerTest, WhoWaitsIsAnsweredAtTheEnd) {
  Asked asked;
  Ask(asked, "never");
  opener_.reset();
  ASSERT_TRUE(asked.answered.HasBeenNotified());
  EXPECT_THAT(asked.kept.status(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("stopping")));
}

TEST_F(OpenerTest, KafkaAwayIsSaidAtOnce) {
  log_.SetAway(true);
  Asked asked;
  Ask(asked, "a");
  ASSERT_TRUE(asked.answered.WaitForNotificationWithTimeout(kPatient));
  EXPECT_THAT(asked.kept.status(), StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace simpul::events
