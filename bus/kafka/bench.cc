// Events per second from outbox through Kafka into a consumer's store, beside what bounds them:
// bare librdkafka, and one fsync per batch.
//
//   kafka_bench [events [bytes]]    on SIMPUL_TEST_KAFKA; SQLite in TEST_TMPDIR
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "bus/kafka/relay.h"
#include "bus/kafka/test_kafka.h"
#include "bus/observe/log.h"

namespace simpul::kafka {
namespace {

constexpr int kPartitions = 6;
constexpr size_t kBatch = 1000;

double CpuSeconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Prints the rate of what runs in its life.
class Timed {
 public:
  Timed(const char* what, size_t events) : what_(what), events_(events) {}
  ~Timed() {
    const double seconds = absl::ToDoubleSeconds(absl::Now() - begun_);
    const auto events = static_cast<double>(events_);
    std::printf("%-44s %9.0f events/s %7.2f us CPU each\n", what_, events / seconds,
                (CpuSeconds() - cpu_) * 1e6 / events);
    std::fflush(stdout);
  }

 private:
  const char* const what_;
  const size_t events_;
  const absl::Time begun_ = absl::Now();
  const double cpu_ = CpuSeconds();
};

Event BenchEvent(size_t i, size_t bytes) {
  return EventOf(absl::StrCat("departments/bench/sessions/", i), 1'764'000'000'000'000,
                 std::string(bytes, 'x'));
}

void BareProduce(const std::string& topic, size_t events, size_t bytes) {
  auto client = NewClient(RD_KAFKA_PRODUCER, BrokerConnection(),
                          {{"enable.idempotence", "true"},
                           {"linger.ms", "5"},
                           {"queue.buffering.max.messages", "1000000"},
                           {"queue.buffering.max.kbytes", "1048576"}});
  if (!client.ok()) std::abort();
  const std::string payload(bytes, 'x');
  const Timed timed("bare librdkafka: produce", events);
  for (size_t i = 0; i < events; ++i) {
    const std::string key = absl::StrCat("departments/bench/sessions/", i);
    while (rd_kafka_producev(client->get(), RD_KAFKA_V_TOPIC(topic.c_str()),
                             RD_KAFKA_V_KEY(key.data(), key.size()),
                             RD_KAFKA_V_VALUE(const_cast<char*>(payload.data()), payload.size()),
                             RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                             RD_KAFKA_V_END) == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      rd_kafka_poll(client->get(), 1);
    }
  }
  rd_kafka_flush(client->get(), 60'000);
}

void BareConsume(const std::string& topic, size_t events) {
  auto client = NewClient(RD_KAFKA_CONSUMER, BrokerConnection(),
                          {{"group.id", FreshName("bench")}, {"auto.offset.reset", "earliest"}});
  if (!client.ok()) std::abort();
  rd_kafka_poll_set_consumer(client->get());
  const PartitionList list(rd_kafka_topic_partition_list_new(kPartitions));
  for (int i = 0; i < kPartitions; ++i) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), i)->offset = 0;
  }
  const Timed timed("bare librdkafka: consume", events);
  rd_kafka_assign(client->get(), list.get());
  for (size_t got = 0; got < events;) {
    const Message message(rd_kafka_consumer_poll(client->get(), 100));
    if (message != nullptr && message->err == RD_KAFKA_RESP_ERR_NO_ERROR) ++got;
  }
}

void FsyncPerBatch(size_t events, size_t bytes) {
  const char* folder = std::getenv("TEST_TMPDIR");
  const std::string path =
      absl::StrCat(folder == nullptr ? "/var/tmp" : folder, "/kafka_bench.", getpid());
  const int fd = open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  const std::string batch(kBatch * (bytes + 300), 'x');
  {
    const Timed timed("one write and fsync per 1000 events", events);
    for (size_t i = 0; i < events; i += kBatch) {
      if (write(fd, batch.data(), batch.size()) < 0 || fdatasync(fd) != 0) std::abort();
    }
  }
  close(fd);
  unlink(path.c_str());
}

