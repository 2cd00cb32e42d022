// What every part is started with, whether alone or inside `simpul up`.
#ifndef SIMPUL_BUS_RPC_PART_OPTIONS_H_
#define SIMPUL_BUS_RPC_PART_OPTIONS_H_

#include <memory>
#include <string>

#include "bus/rpc/identity.h"

namespace simpul::observe {
class AdminServer;
}

namespace simpul::rpc {

struct PartOptions {
  std::shared_ptr<const Credentials> credentials;
  std::string listen = "127.0.0.1:0";     // gRPC, mutual TLS
  std::string catalogue;                  // "host:port" of the catalogue
  std::string kafka;                      // "host:port,…" of the brokers
  std::string store;                      // a StoreOptions::url
  std::string secrets;                    // directory of secret files (bus/config/secret.h)
  observe::AdminServer* admin = nullptr;  // where to say that it is ready; may be null
};

}  // namespace simpul::rpc

#endif  // SIMPUL_BUS_RPC_PART_OPTIONS_H_
