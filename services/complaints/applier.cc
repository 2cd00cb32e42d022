#include "services/complaints/applier.h"

#include <utility>

#include "bus/testing/fault_point.h"
#include "services/complaints/command_table.h"
#include "services/complaints/complaint.h"
#include "services/domain/apply.h"

namespace simpul::complaints {
namespace {

using kafka::Outcome;

const FaultPoint kBeforeApply("complaints.before_apply");
const FaultPoint kAfterApply("complaints.after_apply");

absl::Status Publish(const domain::Publisher& publisher, store::Transaction& transaction,
                     simpul::type::v1::Change change, const v1::Complaint& complaint,
                     const domain::Cause& cause) {
  v1::ComplaintEvent event;
  *event.mutable_complaint() = domain::PublicOf(change, complaint);
  ClearSecrets(*event.mutable_complaint());
  return publisher.Publish(transaction, change, std::move(event), complaint, cause.observed,
                           cause.trace);
}

}  // namespace

absl::StatusOr<Outcome> Applier::Apply(store::Transaction& transaction,
                                       const kafka::Record& record) {
  kBeforeApply.Pass();
  absl::StatusOr<Outcome> outcome = Outcome::kFiltered;
  if (domain::Holds<v1::SourceComplaintEvent>(record)) {
    outcome = ApplyComplaint(transaction, record);
  }
  kAfterApply.Pass();
  return outcome;
}

absl::StatusOr<Outcome> Applier::ApplyComplaint(store::Transaction& transaction,
                                                const kafka::Record& record) {
  return domain::ApplyEvent(
      record, &v1::SourceComplaintEvent::complaint, "complaints",
      [&](const std::string& name) { return LoadComplaint(transaction, name); },
      [&](ComplaintRow row, const v1::SourceComplaint& source, const domain::Cause& cause) {
        return Put(transaction, std::move(row), source, cause);
      },
      [&](ComplaintRow row, const domain::Cause& cause) {
        return Delete(transaction, std::move(row), cause);
      });
}

absl::StatusOr<Outcome> Applier::Put(store::Transaction& transaction, ComplaintRow row,
                                     const v1::SourceComplaint& source,
                                     const domain::Cause& cause) {
  auto complaint = ComplaintOf(source);
  if (!complaint.ok()) return complaint.status();
  row.app = cause.origin.app;
  row.resource = *std::move(complaint);
  row.source_etag = source.etag();
  row.delete_us = 0;
  auto outcome = Show(transaction, row, true, cause);
  if (!outcome.ok()) return outcome;
  for (const std::string& request_id : source.request_ids()) {
    auto status = SettleCommand(transaction, request_id, row.department, row.resource);
    if (!status.ok()) return status;
  }
  return outcome;
}

absl::StatusOr<Outcome> Applier::Delete(store::Transaction& transaction, ComplaintRow row,
                                        const domain::Cause& cause) {
  row.delete_us = absl::ToUnixMicros(clock_.Now());
  row.source_etag.clear();
  row.resource.Clear();
  return Show(transaction, row, false, cause);
}

absl::StatusOr<Outcome> Applier::Show(store::Transaction& transaction, ComplaintRow& row,
                                      bool visible, const domain::Cause& cause) {
  const bool was_visible = std::exchange(row.is_visible, visible);
  const bool has_news = visible || was_visible;
  if (has_news) row.revision = revisions_.Next(row.revision);
  row.resource.set_name(row.name);
  row.resource.set_revision(row.revision);
  row.resource.set_etag(std::to_string(row.revision));
  *row.resource.mutable_observe_time() = domain::ToProto(cause.observed);
  if (auto status = Save(transaction, row); !status.ok()) return status;
  if (!has_news) return Outcome::kFiltered;
  auto status =
      Publish(publisher_, transaction, domain::ChangeOf(was_visible, visible), row.resource, cause);
  if (!status.ok()) return status;
  return Outcome::kDelivered;
}

}  // namespace simpul::complaints