void AppendAll(store::Store& store, const std::string& topic, size_t events, size_t bytes) {
  for (size_t i = 0; i < events; i += kBatch) {
    const absl::Status status = store.Transact([&](store::Transaction& t) -> absl::Status {
      for (size_t j = i; j < i + kBatch; ++j) {
        if (auto s = AppendToOutbox(t, topic, BenchEvent(j, bytes)); !s.ok()) return s;
      }
      return absl::OkStatus();
    });
    if (!status.ok()) std::abort();
  }
}

constexpr store::Migration kEffects[] = {
    {1, "CREATE TABLE effect (name TEXT PRIMARY KEY, revision BIGINT NOT NULL);"}};

// Asks seldom, so that asking costs nothing.
void AwaitSent(store::Store& store) {
  while (QueryInt(store,
                  "SELECT COUNT(*) FROM (SELECT 1 FROM outbox WHERE sent_at IS NULL"
                  " AND parked IS NULL LIMIT 1) AS some") > 0) {
    absl::SleepFor(absl::Milliseconds(20));
  }
}

void Ours(size_t events, size_t bytes) {
  auto writer = OpenStore(store::FreshStore(store::Database::kSqlite));
  auto reader = OpenStore(store::FreshStore(store::Database::kSqlite));
  if (!store::Migrate(*reader, "effect", kEffects).ok()) std::abort();
  const std::string topic = FreshName("bench");
  {
    const Timed timed("outbox: append, 1000 a transaction", events);
    AppendAll(*writer, topic, events, bytes);
  }
  const auto start_relay = [&] {
    return *Relay::Start({.connection = BrokerConnection(),
                          .store = writer.get(),
                          .part = "bench",
                          .topics = {{topic, kPartitions}}});
  };
  std::unique_ptr<Relay> relay;
  {
    const Timed timed("relay: outbox to Kafka, marked", events);
    relay = start_relay();
    AwaitSent(*writer);
  }
  std::atomic<size_t> applied{0};
  const auto start_consumer = [&](store::Store& store) {
    return *Consumer::Start(
        {.connection = BrokerConnection(), .group = topic, .store = &store, .topics = {topic}},
        [&](store::Transaction& t, const Record& record) -> absl::StatusOr<Outcome> {
          auto s = t.Execute(
              "INSERT INTO effect (name, revision) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE"
              " SET revision = excluded.revision",
              {record.event.subject, int64_t{1}});
          if (!s.ok()) return s.status();
          ++applied;
          return Outcome::kDelivered;
        },
        nullptr);
  };
  std::unique_ptr<Consumer> consumer;
  {
    const Timed timed("consumer: Kafka to store, one row each", events);
    consumer = start_consumer(*reader);
    Eventually([&] { return applied >= events; }, absl::Minutes(5));
  }
  applied = 0;
  {
    const Timed timed("all at once: append, relay, consume", events);
    for (size_t i = 0; i < events; i += kBatch) {
      const absl::Status status = writer->Transact([&](store::Transaction& t) -> absl::Status {
        for (size_t j = i; j < i + kBatch; ++j) {
          Event event = BenchEvent(j, bytes);
          event.id = EventId(event.subject, 1'764'000'000'000'001);
          if (auto s = AppendToOutbox(t, topic, event); !s.ok()) return s;
        }
        return absl::OkStatus();
      });
      if (!status.ok()) std::abort();
      relay->Wake();
    }
    Eventually([&] { return applied >= events; }, absl::Minutes(5));
  }
}

}  // namespace
}  // namespace simpul::kafka

int main(int argc, char** argv) {
  using simpul::kafka::FreshName;
  const size_t events = argc > 1 ? std::strtoul(argv[1], nullptr, 10) / 1000 * 1000 : 200'000;
  const size_t bytes = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 300;
  simpul::observe::SetMinimumSeverity(simpul::observe::Severity::kError);
  const std::string topic = FreshName("bench");
  if (!simpul::kafka::EnsureTopics(simpul::kafka::BrokerConnection(),
                                   {{topic, simpul::kafka::kPartitions}}, absl::Seconds(20))
           .ok()) {
    return 1;
  }
  std::printf("%zu events of %zu bytes\n", events, bytes);
  simpul::kafka::BareProduce(topic, events, bytes);
  simpul::kafka::BareConsume(topic, events);
  simpul::kafka::FsyncPerBatch(events, bytes);
  simpul::kafka::Ours(events, bytes);
  return 0;
}
