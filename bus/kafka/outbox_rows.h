// The relay's view of the outbox: what to send, and what became of it.
#ifndef SIMPUL_BUS_KAFKA_OUTBOX_ROWS_H_
#define SIMPUL_BUS_KAFKA_OUTBOX_ROWS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bus/kafka/event.h"
#include "bus/kafka/seq_set.h"
#include "bus/store/store.h"

namespace simpul::kafka {

struct OutboxRow {
  int64_t seq = 0;
  std::string topic;
  absl::Time recorded;
  Event event;
};

// Rows neither sent nor parked, in order of seq. Thread-compatible.
class OutboxRows {
 public:
  explicit OutboxRows(store::Store& store) : store_(store) {}

  // Calls `each` with up to `limit` rows that are not `under_way`, until it returns false. `row` is
  // used again. All are read at one moment, whatever their numbers: with PostgreSQL a row may be
  // committed after rows of other writers with greater numbers were sent, and is to be sent before
  // those that its own writer added later.
  absl::Status ReadUnsent(const SeqSet& under_way, int64_t limit,
                          absl::FunctionRef<bool(const OutboxRow& row)> each);

  // Marks these rows sent; `seqs` is sorted here.
  absl::Status MarkSent(std::vector<int64_t> seqs);

  // Marks what of `ids`, (topic, id) pairs, is unsent and no repeat as sent; returns how many were.
  absl::StatusOr<int64_t> MarkPresent(const std::vector<std::pair<std::string, std::string>>& ids);

  absl::Status Park(int64_t seq, const std::string& reason);

  // By topic, when the oldest row was recorded that is unsent and no repeat.
  absl::StatusOr<std::map<std::string, absl::Time>> OldestUnsent();

  struct Counts {
    int64_t pending = 0;
    int64_t parked = 0;
  };
  absl::StatusOr<Counts> Count();

  // Deletes some of the rows recorded before `before`, from the front on and up to the first that
  // is unsent or was recorded later; parked ones stay. Whether there may be more. Remembers where
  // it has been.
  absl::StatusOr<bool> DeleteSome(absl::Time before);

 private:
  store::Store& store_;
  OutboxRow row_;  // its strings keep their room
  int64_t deleted_to_ = 0;
};

}  // namespace simpul::kafka

#endif  // SIMPUL_BUS_KAFKA_OUTBOX_ROWS_H_
