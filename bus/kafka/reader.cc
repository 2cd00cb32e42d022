// A librdkafka consumer with partitions assigned by hand: no group is joined, nothing is committed.
#include "bus/kafka/reader.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "bus/kafka/client.h"
#include "bus/kafka/offsets.h"
#include "bus/observe/log.h"

namespace simpul::kafka {
namespace {

class KafkaReader : public Reader {
 public:
  explicit KafkaReader(Client client) : client_(std::move(client)) {}

  absl::StatusOr<int> Partitions(const std::string& topic, absl::Duration timeout) override {
    return CountPartitions(client_.get(), topic, timeout);
  }
  absl::StatusOr<Watermarks> GetWatermarks(const std::string& topic, int32_t partition,
                                           absl::Duration timeout) override {
    return QueryWatermarks(client_.get(), topic, partition, timeout);
  }
  absl::StatusOr<int64_t> OffsetAt(const std::string& topic, int32_t partition, absl::Time time,
                                   absl::Duration timeout) override {
    return QueryOffsetAt(client_.get(), topic, partition, time, timeout);
  }
  absl::Status Assign(const std::vector<Position>& positions) override;
  absl::StatusOr<std::optional<Record>> Next(absl::Duration timeout) override;

 private:
  const Client client_;
};

absl::Status KafkaReader::Assign(const std::vector<Position>& positions) {
  const PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(positions.size())));
  for (const Position& position : positions) {
    rd_kafka_topic_partition_list_add(list.get(), position.topic.c_str(), position.partition)
        ->offset = position.offset;
  }
  return ToStatus(rd_kafka_assign(client_.get(), list.get()), "assignment");
}

absl::StatusOr<std::optional<Record>> KafkaReader::Next(absl::Duration timeout) {
  const Message message(rd_kafka_consumer_poll(client_.get(), Milliseconds(timeout)));
  if (message == nullptr) return std::nullopt;
  const std::string topic = message->rkt == nullptr ? "" : rd_kafka_topic_name(message->rkt);
  switch (message->err) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
      break;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
      return absl::OutOfRangeError(
          absl::StrCat("the position in topic ", topic, " is no longer kept"));
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
      return ToStatus(message->err, absl::StrCat("topic ", topic));
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
      return std::nullopt;  // the group's name is a formality here
    default:
      observe::Log(observe::Severity::kWarning, "kafka", "a reader waits for Kafka",
                   {{"topic", topic}, {"error", rd_kafka_err2name(message->err)}});
      return std::nullopt;
  }
  Record record;
  if (auto s = ReadRecord(*message, record); !s.ok()) return absl::DataLossError(s.message());
  return record;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Reader>> Reader::Open(const Connection& connection,
                                                     int partition_fetch_bytes) {
  auto client = NewClient(
      RD_KAFKA_CONSUMER, connection,
      {// librdkafka wants a name, though no group is joined.
       {"group.id", connection.client_id.empty() ? std::string("reader") : connection.client_id},
       {"enable.auto.commit", "false"},
       {"auto.offset.reset", "error"},
       {"fetch.wait.max.ms", "100"},
       {"max.partition.fetch.bytes", std::to_string(partition_fetch_bytes)},
       {"queued.max.messages.kbytes", "16384"}});
  if (!client.ok()) return client.status();
  rd_kafka_poll_set_consumer(client->get());
  return std::make_unique<KafkaReader>(*std::move(client));
}

}  // namespace simpul::kafka
