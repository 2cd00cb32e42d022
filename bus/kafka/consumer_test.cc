// The consumer on a real broker.
#include "bus/kafka/consumer.h"

#include <atomic>
#include <map>
#include <mutex>
#include <set>

#include "bus/kafka/relay.h"
#include "bus/kafka/test_kafka.h"

namespace simpul::kafka {
namespace {

using ::simpul::testing::IsOk;
using ::testing::ElementsAre;

constexpr store::Migration kEffects[] = {
    {1,
     "CREATE TABLE effect (seq {serial}, id TEXT NOT NULL UNIQUE);"
     "CREATE TABLE strict_effect (data TEXT NOT NULL CHECK (data <> 'bad'));"}};

class ConsumerTest : public ::testing::TestWithParam<store::Database> {
 protected:
  void SetUp() override {
    ASSERT_THAT(EnsureTopics(connection_, {{topic_, 3}}, absl::Seconds(10)), IsOk());
    store_ = OpenStore(store::FreshStore(GetParam()));
    ASSERT_NE(store_, nullptr);
    ASSERT_THAT(store::Migrate(*store_, "effect", kEffects), IsOk());
    producer_ = std::make_unique<TestProducer>(connection_);
  }

  void Produce(const Event& event) { producer_->Send(topic_, event); }
  void Flush() { producer_->Flush(); }

  static absl::StatusOr<Outcome> Record_(store::Transaction& t, const Record& record) {
    auto inserted = t.Execute("INSERT INTO effect (id) VALUES ($1) ON CONFLICT (id) DO NOTHING",
                              {record.event.id});
    if (!inserted.ok()) return inserted.status();
    return *inserted == 1 ? Outcome::kDelivered : Outcome::kDuplicate;
  }

  std::unique_ptr<Consumer> Start(Handler handler = Record_, std::string instance = "one") {
    auto consumer = Consumer::Start({.connection = connection_,
                                     .group = group_,
                                     .store = store_.get(),
                                     .topics = {topic_},
                                     .instance = std::move(instance)},
                                    std::move(handler), [this] { ++commits_; });
    EXPECT_THAT(consumer, IsOk());
    return *std::move(consumer);
  }
  bool Applied(int64_t count) {
    return Eventually([&] { return QueryInt(*store_, "SELECT COUNT(*) FROM effect") == count; });
  }
  // The sums over all partitions; checks that each balances.
  Accounting Sum(Consumer& consumer) {
    Accounting sum;
    auto all = consumer.accounting();
    EXPECT_THAT(all, IsOk());
    if (!all.ok()) return sum;
    for (const Accounting& a : *all) {
      EXPECT_EQ(a.in, a.delivered + a.parked + a.filtered + a.duplicate + a.expired + a.pending);
      sum.in += a.in;
      sum.delivered += a.delivered;
      sum.parked += a.parked;
      sum.filtered += a.filtered;
      sum.duplicate += a.duplicate;
      sum.expired += a.expired;
      sum.pending += a.pending;
    }
    return sum;
  }

