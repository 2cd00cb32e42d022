#include "services/wifi/table.h"

namespace simpul::wifi {
namespace {

using domain::ReadResource;
using domain::WriteRow;

void ReadHead(const store::Row& row, PlaceRow& place) {
  domain::ReadHead(row, place);
  place.nas_address = row.Text(6);
}

absl::Status ReadSession(const store::Row& row, SessionRow& session) {
  ReadHead(row, session);
  session.unique_id = row.Text(7);
  session.start_us = row.Int(8);
  session.silence_us = row.Int(9);
  session.lost_us = row.Int(10);
  return ReadResource(row.Bytes(11), session.resource);
}

}  // namespace

absl::StatusOr<HotspotRow> LoadHotspot(store::Transaction& transaction, std::string_view name) {
  HotspotRow hotspot;
  auto status = transaction.Query(
      "SELECT name, department, source_revision, revision, visible, delete_us, nas_address, "
      "resource "
      "FROM wifi_hotspot WHERE name = $1",
      {name}, [&](const store::Row& row) {
        ReadHead(row, hotspot);
        return ReadResource(row.Bytes(7), hotspot.resource);
      });
  if (!status.ok()) return status;
  hotspot.name = name;
  return hotspot;
}

absl::StatusOr<SessionRow> LoadSession(store::Transaction& transaction, std::string_view name) {
  SessionRow session;
  auto status = transaction.Query(
      "SELECT name, department, source_revision, revision, visible, delete_us, nas_address, "
      "unique_id, start_us, silence_us, lost_us, resource FROM wifi_session WHERE name = $1",
      {name}, [&](const store::Row& row) { return ReadSession(row, session); });
  if (!status.ok()) return status;
  session.name = name;
  return session;
}

absl::Status Save(store::Transaction& transaction, HotspotRow& row) {
  const std::string bytes = row.resource.SerializeAsString();
  const int64_t visible = row.is_visible ? 1 : 0;
  if (!row.IsStored()) {
    return WriteRow(
        transaction,
        "INSERT INTO wifi_hotspot (name, department, source_revision, revision, visible, "
        "delete_us, nas_address, resource) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO "
        "NOTHING",
        {row.name, row.department, row.source_revision, row.revision, visible, row.delete_us,
         row.nas_address, store::Blob{bytes}},
        row);
  }
  return WriteRow(
      transaction,
      "UPDATE wifi_hotspot SET source_revision = $2, revision = $3, visible = $4, "
      "delete_us = $5, nas_address = $6, resource = $7 "
      "WHERE name = $1 AND source_revision = $8 AND revision = $9",
      {row.name, row.source_revision, row.revision, visible, row.delete_us, row.nas_address,
       store::Blob{bytes}, row.stored_source_revision, row.stored_revision},
      row);
}

absl::Status Save(store::Transaction& transaction, SessionRow& row) {
  const std::string bytes = row.resource.SerializeAsString();
  const int64_t visible = row.is_visible ? 1 : 0;
  const int64_t state = row.resource.state();
  if (!row.IsStored()) {
    return WriteRow(
        transaction,
        "INSERT INTO wifi_session (name, department, source_revision, revision, visible, "
        "delete_us, nas_address, unique_id, start_us, silence_us, lost_us, state, hotspot, "
        "resource) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON "
        "CONFLICT DO NOTHING",
        {row.name, row.department, row.source_revision, row.revision, visible, row.delete_us,
         row.nas_address, row.unique_id, row.start_us, row.silence_us, row.lost_us, state,
         row.resource.hotspot(), store::Blob{bytes}},
        row);
  }
  return WriteRow(
      transaction,
      "UPDATE wifi_session SET source_revision = $2, revision = $3, visible = $4, "
      "delete_us = $5, nas_address = $6, unique_id = $7, start_us = $8, silence_us = $9, "
      "lost_us = $10, state = $11, hotspot = $12, resource = $13 "
      "WHERE name = $1 AND source_revision = $14 AND revision = $15",
      {row.name, row.source_revision, row.revision, visible, row.delete_us, row.nas_address,
       row.unique_id, row.start_us, row.silence_us, row.lost_us, state, row.resource.hotspot(),
       store::Blob{bytes}, row.stored_source_revision, row.stored_revision},
      row);
}

absl::StatusOr<std::string> FindHotspot(store::Transaction& transaction,
                                        const std::string& department,
                                        const std::string& nas_address) {
  std::string name;
  if (nas_address.empty()) return name;
  auto status = transaction.Query(
      "SELECT name FROM wifi_hotspot WHERE department = $1 AND nas_address = $2 AND visible = 1 "
      "ORDER BY name LIMIT 1",
      {department, nas_address}, [&](const store::Row& row) {
        name = row.Text(0);
        return absl::OkStatus();
      });
  if (!status.ok()) return status;
  return name;
}

absl::StatusOr<std::vector<SessionRow>> LoadSame(store::Transaction& transaction,
                                                 const std::string& department,
                                                 const std::string& unique_id,
                                                 const std::string& except) {
  std::vector<SessionRow> same;
  if (unique_id.empty()) return same;
  auto status = transaction.Query(
      "SELECT name, department, source_revision, revision, visible, delete_us, nas_address, "
      "unique_id, start_us, silence_us, lost_us, resource FROM wifi_session "
      "WHERE department = $1 AND unique_id = $2 AND unique_id <> '' AND delete_us = 0 AND name <> "
      "$3",
      {department, unique_id, except}, [&](const store::Row& row) {
        same.emplace_back();
        return ReadSession(row, same.back());
      });
  if (!status.ok()) return status;
  return same;
}

}  // namespace simpul::wifi
