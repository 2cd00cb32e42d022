// Ends sessions whose Stop never came, and forgets deleted names after long enough.
#ifndef SIMPUL_SERVICES_WIFI_LOST_STOPS_H_
#define SIMPUL_SERVICES_WIFI_LOST_STOPS_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bus/kafka/outbox.h"
#include "bus/store/store.h"
#include "bus/testing/clock.h"
#include "services/wifi/publisher.h"

namespace simpul::wifi {

// Since when each department has been listened to: its adapter is on the bus and all it had
// published by then is applied. Silence counts from then at the earliest, so that our own absence
// ends nobody's session.
using Listening = std::map<std::string, absl::Time>;

// Ends (LOST_STOP) the open sessions of these departments of which nothing was heard for three
// interim intervals, some a transaction, each with an event, and returns how many. A later record
// corrects it.
absl::StatusOr<int64_t> EndLostSessions(store::Store& store, Clock& clock,
                                        const kafka::RevisionClock& revisions,
                                        const Publisher& publisher, const Listening& listening);

// Forgets names that were deleted longer ago than any topic keeps their events (14 days).
absl::Status ForgetDeleted(store::Store& store, Clock& clock);

}  // namespace simpul::wifi

#endif  // SIMPUL_SERVICES_WIFI_LOST_STOPS_H_
