#include "services/events/tail.h"

#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"

namespace simpul::events {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kType[] = "a.v1.AEvent";
constexpr char kOther[] = "b.v1.BEvent";

class NobodyWoken : public Follower {
 public:
  void Wake() override {}
};

class TailTest : public ::testing::Test {
 protected:
  SharedRecord Record(int topic, int32_t partition, int64_t offset, std::string subject) {
    auto record = std::make_shared<EncodedRecord>();
    record->topic = topic;
    record->partition = partition;
    record->offset = offset;
    record->subject = std::move(subject);
    record->event = grpc::Slice(std::string(1000, 'x'));
    return record;
  }
  Cursor At(Tail& tail, Position position, std::string prefix = "",
            const std::vector<std::string>& types = {kType}) {
    Cursor cursor;
    cursor.follower = follower_;
    cursor.types = types;
    cursor.topics = tail.Demand(types, Position(types.size(), {0, 0}));
    cursor.position = std::move(position);
    cursor.prefix = std::move(prefix);
    return cursor;
  }
  // What Next gives until it gives nothing: "<partition>:<offset>".
  std::vector<std::string> Drain(Tail& tail, Cursor& cursor) {
    std::vector<std::string> drained;
    SharedRecord record;
    while ((outcome_ = tail.Next(cursor, &record)) == Tail::Outcome::kRecord) {
      drained.push_back(std::to_string(record->partition) + ":" + std::to_string(record->offset));
    }
    return drained;
  }

