// What the gateway knows of the rest of the bus: follows the catalogue and turns parts, contracts
// and keys into route tables and key sets.
#ifndef SIMPUL_GATEWAY_CATALOGUE_WATCH_H_
#define SIMPUL_GATEWAY_CATALOGUE_WATCH_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bus/rpc/identity.h"
#include "gateway/keys.h"
#include "gateway/metrics.h"
#include "gateway/options.h"
#include "gateway/route_table.h"

namespace simpul::gateway {

struct CatalogueWatchOptions {
  std::string catalogue;  // "host:port"; empty: static parts and keys only
  std::shared_ptr<const rpc::Credentials> credentials;
  std::string data;                                        // directory of the snapshot; empty: none
  absl::Duration keys_max_age = absl::InfiniteDuration();  // of keys in the snapshot
  std::vector<Served> static_parts;
  Metrics* metrics = nullptr;
  // Called from threads of the watch, each time with all there is.
  std::function<void(std::shared_ptr<const RouteTable>)> on_routes;
  std::function<void(std::shared_ptr<const KeySet>)> on_keys;
};

// Watches until destroyed. While the catalogue is away, what was last known stands. Thread-safe.
class CatalogueWatch {
 public:
  virtual ~CatalogueWatch() = default;
  // Calls on_routes before it returns if static parts or a snapshot are there.
  static std::unique_ptr<CatalogueWatch> Start(CatalogueWatchOptions options);

  // OK once routes and keys are known.
  virtual absl::Status ready() const = 0;
  // Whether the last route table has the part that listens at `address`.
  virtual bool has_routes_to(const std::string& address) const = 0;
};

// NOT_FOUND, INVALID_ARGUMENT: its protoset or identity cannot be used; names the part.
absl::StatusOr<Served> LoadStaticPart(const StaticPart& part);

}  // namespace simpul::gateway

#endif  // SIMPUL_GATEWAY_CATALOGUE_WATCH_H_
