#include "bus/kafka/outbox_rows.h"

#include <algorithm>

namespace simpul::kafka {
namespace {

void Fill(const store::Row& row, OutboxRow& out) {
  out.seq = row.Int(0);
  out.topic = row.Text(1);
  out.event.id = row.Text(2);
  out.event.subject = row.Text(3);
  out.event.source = row.Text(4);
  out.event.type = row.Text(5);
  out.event.time = absl::FromUnixMicros(row.Int(6));
  out.event.dataschema = row.Text(7);
  out.event.traceparent = row.Text(8);
  out.event.data = row.Bytes(9);
  out.recorded = absl::FromUnixMicros(row.Int(10));
}

// What is unsent and not under way, as ranges of seq in which nothing is under way. By the index
// alone.
absl::StatusOr<std::vector<std::pair<int64_t, int64_t>>> RunsOfUnsent(
    store::Transaction& transaction, const std::set<int64_t>& under_way, int64_t limit) {
  std::vector<std::pair<int64_t, int64_t>> runs;
  auto next = under_way.begin();
  bool goes_on = false;
  const auto add = [&](const store::Row& row) {
    const int64_t seq = row.Int(0);
    for (; next != under_way.end() && *next < seq; ++next) goes_on = false;
    if (next != under_way.end() && *next == seq) return absl::OkStatus();
    if (goes_on) {
      runs.back().second = seq;
    } else {
      runs.emplace_back(seq, seq);
    }
    goes_on = true;
    return absl::OkStatus();
  };
  const absl::Status status = transaction.Query(
      "SELECT seq FROM outbox WHERE sent_at IS NULL AND parked IS NULL ORDER BY seq LIMIT $1",
      {limit + static_cast<int64_t>(under_way.size())}, add);
  if (!status.ok()) return status;
  return runs;
}

}  // namespace

absl::Status OutboxRows::ReadUnsent(const std::set<int64_t>& under_way, int64_t limit,
                                    absl::FunctionRef<bool(const OutboxRow& row)> each) {
  OutboxRow out;
  bool wanted = true;
  return store_.Read([&](store::Transaction& t) -> absl::Status {
    auto runs = RunsOfUnsent(t, under_way, limit);
    if (!runs.ok()) return runs.status();
    for (const auto& [first, last] : *runs) {
      auto s = t.Query(
          "SELECT seq, topic, id, subject, source, type, event_time, dataschema, traceparent,"
          " data, recorded_at FROM outbox WHERE sent_at IS NULL AND parked IS NULL"
          " AND seq BETWEEN $1 AND $2 ORDER BY seq",
          {first, last}, [&](const store::Row& row) {
            if (!wanted) return absl::OkStatus();
            Fill(row, out);
            wanted = each(out);
            return absl::OkStatus();
          });
      if (!s.ok() || !wanted) return s;
    }
    return absl::OkStatus();
  });
}

// By runs of numbers that follow each other: a run has no place for a row that was committed late.
absl::Status OutboxRows::MarkSent(std::vector<int64_t> seqs, absl::Time now) {
  std::sort(seqs.begin(), seqs.end());
  return store_.Transact([&](store::Transaction& t) -> absl::Status {
    for (size_t begin = 0; begin < seqs.size();) {
      size_t end = begin + 1;
      while (end < seqs.size() && seqs[end] == seqs[end - 1] + 1) ++end;
      auto marked = t.Execute("UPDATE outbox SET sent_at = $1 WHERE seq BETWEEN $2 AND $3",
                              {absl::ToUnixMicros(now), seqs[begin], seqs[end - 1]});
      if (!marked.ok()) return marked.status();
      begin = end;
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<int64_t> OutboxRows::MarkPresent(
    const std::vector<std::pair<std::string, std::string>>& ids, absl::Time now) {
  int64_t total = 0;
  const absl::Status status = store_.Transact([&](store::Transaction& t) -> absl::Status {
    for (const auto& [topic, id] : ids) {
      auto marked = t.Execute(
          "UPDATE outbox SET sent_at = $1"
          " WHERE id = $2 AND topic = $3 AND sent_at IS NULL AND resent = 0",
          {absl::ToUnixMicros(now), id, topic});
      if (!marked.ok()) return marked.status();
      total += *marked;
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return total;
}

absl::Status OutboxRows::Park(int64_t seq, const std::string& reason) {
  return store_.Transact([&](store::Transaction& t) {
    return t
        .Execute("UPDATE outbox SET parked = $1 WHERE seq = $2 AND sent_at IS NULL", {reason, seq})
        .status();
  });
}

absl::StatusOr<std::map<std::string, absl::Time>> OutboxRows::OldestUnsent() {
  std::map<std::string, absl::Time> oldest;
  const absl::Status status = store_.Read([&](store::Transaction& t) {
    return t.Query(
        "SELECT topic, MIN(recorded_at) FROM outbox"
        " WHERE sent_at IS NULL AND parked IS NULL AND resent = 0 GROUP BY topic",
        {}, [&](const store::Row& row) {
          oldest.emplace(row.Text(0), absl::FromUnixMicros(row.Int(1)));
          return absl::OkStatus();
        });
  });
  if (!status.ok()) return status;
  return oldest;
}

absl::StatusOr<OutboxRows::Counts> OutboxRows::Count() {
  Counts counts;
  const absl::Status status = store_.Read([&](store::Transaction& t) -> absl::Status {
    auto s = t.Query("SELECT COUNT(*) FROM outbox WHERE sent_at IS NULL AND parked IS NULL", {},
                     [&](const store::Row& row) {
                       counts.pending = row.Int(0);
                       return absl::OkStatus();
                     });
    if (!s.ok()) return s;
    return t.Query("SELECT COUNT(*) FROM outbox WHERE parked IS NOT NULL", {},
                   [&](const store::Row& row) {
                     counts.parked = row.Int(0);
                     return absl::OkStatus();
                   });
  });
  if (!status.ok()) return status;
  return counts;
}

// Walks by the primary key, so it needs no index of its own; parked rows are passed over and stay.
absl::StatusOr<bool> OutboxRows::DeleteSome(absl::Time before) {
  constexpr int64_t kStep = 2000;
  int64_t seen = 0;
  int64_t passed = deleted_to_;
  const absl::Status read = store_.Read([&](store::Transaction& t) {
    bool walking = true;
    return t.Query("SELECT seq, sent_at, parked FROM outbox WHERE seq > $1 ORDER BY seq LIMIT $2",
                   {deleted_to_, kStep}, [&](const store::Row& row) {
                     const bool old = !row.IsNull(1) && row.Int(1) < absl::ToUnixMicros(before);
                     walking = walking && (old || !row.IsNull(2));
                     if (walking) {
                       passed = row.Int(0);
                       ++seen;
                     }
                     return absl::OkStatus();
                   });
  });
  if (!read.ok()) return read;
  if (seen == 0) return false;
  const absl::Status deleted = store_.Transact([&](store::Transaction& t) {
    return t
        .Execute("DELETE FROM outbox WHERE seq > $1 AND seq <= $2 AND sent_at < $3",
                 {deleted_to_, passed, absl::ToUnixMicros(before)})
        .status();
  });
  if (!deleted.ok()) return deleted;
  deleted_to_ = passed;
  return seen == kStep;
}

}  // namespace simpul::kafka
