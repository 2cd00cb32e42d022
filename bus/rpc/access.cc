#include "bus/rpc/access.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "simpul/bus/v1/bus.pb.h"

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

absl::StatusOr<std::string> AdmitWriter(const grpc::ServerContextBase& context,
                                        std::string_view domain) {
  auto peer = Admit(context, kReaders);
  if (!peer.ok()) return peer.status();
  if (peer->kind == "operator") return peer->Path();
  auto caller = CallerOf(context);
  if (!caller.ok()) return caller.status();
  const auto& writes = caller->writes();
  if (!caller->agency().empty() && std::find(writes.begin(), writes.end(), domain) != writes.end())
    return caller->agency();
  return absl::PermissionDeniedError(absl::StrFormat(
      "this API key may only read; an operator makes one that may write by `simpul key create "
      "--agency <name> --write %s`",
      domain));
}

}  // namespace simpul::rpc
