#include "services/complaints/complaint_service.h"

#include <utility>

#include "bus/rpc/access.h"
#include "bus/rpc/privacy.h"
#include "bus/rpc/status.h"
#include "services/complaints/complaint.h"
#include "services/complaints/complaint_list.h"
#include "services/complaints/table.h"
#include "services/domain/name.h"
#include "services/domain/observation.h"
#include "services/domain/page.h"

namespace simpul::complaints {
namespace {

constexpr std::string_view kDomain = "complaints";
constexpr std::string_view kNoun = "complaint";  // as its source topics end

// As it goes out on every public road.
void ClearForPublic(v1::Complaint& complaint) {
  ClearSecrets(complaint);
  rpc::ClearPersonalFields(complaint);
}

// What is over may be older than the adapter looks back.
void ShowObserved(const domain::Observed& observed, v1::Complaint& complaint) {
  if (!IsOver(complaint.state())) observed.Show(complaint);
}

grpc::Status Answer(absl::StatusOr<v1::Complaint> complaint, v1::Complaint* response) {
  if (!complaint.ok()) return rpc::ToGrpc(complaint.status());
  *response = *std::move(complaint);
  ClearForPublic(*response);
  return grpc::Status::OK;
}

}  // namespace

absl::StatusOr<v1::Complaint> ComplaintService::Get(const v1::GetComplaintRequest& request) {
  v1::Complaint complaint;
  auto status = store_.Read([&](store::Transaction& transaction) -> absl::Status {
    if (!domain::DepartmentOf(request.name(), kDomain)) return absl::OkStatus();
    auto row = LoadComplaint(transaction, request.name());
    if (!row.ok()) return row.status();
    if (!row->is_visible) return absl::OkStatus();
    complaint = std::move(row->resource);
    auto observed = domain::Observed::Read(transaction, kNoun);
    if (!observed.ok()) return observed.status();
    ShowObserved(*observed, complaint);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  if (complaint.name().empty()) {
    return absl::NotFoundError(
        "name: no complaint has it; ListComplaints gives those that there are");
  }
  ClearForPublic(complaint);
  return complaint;
}

absl::StatusOr<v1::ListComplaintsResponse> ComplaintService::List(
    const v1::ListComplaintsRequest& request) {
  auto filter = ReadFilter(request);
  if (!filter.ok()) return filter.status();
  const std::string scope = filter->Scope();
  auto page = domain::ReadPage(tokens_, scope, request.page_size(), request.page_token());
  if (!page.ok()) return page.status();
  v1::ListComplaintsResponse response;
  auto status = store_.Read([&](store::Transaction& transaction) -> absl::Status {
    if (auto read = ReadComplaints(transaction, *filter, *page, response); !read.ok()) return read;
    auto observed = domain::Observed::Read(transaction, kNoun);
    if (!observed.ok()) return observed.status();
    for (v1::Complaint& complaint : *response.mutable_complaints()) {
      ShowObserved(*observed, complaint);
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  response.set_next_page_token(
      domain::CutToPage(tokens_, scope, *page, *response.mutable_complaints()));
  for (v1::Complaint& complaint : *response.mutable_complaints()) ClearForPublic(complaint);
  return response;
}

grpc::Status ComplaintService::GetComplaint(grpc::ServerContext* context,
                                            const v1::GetComplaintRequest* request,
                                            v1::Complaint* response) {
  if (auto peer = rpc::Admit(*context, rpc::kReaders); !peer.ok())
    return rpc::ToGrpc(peer.status());
  return Answer(Get(*request), response);
}

grpc::Status ComplaintService::ListComplaints(grpc::ServerContext* context,
                                              const v1::ListComplaintsRequest* request,
                                              v1::ListComplaintsResponse* response) {
  if (auto peer = rpc::Admit(*context, rpc::kReaders); !peer.ok())
    return rpc::ToGrpc(peer.status());
  auto complaints = List(*request);
  if (!complaints.ok()) return rpc::ToGrpc(complaints.status());
  *response = *std::move(complaints);
  return grpc::Status::OK;
}

grpc::Status ComplaintService::CreateComplaint(grpc::ServerContext* context,
                                               const v1::CreateComplaintRequest* request,
                                               v1::Complaint* response) {
  auto agency = rpc::AdmitWriter(*context, kDomain);
  if (!agency.ok()) return rpc::ToGrpc(agency.status());
  return Answer(commands_.Create(*agency, *request), response);
}

grpc::Status ComplaintService::UpdateComplaint(grpc::ServerContext* context,
                                               const v1::UpdateComplaintRequest* request,
                                               v1::Complaint* response) {
  auto agency = rpc::AdmitWriter(*context, kDomain);
  if (!agency.ok()) return rpc::ToGrpc(agency.status());
  return Answer(commands_.Update(*agency, *request), response);
}

}  // namespace simpul::complaints
