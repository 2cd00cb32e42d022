// What the tests of this folder share: stores with our tables, events, librdkafka's mock cluster,
// and waiting for what comes.
#ifndef SIMPUL_BUS_KAFKA_TEST_KAFKA_H_
#define SIMPUL_BUS_KAFKA_TEST_KAFKA_H_

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bus/kafka/client.h"
#include "bus/kafka/consumer.h"
#include "bus/kafka/outbox.h"
#include "bus/kafka/reader.h"
#include "bus/store/store.h"
#include "bus/store/test_store.h"
#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"

namespace simpul::kafka {

// A store with the tables of outbox and consumer.
inline std::unique_ptr<store::Store> OpenStore(const store::StoreOptions& options) {
  EXPECT_NE(options.url, "") << store::kNoPostgres;
  auto opened = store::Store::Open(options);
  EXPECT_THAT(opened, testing::IsOk());
  if (!opened.ok()) return nullptr;
  EXPECT_THAT(store::Migrate(**opened, "outbox", OutboxMigrations()), testing::IsOk());
  EXPECT_THAT(store::Migrate(**opened, "consumer", ConsumerMigrations()), testing::IsOk());
  return *std::move(opened);
}

inline Event EventOf(const std::string& subject, int64_t revision, std::string data = "data") {
  return {.id = EventId(subject, revision),
          .source = "//simpul/service/test",
          .type = "simpul.test.v1.ThingEvent",
          .subject = subject,
          .time = absl::Now(),
          .dataschema = "urn:simpul:contract:00",
          .data = std::move(data)};
}

inline absl::Status Append(store::Store& store, const std::string& topic,
                           const std::vector<Event>& events) {
  return store.Transact([&](store::Transaction& t) -> absl::Status {
    for (const Event& event : events) {
      if (auto s = AppendToOutbox(t, topic, event); !s.ok()) return s;
    }
    return absl::OkStatus();
  });
}

inline int64_t QueryInt(store::Store& store, std::string_view sql) {
  int64_t value = -1;
  EXPECT_THAT(store.Read([&](store::Transaction& t) {
    return t.Query(sql, {}, [&](const store::Row& row) {
      value = row.Int(0);
      return absl::OkStatus();
    });
  }),
              testing::IsOk());
  return value;
}

// Whether `condition` comes true in time.
inline bool Eventually(const std::function<bool()>& condition,
                       absl::Duration limit = absl::Seconds(20)) {
  const absl::Time deadline = absl::Now() + limit;
  while (!condition()) {
    if (absl::Now() > deadline) return false;
    absl::SleepFor(absl::Milliseconds(2));
  }
  return true;
}

// The IDs on a topic, by partition, read from the beginning to the end there is now.
inline std::vector<std::vector<std::string>> IdsOn(const Connection& connection,
                                                   const std::string& topic) {
  std::vector<std::vector<std::string>> ids;
  auto reader = Reader::Open(connection);
  EXPECT_THAT(reader, testing::IsOk());
  auto partitions = (*reader)->Partitions(topic, absl::Seconds(10));
  EXPECT_THAT(partitions, testing::IsOk());
  if (!partitions.ok()) return ids;
  ids.resize(static_cast<size_t>(*partitions));
  std::vector<Reader::Position> positions;
  int64_t left = 0;
  for (int32_t p = 0; p < *partitions; ++p) {
    auto marks = (*reader)->GetWatermarks(topic, p, absl::Seconds(10));
    EXPECT_THAT(marks, testing::IsOk());
    positions.push_back({topic, p, marks->low});
    left += marks->high - marks->low;
  }
  EXPECT_THAT((*reader)->Assign(positions), testing::IsOk());
  const absl::Time deadline = absl::Now() + absl::Seconds(20);
  while (left > 0 && absl::Now() < deadline) {
    auto next = (*reader)->Next(absl::Milliseconds(100));
    if (absl::IsDataLoss(next.status())) --left;
    if (!next.ok() || !next->has_value()) continue;
    ids[static_cast<size_t>((*next)->partition)].push_back((*next)->event.id);
    --left;
  }
  EXPECT_EQ(left, 0) << "the topic was not read to its end";
  return ids;
}

inline std::vector<std::string> AllIdsOn(const Connection& connection, const std::string& topic) {
  std::vector<std::string> all;
  for (const auto& partition : IdsOn(connection, topic)) {
    all.insert(all.end(), partition.begin(), partition.end());
  }
  return all;
}

// The real broker of the environment, as `identity` ("operator/admin" may do anything).
inline Connection BrokerConnection(const std::string& identity = "operator/admin") {
  const char* brokers = std::getenv("SIMPUL_TEST_KAFKA");
  const char* certs = std::getenv("SIMPUL_TEST_CERTS");
  EXPECT_TRUE(brokers != nullptr && certs != nullptr)
      << "SIMPUL_TEST_KAFKA or SIMPUL_TEST_CERTS is not set: run it by tests/with-peers";
  if (brokers == nullptr || certs == nullptr) return {};
  const std::string folder = absl::StrCat(certs, "/", identity, "/");
  return {.brokers = brokers,
          .ca = folder + "ca.crt",
          .certificate = folder + "tls.crt",
          .key = folder + "tls.key",
          .client_id = "test"};
}

// A topic or group that no other test has.
inline std::string FreshName(const std::string& stem) {
  static std::atomic<int> count{0};
  return absl::StrCat(stem, ".", absl::ToUnixMicros(absl::Now()), ".", count.fetch_add(1));
}

// Sends records as any Kafka client does.
class TestProducer {
 public:
  explicit TestProducer(const Connection& connection) {
    auto client = NewClient(RD_KAFKA_PRODUCER, connection,
                            {{"enable.idempotence", "true"}, {"partitioner", "murmur2_random"}});
    EXPECT_THAT(client, testing::IsOk());
    if (client.ok()) client_ = *std::move(client);
  }

