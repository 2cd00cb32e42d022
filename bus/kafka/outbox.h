// The outbox: events recorded in the same transaction as the change they report.
#ifndef SIMPUL_BUS_KAFKA_OUTBOX_H_
#define SIMPUL_BUS_KAFKA_OUTBOX_H_

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "bus/kafka/event.h"
#include "bus/store/store.h"
#include "bus/testing/clock.h"

namespace simpul::kafka {

// Tables "outbox" (seq, id, topic, the event's attributes and data; a row never changes),
// "outbox_unsent" and "outbox_parked" (by seq).
// Apply with store::Migrate(store, "outbox", OutboxMigrations()).
std::span<const store::Migration> OutboxMigrations();

// Records `event` for `topic`; the relay sends it once the transaction is committed, in the order
// of appending for one subject. ALREADY_EXISTS, by the commit at the latest, and the transaction is
// lost: this id is recorded for this topic.
absl::Status AppendToOutbox(store::Transaction& transaction, std::string_view topic,
                            const Event& event);

// For a resync: sends `event` though it may have been sent before under the same ID. What is
// recorded is sent again in its old place, what is not is appended.
absl::Status AppendAgain(store::Transaction& transaction, std::string_view topic,
                         const Event& event);

// Gives revisions that only grow: max(previous + 1, now in µs, floor + 1). Thread-safe.
class RevisionClock {
 public:
  explicit RevisionClock(Clock& clock) : clock_(clock) {}

  // The revision that follows `previous` (0 for a new resource).
  int64_t Next(int64_t previous) const;

  // Never give one at or below `revision` again: called with the greatest one on the part's topics,
  // so that a restored store or a slow clock cannot run backwards.
  void RaiseFloor(int64_t revision);

  // None that was given, or that the floor stands for, is greater.
  int64_t greatest() const {
    return std::max(floor_.load(std::memory_order_relaxed), given_.load(std::memory_order_relaxed));
  }

 private:
  Clock& clock_;
  std::atomic<int64_t> floor_{0};
  mutable std::atomic<int64_t> given_{0};
};

}  // namespace simpul::kafka

#endif  // SIMPUL_BUS_KAFKA_OUTBOX_H_
