// The relay against librdkafka's mock cluster, which fails on demand.
#include "bus/kafka/relay.h"

#include <set>
#include <stop_token>
#include <thread>

#include "bus/kafka/look_back.h"
#include "bus/kafka/test_kafka.h"

namespace simpul::kafka {
namespace {

using ::simpul::testing::IsOk;
using ::simpul::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kTopic[] = "simpul.test.v1.ThingEvent";

class RelayTest : public ::testing::Test {
 protected:
  void SetUp() override {
    kafka_.Create(kTopic, 2);
    options_ = store::FreshStore(store::Database::kSqlite);
    store_ = OpenStore(options_);
    ASSERT_NE(store_, nullptr);
  }

  RelayOptions Options() {
    return {.connection = kafka_.connection(),
            .store = store_.get(),
            .part = "test",
            .topics = {{kTopic, 2}},
            .revisions = &revisions_,
            .clock = &clock_};
  }
  std::unique_ptr<Relay> Start() {
    auto relay = Relay::Start(Options());
    EXPECT_THAT(relay, IsOk());
    return *std::move(relay);
  }
  void Add(const std::vector<Event>& events) {
    ASSERT_THAT(Append(*store_, kTopic, events), IsOk());
  }
  // Of one subject, so of one partition.
  static std::vector<Event> Series(int count) {
    std::vector<Event> events;
    for (int i = 1; i <= count; ++i) events.push_back(EventOf("a", i));
    return events;
  }
  static std::vector<std::string> Ids(const std::vector<Event>& events) {
    std::vector<std::string> ids;
    for (const Event& event : events) ids.push_back(event.id);
    return ids;
  }
  static bool Drained(const Relay& relay) {
    return Eventually([&] { return relay.counts().pending == 0; });
  }

