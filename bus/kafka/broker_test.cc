// What only a real broker has: topics and rights by the admin API, retention, times.
#include <set>

#include "bus/kafka/relay.h"
#include "bus/kafka/test_kafka.h"

namespace simpul::kafka {
namespace {

using ::simpul::testing::IsOk;
using ::simpul::testing::StatusIs;
using ::testing::HasSubstr;

constexpr absl::Duration kTimeout = absl::Seconds(15);

class BrokerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    store_ = OpenStore(store::FreshStore(store::Database::kSqlite));
    ASSERT_NE(store_, nullptr);
  }
  void CreateTopic(int partitions = 2) {
    ASSERT_THAT(EnsureTopics(admin_, {{topic_, partitions}}, kTimeout), IsOk());
  }
  std::unique_ptr<Relay> StartRelay() {
    auto relay = Relay::Start({.connection = admin_,
                               .store = store_.get(),
                               .part = "test",
                               .topics = {{topic_, 2}},
                               .revisions = &revisions_});
    EXPECT_THAT(relay, IsOk());
    return *std::move(relay);
  }
  static bool Drained(const Relay& relay) {
    return Eventually([&] { return relay.counts().pending == 0; });
  }
  std::unique_ptr<Reader> OpenReader() {
    auto reader = Reader::Open(admin_);
    EXPECT_THAT(reader, IsOk());
    return *std::move(reader);
  }
  void DeleteTo(int32_t partition, int64_t offset);
  void DeleteTopic();

  const Connection admin_ = BrokerConnection();
  const std::string topic_ = FreshName("broker_test");
  std::unique_ptr<store::Store> store_;
  RevisionClock revisions_{Clock::System()};
};

