// The inventory's table: what applications the departments say they have.
#ifndef SIMPUL_SERVICES_CATALOGUE_INVENTORY_H_
#define SIMPUL_SERVICES_CATALOGUE_INVENTORY_H_

#include <span>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "bus/rpc/token.h"
#include "bus/store/store.h"
#include "bus/testing/clock.h"
#include "simpul/catalogue/v1/inventory.pb.h"

namespace simpul::catalogue {

// "radius.diskominfo": what the adapter of `application` answers to on the bus.
std::string AuthorityOf(const v1::Application& application);

// Thread-safe. The store outlives it and has Migrations().
class Inventory {
 public:
  Inventory(store::Store& store, Clock& clock, rpc::TokenKey tokens)
      : store_(store), clock_(clock), tokens_(std::move(tokens)) {}

  // In one transaction; an outcome for each, in order. What is refused is not written. As for
  // Transact: after an error nothing is.
  absl::StatusOr<std::vector<v1::ImportOutcome>> Import(
      std::span<const v1::Application* const> applications, bool validate_only);

  // As for InventoryService.
  absl::StatusOr<v1::Application> Get(const v1::GetApplicationRequest& request) const;
  absl::StatusOr<v1::ListApplicationsResponse> List(
      const v1::ListApplicationsRequest& request) const;

  // Calls `each` for all of them, sorted by name.
  absl::Status ForEach(absl::FunctionRef<void(const v1::Application&)> each) const;

 private:
  store::Store& store_;
  Clock& clock_;
  const rpc::TokenKey tokens_;
};

}  // namespace simpul::catalogue

#endif  // SIMPUL_SERVICES_CATALOGUE_INVENTORY_H_