  std::shared_ptr<Follower> follower_ = std::make_shared<NobodyWoken>();
  Tail::Outcome outcome_ = Tail::Outcome::kRecord;
};

TEST_F(TailTest, GivesEachRecordOnceFromThePositionOn) {
  Tail tail(1 << 20);
  Cursor cursor = At(tail, {{1, 0}});
  for (int64_t offset : {0, 1, 2}) tail.Append(Record(0, 0, offset, "x"));
  tail.Append(Record(0, 1, 0, "x"));
  EXPECT_THAT(Drain(tail, cursor), ElementsAre("0:1", "0:2", "1:0"));
  EXPECT_EQ(outcome_, Tail::Outcome::kWaiting);
  EXPECT_EQ(tail.Refresh(cursor), (Position{{3, 1}}));
  EXPECT_THAT(Drain(tail, cursor), IsEmpty());
  tail.Leave(cursor);
}

TEST_F(TailTest, TakesARecordThatIsReadAgainOnlyOnce) {
  Tail tail(1 << 20);
  Cursor cursor = At(tail, {{0, 0}});
  tail.Append(Record(0, 0, 0, "x"));
  tail.Append(Record(0, 0, 1, "x"));
  tail.Append(Record(0, 0, 0, "x"));
  EXPECT_THAT(Drain(tail, cursor), ElementsAre("0:0", "0:1"));
  tail.Leave(cursor);
}

TEST_F(TailTest, WakesOnlyThoseWhoseTypeAndPrefixMatch) {
  Tail tail(1 << 20);
  Cursor of_a = At(tail, {{0, 0}}, "departments/a/");
  Cursor of_b = At(tail, {{0, 0}}, "departments/b/");
  Cursor of_all = At(tail, {{0, 0}});
  Cursor of_other = At(tail, {{0, 0}}, "", {kOther});
  for (Cursor* cursor : {&of_a, &of_b, &of_all, &of_other})
    EXPECT_THAT(Drain(tail, *cursor), IsEmpty());
  EXPECT_THAT(tail.Append(Record(0, 0, 0, "departments/a/x")), SizeIs(2));
  EXPECT_FALSE(of_a.waiting);
  EXPECT_FALSE(of_all.waiting);
  EXPECT_TRUE(of_b.waiting);
  EXPECT_TRUE(of_other.waiting);
  EXPECT_THAT(tail.Append(Record(0, 0, 1, "departments/a/x")), IsEmpty()) << "woken already";
  EXPECT_THAT(Drain(tail, of_a), ElementsAre("0:0", "0:1"));
  EXPECT_THAT(Drain(tail, of_all), ElementsAre("0:0", "0:1"));
  EXPECT_THAT(Drain(tail, of_b), IsEmpty());
  for (Cursor* cursor : {&of_a, &of_b, &of_all, &of_other}) tail.Leave(*cursor);
  EXPECT_THAT(tail.Append(Record(0, 0, 2, "departments/a/x")), IsEmpty());
}

TEST_F(TailTest, WhoWaitsIsNeverBehindHoweverMuchPassesThatIsNotForHim) {
  Tail tail(10'000);
  Cursor cursor = At(tail, {{0, 0}}, "departments/a/");
  EXPECT_THAT(Drain(tail, cursor), IsEmpty());
  for (int64_t offset = 0; offset < 100; ++offset)
    tail.Append(Record(0, 0, offset, "departments/b/x"));
  tail.Append(Record(0, 1, 0, "departments/a/x"));
  EXPECT_THAT(Drain(tail, cursor), ElementsAre("1:0"));
  EXPECT_EQ(tail.Refresh(cursor), (Position{{100, 1}}));
  EXPECT_EQ(outcome_, Tail::Outcome::kWaiting);
  tail.Leave(cursor);
}

TEST_F(TailTest, SendsWhoIsSlowToCatchUpAndKeepsTheRingSmall) {
  Tail tail(10'000);
  Cursor cursor = At(tail, {{0, 0}});
  SharedRecord record;
  for (int64_t offset = 0; offset < 5; ++offset) tail.Append(Record(0, 0, offset, "x"));
  ASSERT_EQ(tail.Next(cursor, &record), Tail::Outcome::kRecord);
  for (int64_t offset = 5; offset < 100; ++offset) tail.Append(Record(0, 0, offset, "x"));
  EXPECT_LE(tail.ring_bytes(), 10'000u);
  EXPECT_EQ(tail.Next(cursor, &record), Tail::Outcome::kBehind);
  EXPECT_EQ(cursor.position, (Position{{1, 0}})) << "his place is kept";
  EXPECT_FALSE(tail.Reaches(cursor));
  cursor.position = {{95, 0}};
  EXPECT_TRUE(tail.Reaches(cursor));
  EXPECT_THAT(Drain(tail, cursor), ElementsAre("0:95", "0:96", "0:97", "0:98", "0:99"));
  tail.Leave(cursor);
}

TEST_F(TailTest, ReadsATopicFromItsEndAtTheFirstDemandAndWhoIsBeforeItCatchesUp) {
  Tail tail(1 << 20);
  Cursor late;
  late.follower = follower_;
  late.types = {kType};
  late.topics = tail.Demand(late.types, {{50, 60}});
  late.prefix = "";
  late.position = {{49, 60}};
  EXPECT_THAT(tail.Wanted(), SizeIs(2));
  EXPECT_EQ(tail.Wanted()[1].offset, 60);
  SharedRecord record;
  EXPECT_EQ(tail.Next(late, &record), Tail::Outcome::kBehind);
  EXPECT_EQ(tail.Lag(late), (std::pair<size_t, size_t>(0, 0)));
  late.position = {{50, 60}};
  EXPECT_EQ(tail.Next(late, &record), Tail::Outcome::kWaiting);
  tail.Leave(late);
}

TEST_F(TailTest, ResetSendsWhoWaitedForWhatIsGoneToCatchUpAndNobodyElse) {
  Tail tail(1 << 20);
  Cursor hit = At(tail, {{0, 0}});
  Cursor other = At(tail, {{0, 0}}, "", {kOther});
  tail.Append(Record(0, 0, 0, "x"));
  EXPECT_THAT(Drain(tail, hit), ElementsAre("0:0"));
  EXPECT_THAT(Drain(tail, other), IsEmpty());
  const uint64_t plan = tail.plan();
  EXPECT_THAT(tail.Reset(kType, {10, 0}), SizeIs(2));
  EXPECT_NE(tail.plan(), plan);
  EXPECT_THAT(Drain(tail, hit), IsEmpty());
  EXPECT_EQ(outcome_, Tail::Outcome::kBehind);
  EXPECT_EQ(hit.position, (Position{{1, 0}}));
  EXPECT_THAT(Drain(tail, other), IsEmpty());
  EXPECT_EQ(outcome_, Tail::Outcome::kWaiting);
  tail.Leave(other);
}

TEST_F(TailTest, ForgetsATopicThatNobodyNeedsForAWhileAndStartsItAnew) {
  Tail tail(1 << 20);
  Cursor cursor = At(tail, {{0, 0}});
  tail.Append(Record(0, 0, 0, "x"));
  const absl::Time now = absl::FromUnixSeconds(1000);
  tail.Forget(now);
  EXPECT_EQ(tail.TopicNumber(kType), 0) << "in demand";
  tail.Release(cursor.topics, now);
  tail.Forget(now - absl::Seconds(1));
  EXPECT_EQ(tail.TopicNumber(kType), 0) << "not idle for long";
  tail.Forget(now);
  EXPECT_EQ(tail.TopicNumber(kType), -1);
  EXPECT_THAT(tail.Wanted(), IsEmpty());
  Cursor again;
  again.follower = follower_;
  again.types = {kType};
  again.topics = tail.Demand(again.types, {{7, 7}});
  again.position = {{0, 7}};
  SharedRecord record;
  EXPECT_EQ(tail.Next(again, &record), Tail::Outcome::kBehind) << "1 to 6 were not read";
}

TEST_F(TailTest, FollowsAPartitionThatIsAddedFromItsBeginning) {
  Tail tail(1 << 20);
  Cursor old = At(tail, {{0, 0}});
  EXPECT_THAT(Drain(tail, old), IsEmpty());
  tail.Demand({kType}, {{0, 0, 4}});
  EXPECT_THAT(tail.Append(Record(0, 2, 0, "x")), SizeIs(1));
  EXPECT_THAT(Drain(tail, old), ElementsAre("2:0"));
  EXPECT_EQ(tail.Refresh(old), (Position{{0, 0, 1}}));
  tail.Leave(old);
}

}  // namespace
}  // namespace simpul::events
