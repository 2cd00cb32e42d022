#include "bus/rpc/access.h"

#include <algorithm>

#include "absl/strings/str_format.h"

namespace simpul::rpc {

absl::StatusOr<Identity> Admit(const grpc::ServerContextBase& context,
                               std::span<const std::string_view> kinds) {
  auto peer = PeerOf(context);
  if (!peer.ok()) return peer;
  if (std::find(kinds.begin(), kinds.end(), peer->kind) != kinds.end()) return peer;
  std::string allowed;
  for (const std::string_view kind : kinds) {
    if (!allowed.empty()) allowed += ", ";
    allowed += kind;
  }
  return absl::PermissionDeniedError(absl::StrFormat(
      "%s may not call this; it is for certificates of the kind: %s", peer->Uri(), allowed));
}

}  // namespace simpul::rpc
