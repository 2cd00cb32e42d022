// Events per second from the outbox through Kafka into a consumer's store, beside what bounds them:
// a bare librdkafka loop that sends and reads the same records, and one fsync per batch. All in one
// run, in turns; the medians count. A round begins with the start of its clients and ends with its
// last event.
//
//   kafka_bench [events [bytes [rounds]]]    on SIMPUL_TEST_KAFKA; SQLite in TEST_TMPDIR, and
//                                            SIMPUL_TEST_POSTGRES, if that is set
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <utility>
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

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// One thing measured in every round.
struct Series {
  std::string what;
  std::vector<double> rates;   // events per second
  std::vector<double> cpu_us;  // of this process, for an event
  std::vector<double> starts;  // seconds until the first event, where it is looked at

  double Print() const {
    const double rate = Median(rates);
    std::printf("%-56s %9.0f events/s (least %9.0f) %7.2f us CPU each\n", what.c_str(), rate,
                *std::min_element(rates.begin(), rates.end()), Median(cpu_us));
    if (!starts.empty()) std::printf("  the first one after %.2f s\n", Median(starts));
    return rate;
  }
};

// What runs in its life, measured for one round.
class Timed {
 public:
  Timed(Series& series, size_t events) : series_(series), events_(static_cast<double>(events)) {}
  ~Timed() { End(); }
  // What comes after does not count.
  void End() {
    if (std::exchange(ended_, true)) return;
    const double seconds = absl::ToDoubleSeconds(absl::Now() - begun_);
    series_.rates.push_back(events_ / seconds);
    series_.cpu_us.push_back((CpuSeconds() - cpu_) * 1e6 / events_);
  }

 private:
  Series& series_;
  const double events_;
  bool ended_ = false;
  const absl::Time begun_ = absl::Now();
  const double cpu_ = CpuSeconds();
};

Event BenchEvent(size_t i, size_t bytes) {
  return EventOf(absl::StrCat("departments/bench/sessions/", i), 1'764'000'000'000'000,
                 std::string(bytes, 'x'));
}

// The headers of any event; their content differs in a few bytes.
rd_kafka_headers_t* BenchHeaders(size_t bytes) {
  rd_kafka_headers_t* headers = rd_kafka_headers_new(10);
  for (const auto& [name, value] : ToHeaders(BenchEvent(0, bytes))) {
    rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                        static_cast<ssize_t>(value.size()));
  }
  return headers;
}

void BareProduce(const std::string& topic, size_t events, size_t bytes) {
  auto client = NewClient(RD_KAFKA_PRODUCER, BrokerConnection(),
                          {{"enable.idempotence", "true"},
                           {"linger.ms", "5"},
                           {"queue.buffering.max.messages", "1000000"},
                           {"queue.buffering.max.kbytes", "1048576"}});
  if (!client.ok()) std::abort();
  const std::string payload(bytes, 'x');
  rd_kafka_headers_t* headers = BenchHeaders(bytes);
  for (size_t i = 0; i < events; ++i) {
    const std::string key = absl::StrCat("departments/bench/sessions/", i);
    rd_kafka_headers_t* copy = rd_kafka_headers_copy(headers);
    while (rd_kafka_producev(client->get(), RD_KAFKA_V_TOPIC(topic.c_str()),
                             RD_KAFKA_V_KEY(key.data(), key.size()),
                             RD_KAFKA_V_VALUE(const_cast<char*>(payload.data()), payload.size()),
                             RD_KAFKA_V_HEADERS(copy), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                             RD_KAFKA_V_END) == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      rd_kafka_poll(client->get(), 1);
    }
  }
  rd_kafka_flush(client->get(), 60'000);
  rd_kafka_headers_destroy(headers);
}

void BareConsume(const std::string& topic, size_t events, Timed& timed) {
  auto client = NewClient(RD_KAFKA_CONSUMER, BrokerConnection(),
                          {{"group.id", FreshName("bench")}, {"auto.offset.reset", "earliest"}});
  if (!client.ok()) std::abort();
  rd_kafka_poll_set_consumer(client->get());
  const PartitionList list(rd_kafka_topic_partition_list_new(kPartitions));
  for (int i = 0; i < kPartitions; ++i) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), i)->offset = 0;
  }
  rd_kafka_assign(client->get(), list.get());
  for (size_t got = 0; got < events;) {
    const Message message(rd_kafka_consumer_poll(client->get(), 100));
    if (message != nullptr && message->err == RD_KAFKA_RESP_ERR_NO_ERROR) ++got;
  }
  timed.End();
}

std::string MakeTopic() {
  std::string topic = FreshName("bench");
  if (!EnsureTopics(BrokerConnection(), {{topic, kPartitions}}, absl::Seconds(20)).ok()) {
    std::abort();
  }
  return topic;
}

void Bare(Series& series, size_t events, size_t bytes) {
  const std::string topic = MakeTopic();
  Timed timed(series, events);
  std::thread consuming([&] { BareConsume(topic, events, timed); });
  BareProduce(topic, events, bytes);
  consuming.join();
}

