// ComplaintService: reads from the store, writes through the department's adapter.
#ifndef SIMPUL_SERVICES_COMPLAINTS_COMPLAINT_SERVICE_H_
#define SIMPUL_SERVICES_COMPLAINTS_COMPLAINT_SERVICE_H_

#include "absl/status/statusor.h"
#include "bus/rpc/token.h"
#include "bus/store/store.h"
#include "services/complaints/commands.h"
#include "simpul/complaints/v1/complaint.grpc.pb.h"

namespace simpul::complaints {

// All arguments outlive it. Thread-safe.
class ComplaintService final : public v1::ComplaintService::Service {
 public:
  ComplaintService(store::Store& store, const rpc::TokenKey& tokens, Commands& commands)
      : store_(store), tokens_(tokens), commands_(commands) {}

  grpc::Status GetComplaint(grpc::ServerContext* context, const v1::GetComplaintRequest* request,
                            v1::Complaint* response) override;
  grpc::Status ListComplaints(grpc::ServerContext* context,
                              const v1::ListComplaintsRequest* request,
                              v1::ListComplaintsResponse* response) override;
  grpc::Status CreateComplaint(grpc::ServerContext* context,
                               const v1::CreateComplaintRequest* request,
                               v1::Complaint* response) override;
  grpc::Status UpdateComplaint(grpc::ServerContext* context,
                               const v1::UpdateComplaintRequest* request,
                               v1::Complaint* response) override;

  // The reads without the call.
  absl::StatusOr<v1::Complaint> Get(const v1::GetComplaintRequest& request);
  absl::StatusOr<v1::ListComplaintsResponse> List(const v1::ListComplaintsRequest& request);

 private:
  store::Store& store_;
  const rpc::TokenKey& tokens_;
  Commands& commands_;
};

}  // namespace simpul::complaints

#endif  // SIMPUL_SERVICES_COMPLAINTS_COMPLAINT_SERVICE_H_
