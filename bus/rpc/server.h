// A part's gRPC server: mutual TLS, reflection, health, limits.
#ifndef SIMPUL_BUS_RPC_SERVER_H_
#define SIMPUL_BUS_RPC_SERVER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bus/rpc/identity.h"

namespace grpc {
class CallbackGenericService;
class Channel;
class Service;
}  // namespace grpc

namespace simpul::rpc {

struct ServerOptions {
  std::string address = "127.0.0.1:0";  // port 0 picks one
  std::shared_ptr<const Credentials> credentials;
  std::vector<grpc::Service*> services;             // outlive the server
  grpc::CallbackGenericService* generic = nullptr;  // answers what no service does
  int max_receive_bytes = 4 << 20;
};

// Serves until destroyed. Thread-safe.
class Server {
 public:
  virtual ~Server() = default;  // ends streams, waits for calls at most the grace of Shutdown

  // FAILED_PRECONDITION: the address is in use or cannot be bound; the message names it.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options);

  // Refuses new calls, lets those in hand finish within `grace`, then cancels them.
  virtual void Shutdown(absl::Duration grace) = 0;

  // "127.0.0.1:43211": where it really listens.
  virtual std::string address() const = 0;
};

// A channel to `address` that believes only `expected`. Unary calls without a deadline get
// `default_deadline`; streams are left alone. Keepalive finds a dead peer within 20 s. A wrong
// identity shows as UNAVAILABLE: nothing was sent to it.
std::shared_ptr<grpc::Channel> Connect(const std::string& address, const Credentials& credentials,
                                       const Identity& expected,
                                       absl::Duration default_deadline = absl::Seconds(10));

}  // namespace simpul::rpc

#endif  // SIMPUL_BUS_RPC_SERVER_H_
