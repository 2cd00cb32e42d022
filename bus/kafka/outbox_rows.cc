#include "bus/kafka/outbox_rows.h"

#include <algorithm>
#include <limits>

namespace simpul::kafka {
namespace {

// Rows this near to each other are read in one sweep, with what stands between them.
constexpr int64_t kNear = 100;

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

// Up to `limit` numbers of what is unsent and not under way, in order. Long runs of what is under
// way are stepped over, short ones filtered out.
absl::StatusOr<std::vector<int64_t>> UnsentSeqs(store::Transaction& transaction,
                                                const SeqSet& under_way, size_t limit) {
  std::vector<int64_t> seqs;
  int64_t after = 0;
  int64_t filtered = 0;  // at most, of this stretch
  const auto read_until = [&](int64_t before) {
    return transaction.Query(
        "SELECT seq FROM outbox_unsent WHERE seq > $1 AND seq < $2 ORDER BY seq LIMIT $3",
        {after, before, static_cast<int64_t>(limit - seqs.size()) + filtered},
        [&](const store::Row& row) {
          const int64_t seq = row.Int(0);
          if (seqs.size() < limit && !under_way.Contains(seq)) seqs.push_back(seq);
          return absl::OkStatus();
        });
  };
  for (const auto& [first, last] : under_way.runs()) {
    if (last - first < kNear) {
      filtered += last - first + 1;
      continue;
    }
    if (auto s = read_until(first); !s.ok()) return s;
    after = last;
    filtered = 0;
  }
  if (auto s = read_until(std::numeric_limits<int64_t>::max()); !s.ok()) return s;
  return seqs;
}

// One row of one column.
absl::StatusOr<int64_t> IntOf(store::Transaction& transaction, std::string_view sql,
                              store::Params params = {}) {
  int64_t value = 0;
  const absl::Status status = transaction.Query(sql, params, [&](const store::Row& row) {
    value = row.Int(0);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return value;
}

}  // namespace

absl::Status OutboxRows::ReadUnsent(const SeqSet& under_way, int64_t limit,
                                    absl::FunctionRef<bool(const OutboxRow& row)> each) {
  bool wanted = true;
  std::vector<int64_t> gone;
  const absl::Status status = store_.Read([&](store::Transaction& t) -> absl::Status {
    auto seqs = UnsentSeqs(t, under_way, static_cast<size_t>(limit));
    if (!seqs.ok()) return seqs.status();
    for (auto next = seqs->begin(); next != seqs->end();) {
      auto end = next + 1;
      while (end != seqs->end() && *end - *(end - 1) <= kNear) ++end;
      auto s = t.Query(
          "SELECT seq, topic, id, subject, source, type, event_time, dataschema, traceparent,"
          " data, recorded_at FROM outbox WHERE seq BETWEEN $1 AND $2 ORDER BY seq",
          {*next, *(end - 1)}, [&](const store::Row& row) {
            for (; next != end && *next < row.Int(0); ++next) gone.push_back(*next);
            if (next == end || *next != row.Int(0)) return absl::OkStatus();
            ++next;
            Fill(row, row_);
            wanted = each(row_);
            return wanted ? absl::OkStatus() : absl::CancelledError("the rest is not wanted");
          });
      if (!s.ok()) return s;
      for (; next != end; ++next) gone.push_back(*next);
    }
    return absl::OkStatus();
  });
  if (!status.ok() && wanted) return status;
  // Deleted for its age at the moment when somebody wanted it sent again.
  return gone.empty() ? absl::OkStatus() : MarkSent(std::move(gone));
}

// By runs of numbers that follow each other: a run has no place for a row that was committed late.
absl::Status OutboxRows::MarkSent(std::vector<int64_t> seqs) {
  std::sort(seqs.begin(), seqs.end());
  return store_.Transact([&](store::Transaction& t) -> absl::Status {
    for (size_t begin = 0; begin < seqs.size();) {
      size_t end = begin + 1;
      while (end < seqs.size() && seqs[end] == seqs[end - 1] + 1) ++end;
      auto s = t.Write("DELETE FROM outbox_unsent WHERE seq BETWEEN $1 AND $2",
                       {seqs[begin], seqs[end - 1]});
      if (!s.ok()) return s;
      begin = end;
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<int64_t> OutboxRows::MarkPresent(
    const std::vector<std::pair<std::string, std::string>>& ids) {
  int64_t total = 0;
  const absl::Status status = store_.Transact([&](store::Transaction& t) -> absl::Status {
    for (const auto& [topic, id] : ids) {
      auto marked = t.Execute(
          "DELETE FROM outbox_unsent WHERE resent = 0"
          " AND seq = (SELECT seq FROM outbox WHERE id = $1 AND topic = $2)",
          {id, topic});
      if (!marked.ok()) return marked.status();
      total += *marked;
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return total;
}

absl::Status OutboxRows::Park(int64_t seq, const std::string& reason) {
  return store_.Transact([&](store::Transaction& t) -> absl::Status {
    auto waited = t.Execute("DELETE FROM outbox_unsent WHERE seq = $1", {seq});
    if (!waited.ok() || *waited == 0) return waited.status();
    return t.Write("INSERT INTO outbox_parked (seq, reason) VALUES ($1, $2)", {seq, reason});
  });
}

absl::StatusOr<std::map<std::string, absl::Time>> OutboxRows::OldestUnsent() {
  std::map<std::string, absl::Time> oldest;
  const absl::Status status = store_.Read([&](store::Transaction& t) {
    return t.Query(
        "SELECT o.topic, MIN(o.recorded_at) FROM outbox_unsent u JOIN outbox o ON o.seq = u.seq"
        " WHERE u.resent = 0 GROUP BY o.topic",
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
    auto pending = IntOf(t, "SELECT COUNT(*) FROM outbox_unsent");
    if (!pending.ok()) return pending.status();
    auto parked = IntOf(t, "SELECT COUNT(*) FROM outbox_parked");
    if (!parked.ok()) return parked.status();
    counts = {*pending, *parked};
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return counts;
}

// Walks by the primary key, so it needs no index of its own.
absl::StatusOr<bool> OutboxRows::DeleteSome(absl::Time before) {
  constexpr int64_t kStep = 2000;
  int64_t first = 0;
  int64_t end = 0;
  const absl::Status read = store_.Read([&](store::Transaction& t) -> absl::Status {
    auto front = IntOf(t, "SELECT MIN(seq) FROM outbox WHERE seq > $1", {deleted_to_});
    if (!front.ok()) return front.status();
    first = *front;
    auto young = IntOf(t,
                       "SELECT MIN(seq) FROM outbox"
                       " WHERE seq >= $1 AND seq < $2 AND recorded_at >= $3",
                       {first, first + kStep, absl::ToUnixMicros(before)});
    if (!young.ok()) return young.status();
    auto unsent = IntOf(t, "SELECT MIN(seq) FROM outbox_unsent WHERE seq >= $1", {first});
    if (!unsent.ok()) return unsent.status();
    end = first + kStep;
    if (*young > 0) end = std::min(end, *young);
    if (*unsent > 0) end = std::min(end, *unsent);
    return absl::OkStatus();
  });
  if (!read.ok()) return read;
  if (first == 0 || end == first) return false;
  const absl::Status deleted = store_.Transact([&](store::Transaction& t) {
    return t.Write(
        "DELETE FROM outbox WHERE seq >= $1 AND seq < $2"
        " AND seq NOT IN (SELECT seq FROM outbox_unsent WHERE seq >= $1 AND seq < $2)"
        " AND seq NOT IN (SELECT seq FROM outbox_parked WHERE seq >= $1 AND seq < $2)",
        {first, end});
  });
  if (!deleted.ok()) return deleted;
  deleted_to_ = end - 1;
  return end == first + kStep;
}

}  // namespace simpul::kafka
