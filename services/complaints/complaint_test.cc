#include "services/complaints/complaint.h"

#include <vector>

#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"

namespace simpul::complaints {
namespace {

using testing::IsOk;
using v1::Complaint;

std::vector<Complaint::State> AllStates() {
  std::vector<Complaint::State> states;
  for (int i = Complaint::RECEIVED; i <= Complaint::State_MAX; ++i) {
    states.push_back(static_cast<Complaint::State>(i));
  }
  return states;
}

TEST(Complaint, GoesFromReceivedToClosedInOrder) {
  const Complaint::State road[] = {Complaint::RECEIVED,    Complaint::VERIFIED,
                                   Complaint::FORWARDED,   Complaint::IN_PROGRESS,
                                   Complaint::FOLLOWED_UP, Complaint::CLOSED};
  for (size_t i = 1; i < std::size(road); ++i) EXPECT_TRUE(MayBecome(road[i - 1], road[i])) << i;
  EXPECT_FALSE(MayBecome(Complaint::RECEIVED, Complaint::IN_PROGRESS));
  EXPECT_FALSE(MayBecome(Complaint::IN_PROGRESS, Complaint::CLOSED));
}

TEST(Complaint, IsNeverReceivedAgainAndReopenedOnlyWhenItWasOver) {
  for (const Complaint::State from : AllStates()) {
    if (from != Complaint::RECEIVED) {
      EXPECT_FALSE(MayBecome(from, Complaint::RECEIVED)) << from;
    }
    const bool was_over = from == Complaint::CLOSED || from == Complaint::ARCHIVED ||
                          from == Complaint::NOT_AUTHORIZED || from == Complaint::REOPENED;
    EXPECT_EQ(MayBecome(from, Complaint::REOPENED), was_over) << from;
  }
}

TEST(Complaint, FromEveryStateThereIsAWay) {
  for (const Complaint::State from : AllStates()) {
    int ways = 0;
    for (const Complaint::State to : AllStates()) ways += from != to && MayBecome(from, to);
    EXPECT_GT(ways, 0) << Complaint::State_Name(from);
  }
}

TEST(Complaint, HasTheLastNoteOfItsHistoryUnlessTheSourceSaysAnother) {
  v1::SourceComplaint source;
  source.set_state(Complaint::VERIFIED);
  source.add_history()->set_note("satu");
  source.add_history()->set_note("dua");
  source.add_history()->set_state(Complaint::VERIFIED);
  auto complaint = ComplaintOf(source);
  ASSERT_THAT(complaint, IsOk());
  EXPECT_EQ(complaint->note(), "dua");
  source.set_note("tiga");
  EXPECT_EQ(ComplaintOf(source)->note(), "tiga");
}

TEST(Complaint, HasAReporterAndALocationOnlyIfTheSourceHas) {
  v1::SourceComplaint source;
  source.set_state(Complaint::RECEIVED);
  auto complaint = ComplaintOf(source);
  ASSERT_THAT(complaint, IsOk());
  EXPECT_FALSE(complaint->has_reporter() || complaint->has_location());
  source.set_reporter_contact("0812");
  source.set_latitude(-6.01);
  source.set_longitude(106.05);
  complaint = ComplaintOf(source);
  ASSERT_THAT(complaint, IsOk());
  EXPECT_EQ(complaint->reporter().contact(), "0812");
  EXPECT_EQ(complaint->location().latitude(), -6.01);
}

}  // namespace
}  // namespace simpul::complaints
