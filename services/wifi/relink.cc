#include "services/wifi/relink.h"

#include <optional>
#include <utility>
#include <vector>

#include "bus/testing/fault_point.h"
#include "services/wifi/table.h"

namespace simpul::wifi {
namespace {

const FaultPoint kBeforeCommit("wifi.relink_before_commit");

constexpr int64_t kChunk = 200;  // sessions a transaction

struct Address {
  std::string department;
  std::string nas_address;
};

absl::StatusOr<std::optional<Address>> NextQueued(store::Transaction& transaction) {
  std::optional<Address> next;
  auto status = transaction.Query(
      "SELECT department, nas_address FROM wifi_relink ORDER BY department, nas_address LIMIT 1",
      {}, [&](const store::Row& row) {
        next = {std::string(row.Text(0)), std::string(row.Text(1))};
        return absl::OkStatus();
      });
  if (!status.ok()) return status;
  return next;
}

// Names of at most kChunk visible sessions on `address` that are linked to another hotspot.
absl::StatusOr<std::vector<std::string>> Misled(store::Transaction& transaction,
                                                const Address& address,
                                                const std::string& hotspot) {
  std::vector<std::string> names;
  auto status = transaction.Query(
      "SELECT name FROM wifi_session WHERE department = $1 AND nas_address = $2 AND visible = 1 "
      "AND hotspot <> $3 LIMIT $4",
      {address.department, address.nas_address, hotspot, kChunk}, [&](const store::Row& row) {
        names.emplace_back(row.Text(0));
        return absl::OkStatus();
      });
  if (!status.ok()) return status;
  return names;
}

}  // namespace

absl::Status QueueRelink(store::Transaction& transaction, const std::string& department,
                         const std::string& nas_address) {
  if (nas_address.empty()) return absl::OkStatus();
  // It touches a row that is there already, so that a Relink which is about to remove it, and does
  // not see what this transaction changed, does not pass.
  return transaction.Write(
      "INSERT INTO wifi_relink (department, nas_address) VALUES ($1, $2) "
      "ON CONFLICT (department, nas_address) DO UPDATE SET nas_address = excluded.nas_address",
      {department, nas_address});
}

absl::StatusOr<int64_t> Relink(store::Store& store, Clock& clock,
                               const kafka::RevisionClock& revisions, const Publisher& publisher) {
  int64_t changed = 0;
  bool is_done = false;
  while (!is_done) {
    auto status = store.Transact([&](store::Transaction& transaction) -> absl::Status {
      auto queued = NextQueued(transaction);
      if (!queued.ok()) return queued.status();
      is_done = !queued->has_value();
      if (is_done) return absl::OkStatus();
      const Address& address = **queued;
      auto hotspot = FindHotspot(transaction, address.department, address.nas_address);
      if (!hotspot.ok()) return hotspot.status();
      auto names = Misled(transaction, address, *hotspot);
      if (!names.ok()) return names.status();
      for (const std::string& name : *names) {
        auto row = LoadSession(transaction, name);
        if (!row.ok()) return row.status();
        row->revision = revisions.Next(row->revision);
        row->resource.set_revision(row->revision);
        row->resource.set_hotspot(*hotspot);
        if (auto saved = Save(transaction, *row); !saved.ok()) return saved;
        auto published = Publish(publisher, transaction, simpul::type::v1::UPDATED, row->resource,
                                 clock.Now(), "");
        if (!published.ok()) return published;
      }
      changed += static_cast<int64_t>(names->size());
      if (static_cast<int64_t>(names->size()) < kChunk) {
        auto removed =
            transaction.Write("DELETE FROM wifi_relink WHERE department = $1 AND nas_address = $2",
                              {address.department, address.nas_address});
        if (!removed.ok()) return removed;
      }
      kBeforeCommit.Pass();
      return absl::OkStatus();
    });
    if (!status.ok()) return status;
  }
  return changed;
}

}  // namespace simpul::wifi
