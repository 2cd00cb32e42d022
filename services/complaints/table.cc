#include "services/complaints/table.h"

#include <cstdint>

#include "google/protobuf/util/time_util.h"

namespace simpul::complaints {

absl::StatusOr<ComplaintRow> LoadComplaint(store::Transaction& transaction, std::string_view name) {
  ComplaintRow complaint;
  auto status = transaction.Query(
      "SELECT name, department, source_revision, revision, visible, delete_us, app, source_etag, "
      "resource FROM complaint WHERE name = $1",
      {name}, [&](const store::Row& row) {
        domain::ReadHead(row, complaint);
        complaint.app = row.Text(6);
        complaint.source_etag = row.Text(7);
        return domain::ReadResource(row.Bytes(8), complaint.resource);
      });
  if (!status.ok()) return status;
  complaint.name = name;
  return complaint;
}

absl::Status Save(store::Transaction& transaction, ComplaintRow& row) {
  const v1::Complaint& complaint = row.resource;
  const std::string bytes = complaint.SerializeAsString();
  const int64_t visible = row.is_visible ? 1 : 0;
  const int64_t state = complaint.state();
  const int64_t classification = complaint.classification();
  const int64_t create_us =
      google::protobuf::util::TimeUtil::TimestampToMicroseconds(complaint.create_time());
  if (!row.IsStored()) {
    return domain::WriteRow(
        transaction,
        "INSERT INTO complaint (name, department, source_revision, revision, visible, "
        "delete_us, app, source_etag, state, classification, category, create_us, resource) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING",
        {row.name, row.department, row.source_revision, row.revision, visible, row.delete_us,
         row.app, row.source_etag, state, classification, complaint.category(), create_us,
         store::Blob{bytes}},
        row);
  }
  return domain::WriteRow(
      transaction,
      "UPDATE complaint SET source_revision = $2, revision = $3, visible = $4, "
      "delete_us = $5, app = $6, source_etag = $7, state = $8, classification = $9, "
      "category = $10, create_us = $11, resource = $12 "
      "WHERE name = $1 AND source_revision = $13 AND revision = $14",
      {row.name, row.source_revision, row.revision, visible, row.delete_us, row.app,
       row.source_etag, state, classification, complaint.category(), create_us, store::Blob{bytes},
       row.stored_source_revision, row.stored_revision},
      row);
}

}  // namespace simpul::complaints
