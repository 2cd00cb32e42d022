// How a part comes on the bus and stays there, and how it learns of the others.
#ifndef SIMPUL_BUS_RPC_REGISTRATION_H_
#define SIMPUL_BUS_RPC_REGISTRATION_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "bus/rpc/identity.h"

namespace simpul::catalogue::v1 {
class Part;
}

namespace simpul::rpc {

struct RegistrationOptions {
  std::string catalogue;  // "host:port"
  std::shared_ptr<const Credentials> credentials;
  std::string address;  // where the part listens
  std::vector<std::string> services;
  std::vector<std::string> authorities;
  std::vector<std::string> topics;
  std::string protoset;  // from ProtosetOf
};

// Registers the part and renews its lease from one thread until destroyed, then deregisters. Tries
// again while the catalogue is away; a refusal (ALREADY_EXISTS, PERMISSION_DENIED) is logged and
// tried again each lease, since an operator may free the route. Thread-safe.
class Registration {
 public:
  virtual ~Registration() = default;
  static std::unique_ptr<Registration> Start(RegistrationOptions options);

  // OK once registered and while the lease holds; else why not. For /readyz.
  virtual absl::Status status() const = 0;
};

// Follows the catalogue's list of parts from one thread until destroyed. Thread-safe.
class PartsWatch {
 public:
  virtual ~PartsWatch() = default;

  // Calls `changed` on that thread with all parts after each change, never twice with the same
  // list. While the catalogue is away the last list stands.
  static std::unique_ptr<PartsWatch> Start(
      const std::string& catalogue, const std::shared_ptr<const Credentials>& credentials,
      std::function<void(const std::vector<simpul::catalogue::v1::Part>&)> changed);
};

}  // namespace simpul::rpc

#endif  // SIMPUL_BUS_RPC_REGISTRATION_H_
