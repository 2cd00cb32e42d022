// librdkafka's objects with owners, its errors as Status, its records as ours.
#ifndef SIMPUL_BUS_KAFKA_CLIENT_H_
#define SIMPUL_BUS_KAFKA_CLIENT_H_

#include <librdkafka/rdkafka.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bus/kafka/connection.h"
#include "bus/kafka/consumer.h"

namespace simpul::kafka {

struct ClientDeleter {
  void operator()(rd_kafka_t* client) const { rd_kafka_destroy(client); }
};
using Client = std::unique_ptr<rd_kafka_t, ClientDeleter>;

struct MessageDeleter {
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
};
using Message = std::unique_ptr<rd_kafka_message_t, MessageDeleter>;

struct PartitionListDeleter {
  void operator()(rd_kafka_topic_partition_list_t* list) const {
    rd_kafka_topic_partition_list_destroy(list);
  }
};
using PartitionList = std::unique_ptr<rd_kafka_topic_partition_list_t, PartitionListDeleter>;

struct QueueDeleter {
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
};
using Queue = std::unique_ptr<rd_kafka_queue_t, QueueDeleter>;

struct EventDeleter {
  void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
};
using ClientEvent = std::unique_ptr<rd_kafka_event_t, EventDeleter>;

// Settings of librdkafka, by its own names:
// https://github.com/confluentinc/librdkafka/blob/v2.0.2/CONFIGURATION.md
using Settings = std::initializer_list<std::pair<const char*, std::string>>;

// A client of `connection` with `settings` on top; `prepare` may register callbacks. Its warnings
// go to the log. INVALID_ARGUMENT: a certificate or key cannot be read, or a setting is wrong.
absl::StatusOr<Client> NewClient(
    rd_kafka_type_t type, const Connection& connection, Settings settings,
    absl::FunctionRef<void(rd_kafka_conf_t*)> prepare = [](rd_kafka_conf_t*) {});

// An error of a call on `what`, such as a topic's name. UNAVAILABLE: it may work later.
absl::Status ToStatus(rd_kafka_resp_err_t error, std::string_view what);
absl::Status ToStatus(const rd_kafka_error_t* error, std::string_view what);

// No broker answered in time.
absl::Status NoBroker(const Connection& connection, absl::Duration timeout);

int Milliseconds(absl::Duration duration);

void EachHeaderOf(const rd_kafka_message_t& message,
                  absl::FunctionRef<void(std::string_view name, std::string_view value)> each);

// Reads a message into `record`, which may have been used before: its strings keep their room.
// INVALID_ARGUMENT: the message is no CloudEvent.
absl::Status ReadRecord(const rd_kafka_message_t& message, Record& record);

}  // namespace simpul::kafka

#endif  // SIMPUL_BUS_KAFKA_CLIENT_H_
