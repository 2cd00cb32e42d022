// The events part: the backbone for those who have no Kafka.
#ifndef SIMPUL_SERVICES_EVENTS_PART_H_
#define SIMPUL_SERVICES_EVENTS_PART_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bus/rpc/part_options.h"
#include "bus/testing/clock.h"

namespace simpul::events {

struct Options : rpc::PartOptions {
  Clock* clock = &Clock::System();
  // What the shared tail keeps for subscribers that are a little behind.
  size_t ring_bytes = 16 << 20;
  // How long a quiet subscriber's token may stand still while offsets move.
  absl::Duration token_interval = absl::Seconds(10);
  // Streams of one agency at a time, and its durable subscriptions.
  int streams_per_agency = 64;
  int subscriptions_per_agency = 100;
  // Kafka readers at a time for subscribers that are behind the ring.
  int catch_up_readers = 4;
};

// Serves simpul.events.v1.EventService. Learns the public event types from the catalogue and keeps
// them, so that it serves on while their owners or the catalogue are away. Thread-safe.
class Part {
 public:
  virtual ~Part() = default;  // ends streams with UNAVAILABLE, then stops in order

  // FAILED_PRECONDITION: the address, the store or a secret file cannot be used; the message names
  // it. UNAVAILABLE: the store cannot be opened. Kafka and the catalogue may come later: until then
  // Subscribe answers UNAVAILABLE, and without the catalogue it is not ready.
  static absl::StatusOr<std::unique_ptr<Part>> Start(const Options& options);

  // "127.0.0.1:43211": where it listens.
  virtual std::string address() const = 0;
};

}  // namespace simpul::events

#endif  // SIMPUL_SERVICES_EVENTS_PART_H_
