// What a watch records: all of its findings in one transaction.
#include "absl/strings/str_format.h"
#include "adapters/engine/watch.h"
#include "adapters/engine/watch_columns.h"
#include "adapters/engine/watch_metrics.h"
#include "bus/kafka/event.h"
#include "bus/testing/fault_point.h"

namespace simpul::engine {
namespace {

const FaultPoint kAfterLegacyRead("engine.after_legacy_read");
const FaultPoint kBeforeCommit("engine.before_commit");
const FaultPoint kAfterCommit("engine.after_commit");

// A deleted name keeps its revision longer than its topic keeps events, which is 72 hours.
constexpr absl::Duration kKeepDeleted = absl::Hours(24 * 7);

}  // namespace

bool Watch::HasFindings() const {
  return state_.has_changes() || !changes_.empty() || !parks_.empty() || !new_deleted_.empty() ||
         !returned_.empty() || prunes_deleted_;
}

void Watch::DropFindings() {
  changes_.clear();
  parks_.clear();
  new_deleted_.clear();
  returned_.clear();
  lookups_.clear();
  prunes_deleted_ = false;
}

absl::Status Watch::CommitIfMany() {
  return changes_.size() < options_.rows_per_commit ? absl::OkStatus() : Commit();
}

absl::Status Watch::Commit() {
  if (!HasFindings()) return absl::OkStatus();
  kAfterLegacyRead.Pass();
  const absl::Status status = options_.store->Transact(
      [&](store::Transaction& transaction) { return CommitIn(transaction); });
  if (!status.ok()) {
    is_loaded_ = false;  // what was read is forgotten and found again
    DropFindings();
    return status;
  }
  kAfterCommit.Pass();
  metrics_->events.Increment(static_cast<double>(changes_.size()));
  changes_.clear();
  parks_.clear();
  new_deleted_.clear();
  returned_.clear();
  prunes_deleted_ = false;
  return status;
}

absl::Status Watch::CommitIn(store::Transaction& transaction) {
  const absl::Time now = options_.clock->Now();
  if (auto s = state_.Save(transaction); !s.ok()) return s;
  for (const Change& change : changes_) {
    const kafka::Event event{.id = kafka::EventId(change.name, change.revision),
                             .source = "//simpul/adapter/" + options_.mapping->department,
                             .type = plan_.event->full_name(),
                             .subject = change.name,
                             .time = now,
                             .dataschema = options_.dataschema,
                             .traceparent = "",
                             .data = change.data};
    const std::string topic = options_.mapping->Topic(plan_);
    auto s = change.is_again ? kafka::AppendAgain(transaction, topic, event)
                             : kafka::AppendToOutbox(transaction, topic, event);
    if (!s.ok()) return s;
  }
  for (const Parked& park : parks_) {
    auto done =
        park.misfit.field.empty()
            ? transaction.Write("DELETE FROM watch_parked WHERE resource = $1 AND row_key = $2",
                                {resource_, park.key})
            : transaction.Write(
                  "INSERT INTO watch_parked (resource, row_key, field, reason, park_time)"
                  " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (resource, row_key) DO UPDATE SET"
                  " field = excluded.field, reason = excluded.reason,"
                  " park_time = excluded.park_time",
                  {resource_, park.key, park.misfit.field, park.misfit.reason,
                   absl::ToUnixMicros(now)});
    if (!done.ok()) return done;
  }
  for (const int64_t id : returned_) {
    auto done = transaction.Write("DELETE FROM watch_deleted WHERE resource = $1 AND id = $2",
                                  {resource_, id});
    if (!done.ok()) return done;
  }
  for (const auto& [id, revision] : new_deleted_) {
    auto done = transaction.Write(
        "INSERT INTO watch_deleted (resource, id, revision, delete_time) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (resource, id) DO UPDATE SET revision = excluded.revision,"
        " delete_time = excluded.delete_time",
        {resource_, id, revision, absl::ToUnixMicros(now)});
    if (!done.ok()) return done;
  }
  if (prunes_deleted_) {
    auto done =
        transaction.Write("DELETE FROM watch_deleted WHERE resource = $1 AND delete_time < $2",
                          {resource_, absl::ToUnixMicros(now - kKeepDeleted)});
    if (!done.ok()) return done;
  }
  kBeforeCommit.Pass();
  return absl::OkStatus();
}

}  // namespace simpul::engine
