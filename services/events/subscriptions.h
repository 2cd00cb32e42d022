// The durable subscriptions and how far each was acknowledged, in the part's store.
#ifndef SIMPUL_SERVICES_EVENTS_SUBSCRIPTIONS_H_
#define SIMPUL_SERVICES_EVENTS_SUBSCRIPTIONS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "bus/store/store.h"
#include "bus/testing/clock.h"
#include "services/events/position.h"
#include "simpul/events/v1/events.pb.h"

namespace simpul::events {

// One row.
struct StoredSubscription {
  std::string id;
  int64_t uid = 0;  // another one for each creation, so that a deleted one's tokens are of no use
  std::vector<std::string> types;  // sorted
  std::string prefix;
  v1::Start start = v1::LATEST;
  absl::Time create_time;
  std::optional<absl::Time> acknowledge_time;
  Position position;  // all before it has been acknowledged

  v1::Subscription ToProto() const;
};

// Each answers for one agency only: another's subscription is NOT_FOUND. What returned OK survives
// a crash. Thread-safe.
class Subscriptions {
 public:
  // `store` outlives it; migrated by Open.
  static absl::StatusOr<std::unique_ptr<Subscriptions>> Open(store::Store& store, Clock& clock,
                                                             int per_agency);

  // The subscription as it stands: the first one, if the same was made before; its position is that
  // of the first creation. ALREADY_EXISTS: the name is taken with other types, prefix or start.
  // RESOURCE_EXHAUSTED: the agency has as many as it may.
  absl::StatusOr<StoredSubscription> Create(const std::string& agency, StoredSubscription wanted);
  absl::StatusOr<StoredSubscription> Get(const std::string& agency, const std::string& id) const;
  // All of the agency's, which are few, sorted by id.
  absl::StatusOr<std::vector<StoredSubscription>> List(const std::string& agency) const;
  absl::Status Delete(const std::string& agency, const std::string& id);
  // Moves each partition's acknowledged offset to `position` where that is further, never back.
  // NOT_FOUND: gone, or made anew since `uid`.
  absl::StatusOr<StoredSubscription> Acknowledge(const std::string& agency, const std::string& id,
                                                 int64_t uid, const Position& position);

 private:
  Subscriptions(store::Store& store, Clock& clock, int per_agency)
      : store_(store), clock_(clock), per_agency_(per_agency) {}

  store::Store& store_;
  Clock& clock_;
  const int per_agency_;
};

}  // namespace simpul::events

#endif  // SIMPUL_SERVICES_EVENTS_SUBSCRIPTIONS_H_
