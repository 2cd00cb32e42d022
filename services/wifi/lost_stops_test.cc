#include "services/wifi/lost_stops.h"

#include <string>

#include "services/wifi/wifi_test.h"

namespace simpul::wifi {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsOk;

class LostStopsTest : public WifiTest {
 protected:
  // An open session that reports every minute and did so last at `update_time`.
  v1::SourceSession Reporting(const std::string& id, absl::Time update_time) const {
    v1::SourceSession session = Open(id);
    session.mutable_interim_interval()->set_seconds(60);
    *session.mutable_update_time() = ToProto(update_time);
    return session;
  }

  int64_t Sweep() { return Sweep({{department_, absl::InfinitePast()}}); }
  int64_t Sweep(const Listening& listening) {
    auto ended = EndLostSessions(*store_, clock_, revisions_, publisher_, listening);
    EXPECT_THAT(ended, IsOk());
    return ended.ok() ? *ended : -1;
  }
};

TEST_P(LostStopsTest, EndsASessionAfterThreeMissedUpdatesWhenItWasLastHeardOf) {
  ASSERT_THAT(Put(Reporting("1", start_ + absl::Seconds(50))), IsOk());
  News();
  const int64_t before = session_events_[0].revision();
  clock_.Advance(absl::Minutes(3) - absl::Microseconds(1));
  EXPECT_EQ(Sweep(), 0);
  clock_.Advance(absl::Microseconds(1));
  EXPECT_EQ(Sweep(), 1);
  EXPECT_THAT(News(), ElementsAre("UPDATED " + SessionName("1")));
  const v1::Session& session = session_events_[0].session();
  EXPECT_EQ(session.state(), v1::Session::ENDED);
  EXPECT_EQ(session.end_reason(), v1::Session::LOST_STOP);
  EXPECT_EQ(session.end_time().seconds(), absl::ToUnixSeconds(start_) + 50);
  EXPECT_EQ(session.user(), "");
  EXPECT_GT(session.revision(), before);
  EXPECT_EQ(Sweep(), 0);
}

TEST_P(LostStopsTest, ASessionWithOnlyAStartEndsAtItsStart) {
  v1::SourceSession session = Reporting("1", start_);
  session.clear_update_time();
  ASSERT_THAT(Put(session), IsOk());
  News();
  clock_.Advance(absl::Minutes(3));
  EXPECT_EQ(Sweep(), 1);
  News();
  EXPECT_EQ(session_events_[0].session().end_time().seconds(), absl::ToUnixSeconds(start_));
}

TEST_P(LostStopsTest, EachRecordStartsTheWaitAnew) {
  ASSERT_THAT(Put(Reporting("1", start_)), IsOk());
  clock_.Advance(absl::Minutes(2));
  ASSERT_THAT(Put(Reporting("1", clock_.Now())), IsOk());
  clock_.Advance(absl::Minutes(2));
  EXPECT_EQ(Sweep(), 0);
}

TEST_P(LostStopsTest, ALaterRecordReopensTheSessionAndAStopCorrectsIt) {
  ASSERT_THAT(Put(Reporting("1", start_)), IsOk());
  clock_.Advance(absl::Minutes(3));
  ASSERT_EQ(Sweep(), 1);
  News();
  ASSERT_THAT(Put(Reporting("1", clock_.Now())), IsOk());
  News();
  EXPECT_EQ(session_events_[0].session().state(), v1::Session::ACTIVE);
  EXPECT_FALSE(session_events_[0].session().has_end_time());
  EXPECT_EQ(session_events_[0].session().end_reason(), v1::Session::END_REASON_UNSPECIFIED);
  clock_.Advance(absl::Minutes(3));
  ASSERT_EQ(Sweep(), 1);
  News();
  ASSERT_THAT(Put(Closed("1", "NAS-Reboot")), IsOk());
  News();
  EXPECT_EQ(session_events_[0].session().end_reason(), v1::Session::NAS_REBOOT);
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(Sweep(), 0);
}

TEST_P(LostStopsTest, LeavesSessionsThatEndedOrNeverReport) {
  ASSERT_THAT(Put(Closed("1", "User-Request")), IsOk());
  ASSERT_THAT(Put(Open("2")), IsOk());
  clock_.Advance(absl::Hours(48));
  EXPECT_EQ(Sweep(), 0);
}

TEST_P(LostStopsTest, SilenceCountsOnlyWhileTheDepartmentIsListenedTo) {
  ASSERT_THAT(Put(Reporting("1", start_)), IsOk());
  clock_.Advance(absl::Hours(5));
  EXPECT_EQ(Sweep({}), 0);
  EXPECT_EQ(Sweep({{"dpupr", absl::InfinitePast()}}), 0);
  const absl::Time since = clock_.Now();
  EXPECT_EQ(Sweep({{department_, since}}), 0);
  clock_.Advance(absl::Minutes(3));
  EXPECT_EQ(Sweep({{department_, since}}), 1);
}

TEST_P(LostStopsTest, GetsThroughMoreSessionsThanOneTransactionTakes) {
  for (int i = 0; i < 450; ++i) ASSERT_THAT(Put(Reporting(std::to_string(i), start_)), IsOk());
  clock_.Advance(absl::Minutes(3));
  EXPECT_EQ(Sweep(), 450);
}

TEST_P(LostStopsTest, ForgetsADeletedNameOnlyAfterItsEventsAreForgotten) {
  const kafka::Record old = Record(simpul::type::v1::UPDATED, Open("1"));
  ASSERT_THAT(Put(Open("1")), IsOk());
  ASSERT_THAT(Delete("1"), IsOk());
  clock_.Advance(absl::Hours(24 * 14));
  ASSERT_THAT(domain::ForgetDeleted(*store_, clock_, {"wifi_session"}), IsOk());
  EXPECT_EQ(*Apply(old), kafka::Outcome::kDuplicate);
  clock_.Advance(absl::Seconds(1));
  ASSERT_THAT(domain::ForgetDeleted(*store_, clock_, {"wifi_session"}), IsOk());
  EXPECT_EQ(*Apply(old), kafka::Outcome::kDelivered);
}

INSTANTIATE_TEST_SUITE_P(Databases, LostStopsTest, BothDatabases(), DatabaseName);

}  // namespace
}  // namespace simpul::wifi
