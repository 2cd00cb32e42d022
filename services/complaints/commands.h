// Writes: sent to the department's adapter at most once for a request_id, whatever is killed.
#ifndef SIMPUL_SERVICES_COMPLAINTS_COMMANDS_H_
#define SIMPUL_SERVICES_COMPLAINTS_COMMANDS_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bus/rpc/token.h"
#include "bus/store/store.h"
#include "bus/testing/clock.h"
#include "grpcpp/client_context.h"
#include "services/complaints/adapters.h"
#include "services/complaints/command_table.h"
#include "simpul/complaints/v1/complaint.pb.h"
#include "simpul/complaints/v1/source.grpc.pb.h"

namespace simpul::complaints {

// A write is recorded before it is sent and its outcome after; one that is begun is never sent
// again. If its outcome is not known (the answer did not come, or we were killed in between) it
// stays so until an event of the adapter carries its request_id. All arguments outlive it.
// Thread-safe.
class Commands {
 public:
  Commands(store::Store& store, Clock& clock, const rpc::TokenKey& tokens, const Adapters& adapters,
           std::function<std::vector<std::string>()> source_topics)
      : store_(store),
        clock_(clock),
        tokens_(tokens),
        adapters_(adapters),
        source_topics_(std::move(source_topics)) {}

  // `agency` is whose request_id it is (rpc::AdmitWriter). Answers with the whole complaint as the
  // application has it, without etag, revision and, unless the platform has seen it, observe_time.
  // As ComplaintService.
  absl::StatusOr<v1::Complaint> Create(const std::string& agency,
                                       const v1::CreateComplaintRequest& request);
  absl::StatusOr<v1::Complaint> Update(const std::string& agency,
                                       const v1::UpdateComplaintRequest& request);

 private:
  using Stub = v1::ComplaintSourceService::Stub;
  using Send = std::function<grpc::Status(Stub&, grpc::ClientContext&, v1::SourceComplaint*)>;

  absl::StatusOr<Command> Name(const std::string& agency, const std::string& request_id,
                               std::string department,
                               const google::protobuf::Message& request) const;
  // What it was answered before, if it was begun before.
  absl::StatusOr<std::optional<absl::StatusOr<v1::Complaint>>> Answered(const Command& command);
  absl::StatusOr<v1::Complaint> Run(const Command& command, const std::string& app,
                                    const Send& send);
  absl::StatusOr<v1::Complaint> Settle(const Command& command, const grpc::Status& status,
                                       bool is_not_written, const v1::SourceComplaint& source);

  store::Store& store_;
  Clock& clock_;
  const rpc::TokenKey& tokens_;
  const Adapters& adapters_;
  const std::function<std::vector<std::string>()> source_topics_;
};

}  // namespace simpul::complaints

#endif  // SIMPUL_SERVICES_COMPLAINTS_COMMANDS_H_
