// Listening sockets that all loops share.
#ifndef SIMPUL_GATEWAY_LISTEN_H_
#define SIMPUL_GATEWAY_LISTEN_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace simpul::gateway {

// Sockets of one address, one for each loop; the kernel spreads the clients over them.
struct ListenSockets {
  std::vector<int> fds;  // owned by whoever takes them
  std::string address;   // where they really listen
};

// `address` is "host:port"; port 0 picks one.
// FAILED_PRECONDITION: it is in use or cannot be bound. INVALID_ARGUMENT: it names no host. Names
// it.
absl::StatusOr<ListenSockets> Listen(const std::string& address, int count);

}  // namespace simpul::gateway

#endif  // SIMPUL_GATEWAY_LISTEN_H_