void FsyncPerBatch(Series& series, size_t events, size_t bytes) {
  const char* folder = std::getenv("TEST_TMPDIR");
  const std::string path =
      absl::StrCat(folder == nullptr ? "/var/tmp" : folder, "/kafka_bench.", getpid());
  const int fd = open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  const std::string batch(kBatch * (bytes + 300), 'x');  // the payload, the key and the headers
  {
    const Timed timed(series, events);
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
  while (QueryInt(store, "SELECT COUNT(*) FROM (SELECT 1 FROM outbox_unsent LIMIT 1) AS waiting") >
         0) {
    absl::SleepFor(absl::Milliseconds(20));
  }
}

// The effect of an event is one row.
absl::StatusOr<Outcome> ApplyBenchEvent(store::Transaction& transaction, const Record& record) {
  auto status = transaction.Write(
      "INSERT INTO effect (name, revision) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE"
      " SET revision = excluded.revision",
      {record.event.subject, int64_t{1}});
  if (!status.ok()) return status;
  return Outcome::kDelivered;
}

void Ours(store::Database database, Series& append, Series& through, size_t events, size_t bytes) {
  auto writer = OpenStore(store::FreshStore(database));
  auto reader = OpenStore(store::FreshStore(database));
  if (!store::Migrate(*reader, "effect", kEffects).ok()) std::abort();
  const std::string topic = MakeTopic();
  {
    const Timed timed(append, events);
    AppendAll(*writer, topic, events, bytes);
  }
  std::atomic<size_t> applied{0};
  const absl::Time begun = absl::Now();
  Timed timed(through, events);
  const auto relay = Relay::Start({.connection = BrokerConnection(),
                                   .store = writer.get(),
                                   .part = "bench",
                                   .topics = {{topic, kPartitions}}});
  const auto consumer = Consumer::Start(
      {.connection = BrokerConnection(), .group = topic, .store = reader.get(), .topics = {topic}},
      [&](store::Transaction& transaction, const Record& record) {
        if (++applied == 1) through.starts.push_back(absl::ToDoubleSeconds(absl::Now() - begun));
        return ApplyBenchEvent(transaction, record);
      },
      nullptr);
  if (!relay.ok() || !consumer.ok()) std::abort();
  Eventually([&] { return applied >= events; }, absl::Minutes(5));
  AwaitSent(*writer);
  timed.End();
}

// The effects alone, in transactions as large as the consumer's: what the database bounds.
void EffectsAlone(store::Database database, Series& series, size_t events) {
  auto store = OpenStore(store::FreshStore(database));
  if (!store::Migrate(*store, "effect", kEffects).ok()) std::abort();
  Record record;
  const Timed timed(series, events);
  for (size_t i = 0; i < events; i += kBatch) {
    const absl::Status status = store->Transact([&](store::Transaction& t) -> absl::Status {
      for (size_t j = i; j < i + kBatch; ++j) {
        record.event.subject = absl::StrCat("departments/bench/sessions/", j);
        if (auto s = ApplyBenchEvent(t, record); !s.ok()) return s.status();
      }
      return absl::OkStatus();
    });
    if (!status.ok()) std::abort();
  }
}

// All of it that depends on the database.
struct OfDatabase {
  explicit OfDatabase(store::Database d)
      : database(d),
        append{absl::StrCat(store::NameOf(d), ": append to the outbox, 1000 a transaction")},
        effects{absl::StrCat(store::NameOf(d), ": the consumer's effects alone")},
        through{absl::StrCat(store::NameOf(d), ": outbox -> Kafka -> consumer's store")} {}

  void Round(size_t events, size_t bytes) {
    EffectsAlone(database, effects, events);
    Ours(database, append, through, events, bytes);
  }

  const store::Database database;
  Series append;
  Series effects;
  Series through;
};

}  // namespace
}  // namespace simpul::kafka

int main(int argc, char** argv) {
  using simpul::kafka::Series;
  const size_t events = argc > 1 ? std::strtoul(argv[1], nullptr, 10) / 1000 * 1000 : 100'000;
  const size_t bytes = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 300;
  const size_t rounds = argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 5;
  simpul::observe::SetMinimumSeverity(simpul::observe::Severity::kError);
  Series bare{"bare librdkafka: produce and consume at once"};
  Series fsync{"one write and fsync per 1000 events"};
  std::vector<simpul::kafka::OfDatabase> databases;
  databases.emplace_back(simpul::store::Database::kSqlite);
  if (std::getenv("SIMPUL_TEST_POSTGRES") != nullptr) {
    databases.emplace_back(simpul::store::Database::kPostgres);
  }
  for (size_t i = 0; i < rounds; ++i) {
    simpul::kafka::Bare(bare, events, bytes);
    simpul::kafka::FsyncPerBatch(fsync, events, bytes);
    for (auto& of : databases) of.Round(events, bytes);
  }
  std::printf("%zu events of %zu bytes, %zu rounds, medians\n", events, bytes, rounds);
  const double floor = std::min(bare.Print(), fsync.Print());
  for (const auto& of : databases) {
    of.append.Print();
    of.effects.Print();
    std::printf("of the slower floor: %.0f %%\n", 100 * of.through.Print() / floor);
  }
  return 0;
}
