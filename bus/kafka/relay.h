// The relay: moves a part's outbox to Kafka, each event once and in order.
#ifndef SIMPUL_BUS_KAFKA_RELAY_H_
#define SIMPUL_BUS_KAFKA_RELAY_H_

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bus/kafka/connection.h"
#include "bus/kafka/outbox.h"
#include "bus/store/store.h"
#include "bus/testing/clock.h"

namespace simpul::kafka {

struct RelayOptions {
  Connection connection;
  store::Store* store = nullptr;       // outlives the relay; migrated with OutboxMigrations()
  std::string part;                    // "wifi": names metrics and the lease row
  std::vector<Topic> topics;           // the part's own; created if missing
  RevisionClock* revisions = nullptr;  // raised from the tail of the topics before Start returns
  Clock* clock = &Clock::System();
  std::stop_token stop;                       // ends Start before its time
  absl::Duration keep = absl::Hours(24 * 7);  // rows stay until sent, and this long, for resend
};

// That all its owner saw of a source before `time` is committed to the store.
struct Observation {
  std::string topic;
  std::string source;  // the ce_source of the topic's events
  absl::Time time;
};

struct RelayCounts {
  int64_t sent = 0;
  int64_t parked = 0;   // refused by Kafka for good, such as too large
  int64_t pending = 0;  // recorded, not yet acknowledged
};

// Owns one thread and one producer (idempotent, acks=all, murmur2_random). One relay of a part is
// active, by a lease row; the others wait. At the start it reads its topics back from the time of
// the oldest unsent row and marks what is there already, so a crash between Kafka's acknowledgement
// and the mark doubles nothing. Thread-safe.
class Relay {
 public:
  virtual ~Relay() = default;  // stops; what is unsent stays recorded

  // Returns when topics stand, the tail is read and the floor of `revisions` is raised.
  // UNAVAILABLE, PERMISSION_DENIED, CANCELLED: as for EnsureTopics.
  static absl::StatusOr<std::unique_ptr<Relay>> Start(RelayOptions options);

  // Says that a transaction with outbox rows was committed: send now, do not wait for the next
  // poll.
  virtual void Wake() = 0;

  // Told to the topic's readers, as a simpul.type.v1.Observation on each partition, once all that
  // is recorded by now is sent; every 10 s at most, the last one only.
  virtual void Observe(Observation observation) = 0;

  virtual RelayCounts counts() const = 0;
};

// Marks sent rows recorded at or after `since` as unsent, so that the relay sends them again with
// their ids, and returns how many. Consumers that have applied them see duplicates.
absl::StatusOr<int64_t> Resend(store::Store& store, absl::Time since);

}  // namespace simpul::kafka

#endif  // SIMPUL_BUS_KAFKA_RELAY_H_
