// Who may read from this service.
#ifndef SIMPUL_SERVICES_WIFI_ACCESS_H_
#define SIMPUL_SERVICES_WIFI_ACCESS_H_

#include "absl/status/status.h"

namespace grpc {
class ServerContextBase;
}

namespace simpul::wifi {

// OK for the gateway, services and operators: everybody else comes through the gateway, with a key.
// UNAUTHENTICATED: the peer has no identity. PERMISSION_DENIED: it is of another kind.
// INVALID_ARGUMENT: what it says of its caller is no simpul.bus.v1.Caller.
absl::Status CheckReader(const grpc::ServerContextBase& context);

}  // namespace simpul::wifi

#endif  // SIMPUL_SERVICES_WIFI_ACCESS_H_