  const Connection connection_ = BrokerConnection();
  const std::string topic_ = FreshName("consumer_test");
  const std::string group_ = FreshName("consumer_test");
  std::unique_ptr<TestProducer> producer_;
  std::unique_ptr<store::Store> store_;
  std::atomic<int> commits_{0};
};

INSTANTIATE_TEST_SUITE_P(Databases, ConsumerTest,
                         ::testing::Values(store::Database::kSqlite, store::Database::kPostgres),
                         [](const auto& info) { return store::NameOf(info.param); });

TEST_P(ConsumerTest, AppliesEachOnceInOrderPerSubject) {
  constexpr int kSubjects = 20, kRevisions = 100;
  for (int r = 1; r <= kRevisions; ++r) {
    for (int s = 0; s < kSubjects; ++s) Produce(EventOf(absl::StrCat("s", s), r));
  }
  Flush();
  std::map<std::string, int> last;
  auto consumer = Start([&](store::Transaction& t, const Record& record) {
    const int revision = std::stoi(record.event.id.substr(record.event.id.find('@') + 1));
    EXPECT_EQ(revision, ++last[record.event.subject]);
    return Record_(t, record);
  });
  ASSERT_TRUE(Applied(kSubjects * kRevisions));
  const Accounting sum = Sum(*consumer);
  EXPECT_EQ(sum.in, kSubjects * kRevisions);
  EXPECT_EQ(sum.delivered, kSubjects * kRevisions);
  EXPECT_GE(commits_, 2);
  EXPECT_LT(commits_, kSubjects * kRevisions / 5) << "records are applied in batches";
}

TEST_P(ConsumerTest, GoesOnAtTheStoredOffset) {
  for (int i = 1; i <= 10; ++i) Produce(EventOf(absl::StrCat("s", i), 1));
  Flush();
  {
    auto consumer = Start();
    ASSERT_TRUE(Applied(10));
  }
  for (int i = 1; i <= 10; ++i) Produce(EventOf(absl::StrCat("s", i), 2));
  Flush();
  auto consumer = Start();
  ASSERT_TRUE(Applied(20));
  const Accounting sum = Sum(*consumer);
  EXPECT_EQ(sum.delivered, 20);
  EXPECT_EQ(sum.duplicate, 0) << "what was applied was read again";
}

TEST_P(ConsumerTest, ParksWhatTheStoreRefusesThoughItTellsSoLate) {
  for (int i = 1; i <= 100; ++i) Produce(EventOf("a", i, i == 37 || i == 100 ? "bad" : "good"));
  Flush();
  auto consumer = Start([](store::Transaction& t, const Record& record) -> absl::StatusOr<Outcome> {
    auto s = t.Write("INSERT INTO strict_effect (data) VALUES ($1)", {record.event.data});
    if (!s.ok()) return s;
    return Outcome::kDelivered;
  });
  ASSERT_TRUE(Eventually([&] { return Sum(*consumer).parked == 2; }));
  EXPECT_EQ(Sum(*consumer).delivered, 98);
  EXPECT_EQ(QueryInt(*store_, "SELECT COUNT(*) FROM strict_effect"), 98);
  EXPECT_EQ(QueryInt(*store_, "SELECT COUNT(*) FROM parked WHERE length(payload) = 3"), 2);
}

TEST_P(ConsumerTest, ParksWhatTheHandlerRefusesAndWhatIsNoEvent) {
  Produce(EventOf("a", 1));
  Produce(EventOf("a", 2, "bad"));
  Produce(EventOf("a", 3));
  producer_->SendBare(topic_, "k", "what");
  Produce(EventOf("a", 4));
  Flush();
  auto consumer = Start([](store::Transaction& t, const Record& record) -> absl::StatusOr<Outcome> {
    auto outcome = Record_(t, record);  // its effect must not stay
    if (record.event.data == "bad") return absl::DataLossError("the field start_time is no time");
    return outcome;
  });
  ASSERT_TRUE(Applied(3));
  ASSERT_TRUE(Eventually([&] { return Sum(*consumer).pending == 0; }));
  const Accounting sum = Sum(*consumer);
  EXPECT_EQ(sum.in, 5);
  EXPECT_EQ(sum.delivered, 3);
  EXPECT_EQ(sum.parked, 2);
  EXPECT_EQ(QueryInt(*store_, "SELECT COUNT(*) FROM parked"), 2);
  EXPECT_THAT(store_->Read([](store::Transaction& t) {
    return t.Query(
        "SELECT reason, payload, headers, record_key FROM parked WHERE reason LIKE 'DATA_LOSS%'",
        {}, [](const store::Row& row) {
          EXPECT_EQ(row.Text(0), "DATA_LOSS: the field start_time is no time");
          EXPECT_EQ(row.Bytes(1), "bad");
          EXPECT_THAT(std::string(row.Bytes(2)), ::testing::HasSubstr("5:ce_id,3:a@2,"));
          EXPECT_EQ(row.Bytes(3), "a");
          return absl::OkStatus();
        });
  }),
              IsOk());
}

TEST_P(ConsumerTest, TriesAgainWhatMayPass) {
  for (int i = 1; i <= 5; ++i) Produce(EventOf("a", i));
  Flush();
  std::atomic<int> failures{4};
  std::vector<std::string> seen;
  auto consumer =
      Start([&](store::Transaction& t, const Record& record) -> absl::StatusOr<Outcome> {
        if (record.event.id == "a@3" && failures-- > 0) return absl::UnavailableError("later");
        return Record_(t, record);
      });
  ASSERT_TRUE(Applied(5));
  for (int i = 6; i <= 10; ++i) Produce(EventOf("a", i));
  Flush();
  ASSERT_TRUE(Applied(10)) << "the flow goes on after the pause";
  const Accounting sum = Sum(*consumer);
  EXPECT_EQ(sum.delivered, 10);
  EXPECT_EQ(sum.parked + sum.duplicate, 0);
}

TEST_P(ConsumerTest, CountsFilteredAndDuplicate) {
  Produce(EventOf("a", 1));
  Produce(EventOf("a", 1));
  Produce(EventOf("b", 1));
  Flush();
  auto consumer = Start([](store::Transaction& t, const Record& record) -> absl::StatusOr<Outcome> {
    if (record.event.subject == "b") return Outcome::kFiltered;
    return Record_(t, record);
  });
  ASSERT_TRUE(Eventually([&] { return Sum(*consumer).pending == 0 && Sum(*consumer).in == 3; }));
  const Accounting sum = Sum(*consumer);
  EXPECT_EQ(sum.delivered, 1);
  EXPECT_EQ(sum.duplicate, 1);
  EXPECT_EQ(sum.filtered, 1);
}

// The group's say is not enough: a consumer that was thought dead may still have a batch in hand.
TEST_P(ConsumerTest, RollsBackWhatAnotherHasApplied) {
  for (int i = 1; i <= 3; ++i) Produce(EventOf("a", i));
  Flush();
  std::atomic<bool> stolen{false};
  std::atomic<int> calls{0};
  auto consumer =
      Start([&](store::Transaction& t, const Record& record) -> absl::StatusOr<Outcome> {
        ++calls;
        if (record.event.id == "a@3" && !stolen.exchange(true)) {
          // Somebody else stored the place behind a@2 first. On SQLite there is but one writer, so
          // it is written here; the update that follows in this transaction finds another offset
          // either way.
          auto s = t.Execute(
              "INSERT INTO consumer_offset (consumer_group, topic, partition_id, first_offset, "
              "next_offset,"
              " delivered, parked, filtered, duplicate, expired)"
              " VALUES ($3, $1, $2, 0, 2, 2, 0, 0, 0, 0) ON CONFLICT DO NOTHING",
              {record.topic, int64_t{record.partition}, group_});
          if (!s.ok()) return s.status();
        }
        return Record_(t, record);
      });
  ASSERT_TRUE(Applied(3));
  EXPECT_GT(calls, 3) << "the first try was rolled back";
  EXPECT_EQ(Sum(*consumer).delivered, 3);
}

TEST_P(ConsumerTest, ReadsTopicsThatComeLater) {
  const std::string late = FreshName("late");
  Produce(EventOf("a", 1));
  Flush();
  auto consumer = Start();
  ASSERT_TRUE(Applied(1));
  consumer->SetTopics({topic_, late});
  Produce(EventOf("a", 2));
  Flush();
  ASSERT_TRUE(Applied(2));
  ASSERT_THAT(EnsureTopics(connection_, {{late, 2}}, absl::Seconds(10)), IsOk());
  producer_->Send(late, EventOf("b", 1));
  Flush();
  ASSERT_TRUE(Applied(3));
}

// The first to use the name loses it and goes on without one.
TEST_P(ConsumerTest, TwoOfOneInstanceNameShareTheWorkToo) {
  auto one = Start(Record_, "same");
  Produce(EventOf("a", 1));
  Flush();
  ASSERT_TRUE(Applied(1));
  auto two = Start(Record_, "same");
  for (int i = 0; i < 100; ++i) Produce(EventOf(absl::StrCat("s", i), 1));
  Flush();
  ASSERT_TRUE(Applied(101));
  EXPECT_EQ(Sum(*one).delivered, 101);
}

TEST_P(ConsumerTest, TwoShareTheWorkAndALeaverHandsOver) {
  auto one = Start(Record_, "one");
  auto two = Start(Record_, "two");
  for (int i = 0; i < 200; ++i) Produce(EventOf(absl::StrCat("s", i), 1));
  Flush();
  ASSERT_TRUE(Applied(200));
  two.reset();
  for (int i = 0; i < 200; ++i) Produce(EventOf(absl::StrCat("s", i), 2));
  Flush();
  ASSERT_TRUE(Eventually([&] { return QueryInt(*store_, "SELECT COUNT(*) FROM effect") == 400; },
                         absl::Seconds(40)));
  EXPECT_EQ(Sum(*one).delivered, 400);
}

TEST(ConsumerOnAMock, StopsSoonThoughKafkaIsAway) {
  MockKafka kafka;
  kafka.Create("t", 2);
  auto store = OpenStore(store::FreshStore(store::Database::kSqlite));
  std::atomic<int> applied{0};
  auto consumer = Consumer::Start(
      {.connection = kafka.connection(), .group = "g", .store = store.get(), .topics = {"t"}},
      [&](store::Transaction&, const Record&) -> absl::StatusOr<Outcome> {
        ++applied;
        return Outcome::kDelivered;
      },
      nullptr);
  ASSERT_THAT(consumer, IsOk());
  TestProducer producer(kafka.connection());
  producer.Send("t", EventOf("a", 1));
  producer.Flush();
  ASSERT_TRUE(Eventually([&] { return applied == 1; }));
  kafka.Down();
  const absl::Time begun = absl::Now();
  consumer->reset();
  EXPECT_LT(absl::Now() - begun, absl::Seconds(4));
}

}  // namespace
}  // namespace simpul::kafka
