// Ends sessions whose Stop never came.
#ifndef SIMPUL_SERVICES_WIFI_LOST_STOPS_H_
#define SIMPUL_SERVICES_WIFI_LOST_STOPS_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "bus/kafka/outbox.h"
#include "bus/store/store.h"
#include "bus/testing/clock.h"
#include "services/domain/sources.h"
#include "services/wifi/publisher.h"

namespace simpul::wifi {

using domain::Listening;

// Ends (LOST_STOP) the open sessions of these departments of which nothing was heard for three
// interim intervals, some a transaction, each with an event, and returns how many. A later record
// corrects it.
absl::StatusOr<int64_t> EndLostSessions(store::Store& store, Clock& clock,
                                        const kafka::RevisionClock& revisions,
                                        const Publisher& publisher, const Listening& listening);

}  // namespace simpul::wifi

#endif  // SIMPUL_SERVICES_WIFI_LOST_STOPS_H_