  MockKafka kafka_;
  FakeClock clock_{absl::Now()};
  RevisionClock revisions_{clock_};
  store::StoreOptions options_;
  std::unique_ptr<store::Store> store_;
};

TEST_F(RelayTest, SendsInOrderAndMarks) {
  auto relay = Start();
  const auto events = Series(5000);
  Add(events);
  relay->Wake();
  ASSERT_TRUE(Drained(*relay));
  EXPECT_EQ(AllIdsOn(kafka_.connection(), kTopic), Ids(events));
  EXPECT_EQ(relay->counts().sent, 5000);
  EXPECT_EQ(QueryInt(*store_, "SELECT COUNT(*) FROM outbox_unsent"), 0);
}

TEST_F(RelayTest, TellsEachPartitionHowFarItKnowsAllBehindWhatItSends) {
  Add(Series(3000));
  const int64_t revision = revisions_.Next(0);
  auto relay = Start();
  relay->Observe({.topic = kTopic, .source = "//simpul/test", .time = clock_.Now()});
  const auto last_of = [&](size_t partition) {
    const auto ids = IdsOn(kafka_.connection(), kTopic);
    return ids[partition].empty() ? "" : ids[partition].back();
  };
  for (const size_t partition : {0, 1}) {
    const std::string id = absl::StrCat(kTopic, "/", partition, "@", revision);
    EXPECT_TRUE(Eventually([&] { return last_of(partition) == id; })) << last_of(partition);
  }
  EXPECT_EQ(AllIdsOn(kafka_.connection(), kTopic).size(), 3002);
  // The tail of a topic that is quiet is all observations: they carry the revision on.
  FakeClock slow(absl::UnixEpoch());
  RevisionClock restored(slow);
  relay.reset();
  auto options = Options();
  options.revisions = &restored;
  ASSERT_THAT(Relay::Start(options), IsOk());
  EXPECT_GT(restored.Next(0), revision);
}

TEST_F(RelayTest, SendsWhatNobodyWokeItFor) {
  auto relay = Start();
  Add(Series(3));
  EXPECT_TRUE(Drained(*relay));
}

TEST_F(RelayTest, OneSubjectStaysInOnePartitionUnderAnyRelay) {
  std::vector<Event> events;
  for (int i = 0; i < 100; ++i) events.push_back(EventOf(absl::StrCat("s", i), 1));
  for (int i = 0; i < 100; ++i) events.push_back(EventOf(absl::StrCat("s", i), 2));
  for (const Event& event : events) {
    Add({event});
    if (event.id == "s99@1") {
      auto relay = Start();
      ASSERT_TRUE(Drained(*relay));
    }
  }
  auto relay = Start();
  ASSERT_TRUE(Drained(*relay));
  for (const auto& partition : IdsOn(kafka_.connection(), kTopic)) {
    EXPECT_THAT(partition, ::testing::Not(IsEmpty()));
    std::set<std::string> first, second;
    for (const std::string& id : partition) {
      (id.ends_with("@1") ? first : second).insert(id.substr(0, id.size() - 2));
    }
    EXPECT_EQ(first, second);
  }
}

TEST_F(RelayTest, ParksAnEventThatIsTooLargeAndSendsTheOthers) {
  Add({EventOf("a", 1), EventOf("a", 2, std::string(2'000'000, 'x')), EventOf("a", 3)});
  auto relay = Start();
  ASSERT_TRUE(Drained(*relay));
  EXPECT_THAT(AllIdsOn(kafka_.connection(), kTopic), ElementsAre("a@1", "a@3"));
  EXPECT_EQ(relay->counts().parked, 1);
  EXPECT_EQ(QueryInt(*store_,
                     "SELECT COUNT(*) FROM outbox_parked JOIN outbox USING (seq)"
                     " WHERE id = 'a@2' AND reason = 'MSG_SIZE_TOO_LARGE'"),
            1);
}

// A batch shares one answer: the refused event must not take its neighbours with it, nor let those
// behind it pass them.
TEST_F(RelayTest, KeepsOrderWhenKafkaRefusesOneBatch) {
  const auto events = Series(3000);
  Add(events);
  kafka_.FailProduce({RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE});
  auto relay = Start();
  ASSERT_TRUE(Drained(*relay));
  EXPECT_EQ(AllIdsOn(kafka_.connection(), kTopic), Ids(events));
  EXPECT_EQ(relay->counts().parked, 0) << "no single event was refused";
}

TEST_F(RelayTest, ParksTheOneThatIsRefusedAlone) {
  Add({EventOf("a", 1)});
  kafka_.FailProduce({RD_KAFKA_RESP_ERR_INVALID_RECORD, RD_KAFKA_RESP_ERR_INVALID_RECORD});
  auto relay = Start();
  ASSERT_TRUE(Drained(*relay));
  EXPECT_EQ(relay->counts().parked, 1);
  Add({EventOf("a", 2)});
  relay->Wake();
  ASSERT_TRUE(Drained(*relay));
  EXPECT_THAT(AllIdsOn(kafka_.connection(), kTopic), ElementsAre("a@2"));
}

TEST_F(RelayTest, KeepsWhatIsRefusedForNow) {
  const auto events = Series(10);
  Add(events);
  kafka_.FailProduce({RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED});
  auto relay = Start();
  ASSERT_TRUE(Drained(*relay));
  EXPECT_EQ(AllIdsOn(kafka_.connection(), kTopic), Ids(events));
  EXPECT_EQ(relay->counts().parked, 0);
}

TEST_F(RelayTest, KeepsOrderWhenKafkaGoesAndComesInTheMiddle) {
  auto relay = Start();
  std::vector<Event> events;
  for (int i = 1; i <= 4000; ++i) events.push_back(EventOf("a", i));
  for (size_t i = 0; i < events.size(); i += 500) {
    Add({events.begin() + static_cast<long>(i), events.begin() + static_cast<long>(i + 500)});
    relay->Wake();
    if (i == 1000) kafka_.Down();
    if (i == 3000) kafka_.Up();
  }
  ASSERT_TRUE(Drained(*relay));
  EXPECT_EQ(AllIdsOn(kafka_.connection(), kTopic), Ids(events));
}

TEST_F(RelayTest, ResendsEvenWhatTheTopicHas) {
  Add(Series(2));
  {
    auto relay = Start();
    ASSERT_TRUE(Drained(*relay));
  }
  ASSERT_EQ(Resend(*store_, absl::Now() - absl::Hours(1)).value(), 2);
  auto relay = Start();
  ASSERT_TRUE(Drained(*relay));
  EXPECT_THAT(AllIdsOn(kafka_.connection(), kTopic), ElementsAre("a@1", "a@2", "a@1", "a@2"));
}

TEST_F(RelayTest, OneIsActiveAndTheOtherTakesOver) {
  auto first = Start();
  Add({EventOf("a", 1)});
  first->Wake();
  ASSERT_TRUE(Drained(*first));
  auto second = Start();
  Add({EventOf("a", 2)});
  second->Wake();
  ASSERT_TRUE(Drained(*second));
  EXPECT_EQ(second->counts().sent, 0) << "the first has the lease";
  first.reset();
  Add({EventOf("a", 3)});
  ASSERT_TRUE(Drained(*second));
  EXPECT_EQ(second->counts().sent, 1);
  EXPECT_THAT(AllIdsOn(kafka_.connection(), kTopic), ElementsAre("a@1", "a@2", "a@3"));
}

TEST_F(RelayTest, RaisesTheRevisionsToTheTailOfItsTopics) {
  const int64_t ahead = absl::ToUnixMicros(absl::Now() + absl::Hours(3));
  Add({EventOf("a", ahead), EventOf("b", 5)});
  {
    auto relay = Start();
    ASSERT_TRUE(Drained(*relay));
  }
  RevisionClock restored(clock_);
  RelayOptions options = Options();
  options.revisions = &restored;
  auto relay = Relay::Start(options);
  ASSERT_THAT(relay, IsOk());
  EXPECT_EQ(restored.Next(0), ahead + 1);
}

TEST_F(RelayTest, StopsSoonThoughKafkaIsAway) {
  auto relay = Start();
  kafka_.Down();
  Add(Series(3));
  relay->Wake();
  const absl::Time begun = absl::Now();
  relay.reset();
  EXPECT_LT(absl::Now() - begun, absl::Seconds(4));
}

TEST_F(RelayTest, StopsSoonThoughItLooksBackIntoAKafkaThatIsAway) {
  RelayOptions options = Options();
  options.connection.brokers = "127.0.0.1:1";
  std::stop_source stop;
  auto look_back = LookBack::Open(options.connection, stop.get_token());
  ASSERT_THAT(look_back, IsOk());
  std::thread stopping([&stop] {
    absl::SleepFor(absl::Milliseconds(500));
    stop.request_stop();
  });
  const absl::Time begun = absl::Now();
  EXPECT_THAT(look_back->GreatestRevision({kTopic}), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_LT(absl::Now() - begun, absl::Seconds(4));
  stopping.join();
}

TEST_F(RelayTest, GivesUpItsStartWhenItIsToldTo) {
  RelayOptions options = Options();
  options.connection.brokers = "127.0.0.1:1";
  std::stop_source stop;
  options.stop = stop.get_token();
  const absl::Time begun = absl::Now();
  std::thread starting(
      [&] { EXPECT_THAT(Relay::Start(options), testing::StatusIs(absl::StatusCode::kCancelled)); });
  stop.request_stop();
  starting.join();
  EXPECT_LT(absl::Now() - begun, absl::Seconds(4)) << "as against fifteen";
}

TEST_F(RelayTest, SaysThatNoBrokerAnswers) {
  RelayOptions options = Options();
  options.connection.brokers = "127.0.0.1:1";
  EXPECT_THAT(
      EnsureTopics(options.connection, options.topics, absl::Seconds(1)),
      testing::StatusIs(absl::StatusCode::kUnavailable, ::testing::HasSubstr("127.0.0.1:1")));
}

}  // namespace
}  // namespace simpul::kafka
