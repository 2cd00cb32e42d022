// When the adapters were on the bus last, and what that says of the inventory.
#ifndef SIMPUL_SERVICES_CATALOGUE_SIGHTINGS_H_
#define SIMPUL_SERVICES_CATALOGUE_SIGHTINGS_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "bus/store/store.h"
#include "bus/testing/clock.h"
#include "services/catalogue/inventory.h"
#include "simpul/catalogue/v1/inventory.pb.h"
#include "simpul/catalogue/v1/registry.pb.h"

namespace simpul::catalogue {

// Writes down which authorities are on the bus: at once when one comes or goes, else each minute,
// so that after a crash a time is at most a minute too early. Thread-safe. The store outlives it
// and has Migrations().
class Sightings {
 public:
  Sightings(store::Store& store, Clock& clock) : store_(store), clock_(clock) {}

  // `parts` are those on the bus now. Call it often: mostly it has nothing to write.
  absl::Status Look(const std::vector<v1::Part>& parts);

  // Where `inventory` and what was seen disagree, sorted by authority.
  absl::StatusOr<std::vector<v1::Drift>> FindDrift(const Inventory& inventory,
                                                   absl::Duration silent_for) const;

 private:
  store::Store& store_;
  Clock& clock_;
  absl::Mutex mutex_;
  std::set<std::string> present_ ABSL_GUARDED_BY(mutex_);
  absl::Time written_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
};

}  // namespace simpul::catalogue

#endif  // SIMPUL_SERVICES_CATALOGUE_SIGHTINGS_H_
