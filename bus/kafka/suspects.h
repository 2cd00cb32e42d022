// What the relay does about events that Kafka refuses.
#ifndef SIMPUL_BUS_KAFKA_SUSPECTS_H_
#define SIMPUL_BUS_KAFKA_SUSPECTS_H_

#include <cstdint>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bus/kafka/connection.h"
#include "bus/kafka/outbox_rows.h"
#include "bus/kafka/producer.h"
#include "bus/kafka/relay_metrics.h"

namespace simpul::kafka {

// A batch shares the fate of its worst event, and Kafka does not say which that is: all of it is
// suspect. Suspects are sent one by one; one that is refused alone is parked, so that it holds up
// nobody. One thread.
class Suspects {
 public:
  Suspects(const Connection& connection, OutboxRows& rows, std::string part, RelayMetrics& metrics)
      : connection_(connection), rows_(rows), part_(std::move(part)), metrics_(metrics) {}

  void Add(int64_t seq) { seqs_.insert(seq); }
  bool Contains(int64_t seq) const { return seqs_.contains(seq); }

  // Sends a suspect, marks or parks it, and suspects it no more; false if it was not sent: parked,
  // or still suspect since `stop` was requested. Only while nothing else is on its way: then a
  // refusal is this event's own.
  absl::StatusOr<bool> SendAlone(const OutboxRow& row, const std::stop_token& stop);

  // For an event that Kafka, or librdkafka on its behalf, refused by itself.
  absl::Status Park(int64_t seq, rd_kafka_resp_err_t error);

 private:
  const Connection& connection_;
  OutboxRows& rows_;
  const std::string part_;
  RelayMetrics& metrics_;
  std::set<int64_t> seqs_;
  std::optional<Producer> producer_;  // while there are suspects
};

}  // namespace simpul::kafka

#endif  // SIMPUL_BUS_KAFKA_SUSPECTS_H_
