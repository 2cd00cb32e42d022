#include "services/wifi/access.h"

#include "absl/strings/str_format.h"
#include "bus/rpc/identity.h"
#include "simpul/bus/v1/bus.pb.h"

namespace simpul::wifi {

absl::Status CheckReader(const grpc::ServerContextBase& context) {
  const auto peer = rpc::PeerOf(context);
  if (!peer.ok()) return peer.status();
  if (peer->kind != "gateway" && peer->kind != "service" && peer->kind != "operator") {
    return absl::PermissionDeniedError(
        absl::StrFormat("%s may not call this; ask the gateway, with an API key", peer->Uri()));
  }
  return rpc::CallerOf(context).status();
}

}  // namespace simpul::wifi
