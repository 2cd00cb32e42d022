#include "bus/rpc/status.h"

#include <string>

#include "bus/observe/log.h"

namespace simpul::rpc {

// Both sides number the codes as google.rpc.Code does.
grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  // The gateway keeps the text of these from strangers, so here is the last place to find it.
  if (absl::IsInternal(status) || absl::IsUnknown(status)) {
    observe::Log(observe::Severity::kError, "rpc", "a call failed",
                 {{"error", observe::StatusText(status)}});
  }
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), std::string(status.message()));
}

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

}  // namespace simpul::rpc
