// What the catalogue reads out of a protoset: services, which are public, their REST routes,
// events.
#ifndef SIMPUL_SERVICES_CATALOGUE_CONTRACT_H_
#define SIMPUL_SERVICES_CATALOGUE_CONTRACT_H_

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "services/catalogue/route.h"

namespace simpul::catalogue {

// A contract, read once. Immutable, thread-safe.
class Contract {
 public:
  struct Service {
    bool is_public = false;
    std::vector<Route> routes;
  };

  // INVALID_ARGUMENT: `protoset` is no FileDescriptorSet, a file in it does not build (its name and
  // the compiler's text are given), or a REST path is malformed.
  static absl::StatusOr<std::shared_ptr<const Contract>> Read(std::string_view protoset);

  // Null: there is no such service.
  const Service* FindService(std::string_view full_name) const;

  // Whether it has an event type of this full name: a top-level message whose name ends in "Event".
  bool HasEvent(std::string_view full_name) const { return events_.contains(full_name); }

 private:
  std::map<std::string, Service, std::less<>> services_;
  std::set<std::string, std::less<>> events_;
};

}  // namespace simpul::catalogue

#endif  // SIMPUL_SERVICES_CATALOGUE_CONTRACT_H_
