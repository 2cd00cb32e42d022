#include "services/wifi/lost_stops.h"

#include <utility>
#include <vector>

#include "bus/testing/fault_point.h"
#include "services/wifi/session_state.h"
#include "services/wifi/table.h"

namespace simpul::wifi {
namespace {

const FaultPoint kBeforeCommit("wifi.sweep_before_commit");

constexpr int64_t kChunk = 200;  // sessions a transaction

// Names of at most kChunk sessions of this department that are lost by now.
absl::StatusOr<std::vector<std::string>> Lost(store::Transaction& transaction,
                                              const std::string& department, absl::Time since,
                                              absl::Time now) {
  std::vector<std::string> names;
  auto status = transaction.Query(
      "SELECT name FROM wifi_session WHERE department = $1 AND lost_us > 0 AND lost_us <= $2 "
      "AND silence_us <= $3 AND visible = 1 LIMIT $4",
      {department, absl::ToUnixMicros(now), absl::ToInt64Microseconds(now - since), kChunk},
      [&](const store::Row& row) {
        names.emplace_back(row.Text(0));
        return absl::OkStatus();
      });
  if (!status.ok()) return status;
  return names;
}

absl::Status End(store::Transaction& transaction, const std::string& name, absl::Time now,
                 const kafka::RevisionClock& revisions, const Publisher& publisher) {
  auto row = LoadSession(transaction, name);
  if (!row.ok()) return row.status();
  row->lost_us = 0;
  row->revision = revisions.Next(row->revision);
  row->resource.set_revision(row->revision);
  EndAsLost(row->resource);
  if (auto saved = Save(transaction, *row); !saved.ok()) return saved;
  return Publish(publisher, transaction, simpul::type::v1::UPDATED, row->resource, now, "");
}

}  // namespace

absl::StatusOr<int64_t> EndLostSessions(store::Store& store, Clock& clock,
                                        const kafka::RevisionClock& revisions,
                                        const Publisher& publisher, const Listening& listening) {
  int64_t ended = 0;
  const absl::Time now = clock.Now();
  for (const auto& [department, since] : listening) {
    int64_t found = kChunk;
    while (found == kChunk) {
      // A look first, since it takes no writer's turn: mostly there is nothing to do.
      std::vector<std::string> names;
      auto status = store.Read([&](store::Transaction& transaction) -> absl::Status {
        auto lost = Lost(transaction, department, since, now);
        if (!lost.ok()) return lost.status();
        names = *std::move(lost);
        return absl::OkStatus();
      });
      if (!status.ok()) return status;
      if (names.empty()) break;
      status = store.Transact([&](store::Transaction& transaction) -> absl::Status {
        // Again, because a record may have come in between.
        auto lost = Lost(transaction, department, since, now);
        if (!lost.ok()) return lost.status();
        for (const std::string& name : *lost) {
          auto done = End(transaction, name, now, revisions, publisher);
          if (!done.ok()) return done;
        }
        found = static_cast<int64_t>(lost->size());
        kBeforeCommit.Pass();
        return absl::OkStatus();
      });
      if (!status.ok()) return status;
      ended += found;
    }
  }
  return ended;
}

}  // namespace simpul::wifi