// As retention does.
void BrokerTest::DeleteTo(int32_t partition, int64_t offset) {
  auto client = NewClient(RD_KAFKA_PRODUCER, admin_, {});
  ASSERT_THAT(client, IsOk());
  const PartitionList list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), partition)->offset = offset;
  rd_kafka_DeleteRecords_t* request = rd_kafka_DeleteRecords_new(list.get());
  const Queue queue(rd_kafka_queue_new(client->get()));
  rd_kafka_DeleteRecords(client->get(), &request, 1, nullptr, queue.get());
  const ClientEvent event(rd_kafka_queue_poll(queue.get(), 10'000));
  rd_kafka_DeleteRecords_destroy(request);
  ASSERT_NE(event, nullptr);
  ASSERT_EQ(rd_kafka_event_error(event.get()), RD_KAFKA_RESP_ERR_NO_ERROR);
}

void BrokerTest::DeleteTopic() {
  auto client = NewClient(RD_KAFKA_PRODUCER, admin_, {});
  ASSERT_THAT(client, IsOk());
  rd_kafka_DeleteTopic_t* request = rd_kafka_DeleteTopic_new(topic_.c_str());
  const Queue queue(rd_kafka_queue_new(client->get()));
  rd_kafka_DeleteTopics(client->get(), &request, 1, nullptr, queue.get());
  const ClientEvent event(rd_kafka_queue_poll(queue.get(), 10'000));
  rd_kafka_DeleteTopic_destroy(request);
  ASSERT_NE(event, nullptr);
  ASSERT_EQ(rd_kafka_event_error(event.get()), RD_KAFKA_RESP_ERR_NO_ERROR);
  auto reader = OpenReader();
  ASSERT_TRUE(Eventually([&] { return !reader->Partitions(topic_, kTimeout).ok(); }));
}

TEST_F(BrokerTest, CreatesATopicOnceAndLeavesWhatIsThere) {
  CreateTopic(3);
  EXPECT_THAT(EnsureTopics(admin_, {{topic_, 5}}, kTimeout), IsOk());
  EXPECT_EQ(OpenReader()->Partitions(topic_, kTimeout).value(), 3);
  EXPECT_THAT(OpenReader()->Partitions(topic_ + ".none", kTimeout),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(BrokerTest, WhoHasNoGrantIsDeniedAndWhoGetsOneMay) {
  const Connection wifi = BrokerConnection("service/wifi");
  EXPECT_THAT(EnsureTopics(wifi, {{topic_, 2}}, kTimeout),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr(topic_)));
  using Resource = Grant::Resource;
  using Operation = Grant::Operation;
  const std::vector<Grant> grants = {
      {"User:service/wifi", Resource::kTopic, topic_, false, Operation::kCreate},
      {"User:service/wifi", Resource::kTopic, topic_, false, Operation::kWrite},
      {"User:service/wifi", Resource::kTopic, topic_, false, Operation::kRead},
  };
  ASSERT_THAT(EnsureGrants(admin_, grants, kTimeout), IsOk());
  ASSERT_THAT(EnsureGrants(admin_, grants, kTimeout), IsOk()) << "those that stand are left";
  ASSERT_TRUE(Eventually([&] { return EnsureTopics(wifi, {{topic_, 2}}, kTimeout).ok(); }));
  ASSERT_THAT(Append(*store_, topic_, {EventOf("a", 1)}), IsOk());
  auto relay = Relay::Start(
      {.connection = wifi, .store = store_.get(), .part = "wifi", .topics = {{topic_, 2}}});
  ASSERT_THAT(relay, IsOk());
  EXPECT_TRUE(Drained(**relay));
  EXPECT_THAT(AllIdsOn(wifi, topic_), ::testing::ElementsAre("a@1"));
}

TEST_F(BrokerTest, ACertificateThatIsNoneIsToldAtOnce) {
  Connection broken = admin_;
  broken.certificate = "/nonexistent/tls.crt";
  EXPECT_THAT(Reader::Open(broken), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(BrokerTest, DoublesNothingThatWasAcknowledgedAndNotMarked) {
  std::vector<Event> events;
  std::vector<std::string> ids;
  for (int i = 1; i <= 3000; ++i) {
    events.push_back(EventOf("a", i));
    ids.push_back(events.back().id);
  }
  ASSERT_THAT(Append(*store_, topic_, events), IsOk());
  {
    ASSERT_TRUE(Drained(*StartRelay()));
  }
  // As after a kill between Kafka's acknowledgement and the mark.
  ASSERT_THAT(store_->Transact([](store::Transaction& t) {
    return t.Execute("INSERT INTO outbox_unsent (seq) SELECT seq FROM outbox WHERE seq > 40")
        .status();
  }),
              IsOk());
  ASSERT_THAT(Append(*store_, topic_, {EventOf("a", 3001)}), IsOk());
  ids.push_back("a@3001");
  {
    ASSERT_TRUE(Drained(*StartRelay()));
  }
  EXPECT_EQ(AllIdsOn(admin_, topic_), ids);
}

TEST_F(BrokerTest, TheReaderFindsTimesAndOffsets) {
  CreateTopic(1);
  TestProducer producer(admin_);
  producer.Send(topic_, EventOf("a", 1));
  producer.Flush();
  auto reader = OpenReader();
  ASSERT_THAT(reader->Assign({{topic_, 0, 0}}), IsOk());
  auto first = reader->Next(kTimeout);
  ASSERT_THAT(first, IsOk());
  ASSERT_TRUE(first->has_value());
  const absl::Time time = (*first)->timestamp;
  ASSERT_TRUE(Eventually([&] { return absl::Now() > time + absl::Milliseconds(2); }));
  producer.Send(topic_, EventOf("a", 2));
  producer.SendBare(topic_, "k", "no event");
  producer.Flush();
  EXPECT_EQ(reader->OffsetAt(topic_, 0, time, kTimeout).value(), 0);
  EXPECT_EQ(reader->OffsetAt(topic_, 0, time + absl::Milliseconds(1), kTimeout).value(), 1);
  EXPECT_EQ(reader->OffsetAt(topic_, 0, absl::Now() + absl::Hours(1), kTimeout).value(), 3);
  EXPECT_EQ((*reader->Next(kTimeout))->event.id, "a@2");
  EXPECT_THAT(reader->Next(kTimeout), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_FALSE(reader->Next(absl::Milliseconds(300)).value().has_value());
  const Watermarks marks = reader->GetWatermarks(topic_, 0, kTimeout).value();
  EXPECT_EQ(marks.low, 0);
  EXPECT_EQ(marks.high, 3);
  DeleteTo(0, 2);
  ASSERT_THAT(reader->Assign({{topic_, 0, 1}}), IsOk());
  EXPECT_THAT(reader->Next(kTimeout), StatusIs(absl::StatusCode::kOutOfRange));
}

class ConsumerAtItsLimits : public BrokerTest {
 protected:
  void SetUp() override {
    BrokerTest::SetUp();
    CreateTopic(1);
    producer_ = std::make_unique<TestProducer>(admin_);
  }
  void Send(int from, int to) {
    for (int i = from; i <= to; ++i) producer_->Send(topic_, EventOf("a", i));
    producer_->Flush();
  }
  std::unique_ptr<Consumer> Start() { return Start({topic_}); }
  std::unique_ptr<Consumer> Start(std::vector<std::string> topics) {
    auto consumer = Consumer::Start(
        {.connection = admin_, .group = topic_, .store = store_.get(), .topics = std::move(topics)},
        [this](store::Transaction&, const Record&) -> absl::StatusOr<Outcome> {
          ++applied_;
          return Outcome::kDelivered;
        },
        nullptr);
    EXPECT_THAT(consumer, IsOk());
    return *std::move(consumer);
  }
  static Accounting Only(Consumer& consumer) {
    auto all = consumer.accounting();
    return all.ok() && all->size() == 1 ? all->front() : Accounting{};
  }

  std::unique_ptr<TestProducer> producer_;
  std::atomic<int> applied_{0};
};

TEST_F(ConsumerAtItsLimits, CountsWhatExpiredBeforeItWasRead) {
  Send(1, 10);
  {
    auto consumer = Start();
    ASSERT_TRUE(Eventually([&] { return Only(*consumer).delivered == 10; }));
  }
  Send(11, 30);
  DeleteTo(0, 25);
  auto consumer = Start();
  ASSERT_TRUE(Eventually([&] { return Only(*consumer).delivered == 15; }));
  const Accounting a = Only(*consumer);
  EXPECT_EQ(a.in, 30);
  EXPECT_EQ(a.expired, 15);
  EXPECT_EQ(a.pending, 0);
}

TEST_F(ConsumerAtItsLimits, ReadsATopicThatWasMadeAnewFromItsBeginning) {
  Send(1, 10);
  {
    auto consumer = Start();
    ASSERT_TRUE(Eventually([&] { return Only(*consumer).delivered == 10; }));
  }
  DeleteTopic();
  CreateTopic(1);
  producer_ = std::make_unique<TestProducer>(admin_);
  Send(11, 15);
  auto consumer = Start();
  ASSERT_TRUE(Eventually([&] { return applied_ == 15; }));
  ASSERT_TRUE(Eventually([&] { return Only(*consumer).in == 5; }));
  EXPECT_EQ(Only(*consumer).delivered, 5);
}

// It is the same member of the group to Kafka, which would hand it the partitions it had before.
TEST_F(ConsumerAtItsLimits, StartedAgainForAnotherTopicReadsThatOne) {
  Send(1, 10);
  {
    auto consumer = Start();
    ASSERT_TRUE(Eventually([&] { return applied_ == 10; }));
  }
  const std::string other = topic_ + ".other";
  ASSERT_THAT(EnsureTopics(admin_, {{other, 1}}, kTimeout), IsOk());
  producer_->Send(other, EventOf("b", 1));
  producer_->Flush();
  auto consumer = Start({other});
  EXPECT_TRUE(Eventually([&] { return applied_ == 11; }));
}

TEST_F(ConsumerAtItsLimits, StartedBeforeThereWereTopicsIsTheSameMemberWhenItComesBack) {
  {
    auto consumer = Start({});
    EXPECT_TRUE(consumer->accounting().value().empty());
    consumer->SetTopics({topic_});
    Send(1, 10);
    ASSERT_TRUE(Eventually([&] { return applied_ == 10; }));
  }
  Send(11, 20);
  auto consumer = Start();
  // Kafka takes a member for dead after ten seconds.
  EXPECT_TRUE(Eventually([&] { return applied_ == 20; }, absl::Seconds(6)));
}

}  // namespace
}  // namespace simpul::kafka
