// Gives sessions the name of their hotspot after hotspots came, moved or went.
#ifndef SIMPUL_SERVICES_WIFI_RELINK_H_
#define SIMPUL_SERVICES_WIFI_RELINK_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bus/kafka/outbox.h"
#include "bus/store/store.h"
#include "bus/testing/clock.h"
#include "services/wifi/publisher.h"

namespace simpul::wifi {

// Records that sessions on this address must be looked at again; done by Relink after the commit,
// so that one hotspot with a year of sessions makes no huge transaction.
absl::Status QueueRelink(store::Transaction& transaction, const std::string& department,
                         const std::string& nas_address);

// Works off what is queued, some sessions a transaction; each that changes gets a revision and an
// event. Returns how many changed. What a crash interrupts is still queued.
absl::StatusOr<int64_t> Relink(store::Store& store, Clock& clock,
                               const kafka::RevisionClock& revisions, const Publisher& publisher);

}  // namespace simpul::wifi

#endif  // SIMPUL_SERVICES_WIFI_RELINK_H_
