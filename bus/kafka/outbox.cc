#include "bus/kafka/outbox.h"

#include <algorithm>
#include <string>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "bus/kafka/relay.h"
#include "bus/testing/fault_point.h"

namespace simpul::kafka {
namespace {

const FaultPoint kAppended("outbox.appended");

void RaiseTo(std::atomic<int64_t>& value, int64_t least) {
  int64_t now = value.load(std::memory_order_relaxed);
  while (now < least && !value.compare_exchange_weak(now, least)) {
  }
}

// Times are µs since 1970. What became of a row stands beside it, in a narrow one: a wide row is
// written once. `resent` rows are sent again though their topic has them already.
constexpr store::Migration kMigrations[] = {
    {1,
     "CREATE TABLE outbox ("
     "  seq {serial},"
     "  id TEXT NOT NULL,"
     "  topic TEXT NOT NULL,"
     "  subject TEXT NOT NULL,"
     "  source TEXT NOT NULL,"
     "  type TEXT NOT NULL,"
     "  event_time BIGINT NOT NULL,"
     "  dataschema TEXT NOT NULL,"
     "  traceparent TEXT NOT NULL,"
     "  data BYTEA NOT NULL,"
     "  recorded_at BIGINT NOT NULL,"
     "  sent_at BIGINT,"
     "  parked TEXT,"
     "  resent BIGINT NOT NULL DEFAULT 0);"
     "CREATE UNIQUE INDEX outbox_id ON outbox (id, topic);"
     "CREATE INDEX outbox_unsent ON outbox (seq) WHERE sent_at IS NULL AND parked IS NULL;"
     "CREATE INDEX outbox_parked ON outbox (seq) WHERE parked IS NOT NULL;"
     "CREATE TABLE outbox_lease ("
     "  part TEXT PRIMARY KEY,"
     "  owner TEXT NOT NULL,"
     "  expires_at BIGINT NOT NULL);"},
    {2,
     "DROP INDEX outbox_unsent;"
     "DROP INDEX outbox_parked;"
     "CREATE TABLE outbox_unsent (seq {key}, resent BIGINT NOT NULL DEFAULT 0);"
     "CREATE TABLE outbox_parked (seq {key}, reason TEXT NOT NULL);"
     "INSERT INTO outbox_unsent (seq, resent)"
     "  SELECT seq, resent FROM outbox WHERE sent_at IS NULL AND parked IS NULL;"
     "INSERT INTO outbox_parked (seq, reason)"
     "  SELECT seq, parked FROM outbox WHERE parked IS NOT NULL;"
     "ALTER TABLE outbox DROP COLUMN sent_at;"
     "ALTER TABLE outbox DROP COLUMN parked;"
     "ALTER TABLE outbox DROP COLUMN resent;"},
};

}  // namespace

std::span<const store::Migration> OutboxMigrations() { return kMigrations; }

absl::Status AppendToOutbox(store::Transaction& transaction, std::string_view topic,
                            const Event& event) {
  auto status = transaction.Write(
      "INSERT INTO outbox (id, topic, subject, source, type, event_time, dataschema, traceparent,"
      " data, recorded_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
      {event.id, topic, event.subject, event.source, event.type, absl::ToUnixMicros(event.time),
       event.dataschema, event.traceparent, store::Blob{event.data},
       absl::ToUnixMicros(absl::Now())});
  if (status.ok()) status = transaction.Write("INSERT INTO outbox_unsent (seq) VALUES (lastval())");
  if (!status.ok()) return status;
  kAppended.Pass();
  return absl::OkStatus();
}

absl::Status AppendAgain(store::Transaction& transaction, std::string_view topic,
                         const Event& event) {
  auto waits = transaction.Execute(
      "INSERT INTO outbox_unsent (seq, resent)"
      " SELECT seq, 1 FROM outbox WHERE id = $1 AND topic = $2"
      " ON CONFLICT (seq) DO UPDATE SET resent = excluded.resent",
      {event.id, topic});
  if (!waits.ok()) return waits.status();
  if (*waits == 0) return AppendToOutbox(transaction, topic, event);
  return transaction.Write(
      "DELETE FROM outbox_parked"
      " WHERE seq = (SELECT seq FROM outbox WHERE id = $1 AND topic = $2)",
      {event.id, topic});
}

int64_t RevisionClock::Next(int64_t previous) const {
  const int64_t next = std::max(
      {previous + 1, absl::ToUnixMicros(clock_.Now()), floor_.load(std::memory_order_relaxed) + 1});
  RaiseTo(given_, next);
  return next;
}

void RevisionClock::RaiseFloor(int64_t revision) { RaiseTo(floor_, revision); }

// In steps, so that the part's own transactions find their turn in between.
absl::StatusOr<int64_t> Resend(store::Store& store, absl::Time since) {
  constexpr int64_t kStep = 1000;
  int64_t after = 0;
  int64_t total = 0;
  while (true) {
    int64_t last = after;
    const absl::Status status = store.Transact([&](store::Transaction& t) -> absl::Status {
      auto s = t.Query("SELECT seq FROM outbox WHERE seq > $1 ORDER BY seq LIMIT $2",
                       {after, kStep}, [&](const store::Row& row) {
                         last = row.Int(0);
                         return absl::OkStatus();
                       });
      if (!s.ok() || last == after) return s;
      auto marked = t.Execute(
          "INSERT INTO outbox_unsent (seq, resent) SELECT seq, 1 FROM outbox"
          " WHERE seq > $1 AND seq <= $2 AND recorded_at >= $3"
          " AND seq NOT IN (SELECT seq FROM outbox_parked) ON CONFLICT (seq) DO NOTHING",
          {after, last, absl::ToUnixMicros(since)});
      if (!marked.ok()) return marked.status();
      total += *marked;
      return absl::OkStatus();
    });
    if (!status.ok()) return status;
    if (last == after) return total;
    after = last;
  }
}

}  // namespace simpul::kafka
