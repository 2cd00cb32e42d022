// The relay's producer: idempotent, acks=all, and never past a refused event.
#ifndef SIMPUL_BUS_KAFKA_PRODUCER_H_
#define SIMPUL_BUS_KAFKA_PRODUCER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bus/kafka/client.h"
#include "bus/kafka/outbox_rows.h"

namespace simpul::kafka {

// Whether Kafka will never take this event, as against not now.
bool IsRefusal(rd_kafka_resp_err_t error);

// Where a sent row stands. The producer writes it during Poll.
struct Delivery {
  int64_t seq = 0;
  size_t bytes = 0;
  bool reported = false;
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
};

// Sends rows in the order of Send, each topic and key in order. One thread.
class Producer {
 public:
  // What happens after an event that Kafka refuses.
  enum class AfterRefusal {
    kStop,  // nothing behind it is sent: the producer is broken and has to be made anew. Keeps
            // order.
    kGoOn,  // for a producer that has one event on its way at a time
  };

  static absl::StatusOr<Producer> Open(const Connection& connection, AfterRefusal after_refusal);
  Producer(Producer&&) = default;
  ~Producer();

  // Takes a copy; `delivery` stays where it is until it is reported. RD_KAFKA_RESP_ERR__QUEUE_FULL:
  // Poll and try again.
  rd_kafka_resp_err_t Send(const OutboxRow& row, Delivery* delivery);

  // For what nobody waits for: sent to one partition, and not reported.
  rd_kafka_resp_err_t SendTo(const std::string& topic, int32_t partition, const Event& event);

  // UNAVAILABLE, NOT_FOUND: as for kafka::CountPartitions.
  absl::StatusOr<int> CountPartitions(const std::string& topic);

  // Waits up to `timeout` for reports.
  void Poll(absl::Duration timeout);

  // Set once the producer cannot go on.
  rd_kafka_resp_err_t fatal_error() const;

 private:
  explicit Producer(Client client) : client_(std::move(client)) {}

  Client client_;
};

}  // namespace simpul::kafka

#endif  // SIMPUL_BUS_KAFKA_PRODUCER_H_
