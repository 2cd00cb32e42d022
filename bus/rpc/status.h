// The one bridge between absl::Status and grpc::Status.
#ifndef SIMPUL_BUS_RPC_STATUS_H_
#define SIMPUL_BUS_RPC_STATUS_H_

#include "absl/status/status.h"
#include "grpcpp/support/status.h"

namespace simpul::rpc {

grpc::Status ToGrpc(const absl::Status& status);
absl::Status FromGrpc(const grpc::Status& status);

}  // namespace simpul::rpc

#endif  // SIMPUL_BUS_RPC_STATUS_H_
