// Applies what adapters publish to the table of complaints and records what that means in public.
#ifndef SIMPUL_SERVICES_COMPLAINTS_APPLIER_H_
#define SIMPUL_SERVICES_COMPLAINTS_APPLIER_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bus/kafka/consumer.h"
#include "bus/kafka/outbox.h"
#include "bus/store/store.h"
#include "bus/testing/clock.h"
#include "services/complaints/table.h"
#include "services/domain/publisher.h"
#include "services/domain/source_event.h"
#include "simpul/complaints/v1/source.pb.h"

namespace simpul::complaints {

// Only a greater source revision is applied; an adapter speaks for its own department; a deleted
// name keeps its revisions, and goes on from them when it returns; a write whose request_id the
// complaint carries is done. One thread; all but the transaction outlives it.
class Applier {
 public:
  Applier(Clock& clock, const kafka::RevisionClock& revisions, const domain::Publisher& publisher)
      : clock_(clock), revisions_(revisions), publisher_(publisher) {}

  // A kafka::Handler. INVALID_ARGUMENT: the record cannot be applied, ever.
  absl::StatusOr<kafka::Outcome> Apply(store::Transaction& transaction,
                                       const kafka::Record& record);

 private:
  absl::StatusOr<kafka::Outcome> ApplyComplaint(store::Transaction& transaction,
                                                const kafka::Record& record);
  absl::StatusOr<kafka::Outcome> Put(store::Transaction& transaction, ComplaintRow row,
                                     const v1::SourceComplaint& source, const domain::Cause& cause);
  absl::StatusOr<kafka::Outcome> Delete(store::Transaction& transaction, ComplaintRow row,
                                        const domain::Cause& cause);
  // Saves `row` with this visibility and publishes what that means.
  absl::StatusOr<kafka::Outcome> Show(store::Transaction& transaction, ComplaintRow& row,
                                      bool visible, const domain::Cause& cause);

  Clock& clock_;
  const kafka::RevisionClock& revisions_;
  const domain::Publisher& publisher_;
};

}  // namespace simpul::complaints

#endif  // SIMPUL_SERVICES_COMPLAINTS_APPLIER_H_
