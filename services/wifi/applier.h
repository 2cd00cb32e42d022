// Applies what adapters publish to the tables of this service and records what that means in
// public.
#ifndef SIMPUL_SERVICES_WIFI_APPLIER_H_
#define SIMPUL_SERVICES_WIFI_APPLIER_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bus/kafka/consumer.h"
#include "bus/kafka/outbox.h"
#include "bus/store/store.h"
#include "bus/testing/clock.h"
#include "services/domain/source_event.h"
#include "services/wifi/publisher.h"
#include "services/wifi/table.h"
#include "simpul/wifi/v1/source.pb.h"

namespace simpul::wifi {

// Rules:
// - only a greater source revision is applied;
// - an adapter speaks for its own department: topic, ce_source and resource name agree, or the
//   record is parked;
// - of the rows with one unique_id the newest is the session (the later start, then the longer and
//   greater name, so a greater number); the others are kept hidden and take its place when it is
//   deleted;
// - a deleted name keeps its revisions, and goes on from them when it returns.
// One thread; all but the transaction outlives it.
class Applier {
 public:
  Applier(Clock& clock, const kafka::RevisionClock& revisions, const Publisher& publisher)
      : clock_(clock), revisions_(revisions), publisher_(publisher) {}

  // A kafka::Handler. INVALID_ARGUMENT: the record cannot be applied, ever.
  absl::StatusOr<kafka::Outcome> Apply(store::Transaction& transaction,
                                       const kafka::Record& record);

 private:
  using Cause = domain::Cause;

  absl::StatusOr<kafka::Outcome> ApplySession(store::Transaction& transaction,
                                              const kafka::Record& record);
  absl::StatusOr<kafka::Outcome> ApplyHotspot(store::Transaction& transaction,
                                              const kafka::Record& record);
  absl::StatusOr<kafka::Outcome> Put(store::Transaction& transaction, SessionRow row,
                                     const v1::SourceSession& source, const Cause& cause);
  absl::StatusOr<kafka::Outcome> Delete(store::Transaction& transaction, SessionRow row,
                                        const Cause& cause);
  absl::StatusOr<kafka::Outcome> Put(store::Transaction& transaction, HotspotRow row,
                                     const v1::SourceHotspot& source, const Cause& cause);
  absl::StatusOr<kafka::Outcome> Delete(store::Transaction& transaction, HotspotRow row,
                                        const Cause& cause);
  // Saves `row` with this visibility and publishes what that means. Whether there was something to
  // say.
  absl::StatusOr<bool> Show(store::Transaction& transaction, SessionRow& row, bool visible,
                            const Cause& cause);
  absl::StatusOr<bool> Show(store::Transaction& transaction, HotspotRow& row, bool visible,
                            const Cause& cause);
  // Shows the newest of the rows with this unique id, since the one that was shown is gone.
  absl::Status Promote(store::Transaction& transaction, const std::string& department,
                       const std::string& unique_id, const std::string& except, const Cause& cause);

  Clock& clock_;
  const kafka::RevisionClock& revisions_;
  const Publisher& publisher_;
};

}  // namespace simpul::wifi

#endif  // SIMPUL_SERVICES_WIFI_APPLIER_H_