  void Send(const std::string& topic, const Event& event) {
    rd_kafka_headers_t* headers = rd_kafka_headers_new(10);
    for (const auto& [name, value] : ToHeaders(event)) {
      rd_kafka_header_add(headers, name.data(), -1, value.data(),
                          static_cast<ssize_t>(value.size()));
    }
    EXPECT_EQ(
        rd_kafka_producev(client_.get(), RD_KAFKA_V_TOPIC(topic.c_str()),
                          RD_KAFKA_V_KEY(event.subject.data(), event.subject.size()),
                          RD_KAFKA_V_VALUE(const_cast<char*>(event.data.data()), event.data.size()),
                          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_HEADERS(headers),
                          RD_KAFKA_V_END),
        RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  // A record without headers.
  void SendBare(const std::string& topic, std::string key, std::string value) {
    EXPECT_EQ(rd_kafka_producev(client_.get(), RD_KAFKA_V_TOPIC(topic.c_str()),
                                RD_KAFKA_V_KEY(key.data(), key.size()),
                                RD_KAFKA_V_VALUE(value.data(), value.size()),
                                RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END),
              RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  void Flush() { EXPECT_EQ(rd_kafka_flush(client_.get(), 10'000), RD_KAFKA_RESP_ERR_NO_ERROR); }

 private:
  Client client_;
};

// A cluster of one broker in this process. Plaintext, no admin API: topics are made by Create.
class MockKafka {
 public:
  MockKafka() {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    char text[256];
    rd_kafka_conf_set(conf, "log_level", "0", text, sizeof(text));
    client_.reset(rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text)));
    cluster_ = rd_kafka_mock_cluster_new(client_.get(), 1);
  }
  ~MockKafka() { rd_kafka_mock_cluster_destroy(cluster_); }
  MockKafka(const MockKafka&) = delete;

  Connection connection() const {
    return {.brokers = rd_kafka_mock_cluster_bootstraps(cluster_), .client_id = "test"};
  }
  void Create(const std::string& topic, int partitions) {
    rd_kafka_mock_topic_create(cluster_, topic.c_str(), partitions, 1);
  }
  // The next produce requests fail so.
  void FailProduce(const std::vector<rd_kafka_resp_err_t>& errors) {
    constexpr int16_t kProduce = 0;
    rd_kafka_mock_push_request_errors_array(cluster_, kProduce, errors.size(), errors.data());
  }
  void Down() { rd_kafka_mock_broker_set_down(cluster_, -1); }
  void Up() { rd_kafka_mock_broker_set_up(cluster_, -1); }

 private:
  Client client_;
  rd_kafka_mock_cluster_t* cluster_;
};

}  // namespace simpul::kafka

#endif  // SIMPUL_BUS_KAFKA_TEST_KAFKA_H_
