// The live registry: who is on the bus, with which contract, and whose the public routes are.
#ifndef SIMPUL_SERVICES_CATALOGUE_REGISTRY_H_
#define SIMPUL_SERVICES_CATALOGUE_REGISTRY_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "bus/rpc/identity.h"
#include "bus/store/store.h"
#include "bus/testing/clock.h"
#include "services/catalogue/contract.h"
#include "services/catalogue/route.h"
#include "simpul/catalogue/v1/registry.pb.h"

namespace simpul::catalogue {

// Holds the instances in memory, renewed there, and writes them, the routes' owners and the
// contracts to the store before it says yes: after a crash all of them are known again, and nothing
// expires for one lease. The store outlives it and has Migrations(). Thread-safe.
class Registry {
 public:
  // Called in the order of the changes, with instances that are new or changed and names of those
  // gone. It must not call back.
  using Changed =
      std::function<void(const std::vector<v1::Part>&, const std::vector<std::string>&)>;

  // Reads what the last run knew and tells `changed` of it.
  static absl::StatusOr<std::unique_ptr<Registry>> Open(store::Store& store, Clock& clock,
                                                        absl::Duration lease, Changed changed);

  // Registers or renews an instance of the part whose certificate says `identity`. The errors are
  // those of RegistryService.Register, and RESOURCE_EXHAUSTED for too many instances of one
  // identity.
  absl::StatusOr<v1::Part> Register(const rpc::Identity& identity, const v1::Part& part,
                                    std::string_view protoset);

  absl::Status Deregister(const rpc::Identity& identity, const std::string& instance);

  // Takes the instances whose lease has run out off the bus. Call it again and again.
  void Expire();

  // Sorted by name.
  std::vector<v1::Part> parts() const;

  // NOT_FOUND: no contract has this hash.
  absl::StatusOr<std::string> Protoset(const std::string& hash) const;

  // Frees what `identity`, a SPIFFE ID, owns, and returns it sorted. NOT_FOUND: it owns nothing.
  // FAILED_PRECONDITION: it is on the bus now.
  absl::StatusOr<std::vector<std::string>> ReleaseRoutes(const std::string& identity);

  absl::Duration lease() const { return lease_; }

 private:
  // A public service ("service simpul.wifi.v1.HotspotService") or a REST route of one.
  struct Claim {
    std::string text;
    std::string identity;
  };

  Registry(store::Store& store, Clock& clock, absl::Duration lease, Changed changed);
  absl::Status Load();
  // The instance as it now stands if it is on the bus with just these contents.
  bool Renew(v1::Part& part);
  absl::StatusOr<std::shared_ptr<const Contract>> FindContract(const v1::Part& part,
                                                               std::string_view protoset)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(changes_);
  absl::StatusOr<std::vector<Claim>> NewClaims(const v1::Part& part, const Contract& contract) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(changes_);
  absl::Status CheckRoom(const v1::Part& part) const;
  absl::Status Write(const v1::Part& part, std::string_view protoset,
                     const std::vector<Claim>& claims);
  absl::Status Remove(const std::vector<std::string>& names)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(changes_);

  store::Store& store_;
  Clock& clock_;
  const absl::Duration lease_;
  const Changed changed_;

  // Orders changes: held over their transaction, so that memory, store and watchers see one order.
  // Renewals and reads do not take it. Taken before `mutex_`.
  absl::Mutex changes_;
  std::map<std::string, std::shared_ptr<const Contract>> contracts_ ABSL_GUARDED_BY(changes_);
  std::map<std::string, std::string> owners_ ABSL_GUARDED_BY(changes_);  // claim to identity

  mutable absl::Mutex mutex_;
  std::map<std::string, v1::Part> instances_ ABSL_GUARDED_BY(mutex_);  // by name
};

}  // namespace simpul::catalogue

#endif  // SIMPUL_SERVICES_CATALOGUE_REGISTRY_H_
