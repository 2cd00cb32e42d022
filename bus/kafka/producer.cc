#include "bus/kafka/producer.h"

#include <algorithm>
#include <string>

#include "absl/time/clock.h"
#include "bus/kafka/event_headers.h"
#include "bus/kafka/offsets.h"

namespace simpul::kafka {
namespace {

// A record's time is when it was produced, and never before its row was recorded: the look-back
// counts on that. A clock that ran ahead at recording is followed only as far as a broker allows.
int64_t TimestampOf(const OutboxRow& row) {
  const absl::Time now = absl::Now();
  return absl::ToUnixMillis(std::clamp(row.recorded, now, now + absl::Minutes(30)));
}

rd_kafka_resp_err_t Produce(rd_kafka_t* client, const std::string& topic, int32_t partition,
                            const Event& event, int64_t timestamp, Delivery* delivery) {
  rd_kafka_headers_t* headers = rd_kafka_headers_new(10);
  EachHeader(event, [&](const char* name, std::string_view value) {
    rd_kafka_header_add(headers, name, -1, value.data(), static_cast<ssize_t>(value.size()));
  });
  const rd_kafka_resp_err_t error = rd_kafka_producev(
      client, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(partition),
      RD_KAFKA_V_KEY(event.subject.data(), event.subject.size()),
      RD_KAFKA_V_VALUE(const_cast<char*>(event.data.data()), event.data.size()),
      RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_TIMESTAMP(timestamp),
      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_OPAQUE(delivery), RD_KAFKA_V_END);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) rd_kafka_headers_destroy(headers);
  return error;
}

void OnDelivery(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
  auto* delivery = static_cast<Delivery*>(message->_private);
  if (delivery == nullptr) return;
  delivery->error = message->err;
  delivery->reported = true;
}

}  // namespace

bool IsRefusal(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
      return true;
    default:
      return false;
  }
}

absl::StatusOr<Producer> Producer::Open(const Connection& connection, AfterRefusal after_refusal) {
  auto client = NewClient(
      RD_KAFKA_PRODUCER, connection,
      {{"enable.idempotence", "true"},
       {"acks", "all"},
       {"enable.gapless.guarantee", after_refusal == AfterRefusal::kStop ? "true" : "false"},
       {"message.timeout.ms", "0"},  // Kafka may be away for days: the outbox waits
       {"linger.ms", "2"},
       {"partitioner", "murmur2_random"},
       {"queue.buffering.max.kbytes", "65536"}},
      [](rd_kafka_conf_t* conf) { rd_kafka_conf_set_dr_msg_cb(conf, OnDelivery); });
  if (!client.ok()) return client.status();
  return Producer(*std::move(client));
}

// What is under way gets a moment, so that a look-back right after sees it.
Producer::~Producer() {
  if (client_ == nullptr) return;
  rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE);
  rd_kafka_flush(client_.get(), 1000);
  rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  rd_kafka_flush(client_.get(), 100);
}

rd_kafka_resp_err_t Producer::Send(const OutboxRow& row, Delivery* delivery) {
  return Produce(client_.get(), row.topic, RD_KAFKA_PARTITION_UA, row.event, TimestampOf(row),
                 delivery);
}

rd_kafka_resp_err_t Producer::SendTo(const std::string& topic, int32_t partition,
                                     const Event& event) {
  return Produce(client_.get(), topic, partition, event, absl::ToUnixMillis(absl::Now()), nullptr);
}

absl::StatusOr<int> Producer::CountPartitions(const std::string& topic) {
  return kafka::CountPartitions(client_.get(), topic, absl::Seconds(5));
}

void Producer::Poll(absl::Duration timeout) { rd_kafka_poll(client_.get(), Milliseconds(timeout)); }

rd_kafka_resp_err_t Producer::fatal_error() const {
  char text[256];
  return rd_kafka_fatal_error(client_.get(), text, sizeof(text));
}

}  // namespace simpul::kafka
