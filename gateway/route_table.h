// Which instance answers which method: built whole from all parts, never changed, swapped as one.
#ifndef SIMPUL_GATEWAY_ROUTE_TABLE_H_
#define SIMPUL_GATEWAY_ROUTE_TABLE_H_

#include <sys/socket.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bus/rpc/identity.h"
#include "gateway/metrics.h"
#include "gateway/reflection_index.h"
#include "gateway/transcode/contract.h"
#include "gateway/transcode/rest_router.h"

namespace simpul::gateway {

// One running instance of a part.
struct Instance {
  std::string name;     // "parts/service/wifi/instances/3f9c", for logs and errors
  std::string address;  // "host:port"
  bool plaintext = false;
  rpc::Identity identity;                  // whose certificate it must show, unless `plaintext`
  std::vector<sockaddr_storage> resolved;  // `address`; empty: it names no host

  bool operator==(const Instance& other) const;
};

// What an instance serves, before it is a route.
struct Served {
  Instance instance;
  std::vector<std::string> services;     // full names; those that are not public are left out
  std::vector<std::string> authorities;  // of an engine
  std::shared_ptr<const transcode::Contract> contract;
  absl::Time register_time = absl::InfinitePast();
};

// One instance that answers a method, by its own contract.
struct Target {
  uint32_t instance = 0;  // in RouteTable::instances()
  const transcode::Method* method = nullptr;
  const transcode::Contract* contract = nullptr;
  const transcode::RestRouter* rest = nullptr;  // of this contract's public methods
  // By what an answer is stripped of personal data; null: it can hold none.
  const transcode::MessagePlan* strip = nullptr;
  std::string authority;
};

// A public method and who answers it.
struct MethodRoute {
  std::string path;  // "/simpul.wifi.v1.HotspotService/GetHotspot"
  std::string service;
  uint32_t index = 0;  // of its service, for taking turns
  bool client_streaming = false;
  bool server_streaming = false;
  std::vector<Target> targets;
  MethodMetrics* metrics = nullptr;

  bool unary() const { return !client_streaming && !server_streaming; }
};

// Immutable, thread-safe.
class RouteTable {
 public:
  // `warnings` gets a line for each method that could not be routed, and why. Of two contracts that
  // disagree, the one that stands first in `served` is shown by reflection.
  static std::shared_ptr<const RouteTable> Build(std::vector<Served> served, Metrics& metrics,
                                                 std::vector<std::string>& warnings);

  // By "/package.Service/Method"; null: no part serves it to the public.
  const MethodRoute* FindMethod(std::string_view path) const {
    const auto it = by_path_.find(path);
    return it == by_path_.end() ? nullptr : it->second;
  }
  // All REST routes; each by the contract of one of its targets.
  const transcode::RestRouter& rest() const { return *rest_; }
  const std::vector<Instance>& instances() const { return instances_; }
  const ReflectionIndex& reflection() const { return *reflection_; }
  uint32_t service_count() const { return service_count_; }

 private:
  RouteTable() = default;
  void AddMethods(size_t i, std::vector<std::string>& warnings, Metrics& metrics);
  void BuildRest(std::vector<std::string>& warnings);

  std::vector<Served> served_;
  std::vector<Instance> instances_;
  std::vector<std::unique_ptr<MethodRoute>> methods_;
  std::unordered_map<std::string_view, MethodRoute*> by_path_;
  std::unordered_map<std::string, uint32_t> service_index_;
  std::unordered_map<const transcode::Contract*, std::shared_ptr<const transcode::RestRouter>>
      routers_;
  std::shared_ptr<const transcode::RestRouter> rest_;
  std::unique_ptr<ReflectionIndex> reflection_;
  uint32_t service_count_ = 0;
};

// Looks up "host:port", IPv6 in brackets; may ask DNS, so not on a loop's thread. Empty: nothing
// found.
std::vector<sockaddr_storage> Resolve(const std::string& address);

// The `:authority` of a service at an engine: its only one, or the "<app>.<department>" that its
// package "simpul.dept.<department>.<app>.v1" names; empty: none fits.
std::string AuthorityOf(std::string_view service, const std::vector<std::string>& authorities);

}  // namespace simpul::gateway

#endif  // SIMPUL_GATEWAY_ROUTE_TABLE_H_
