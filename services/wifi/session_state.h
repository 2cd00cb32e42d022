// What a department's accounting row means as a public session.
#ifndef SIMPUL_SERVICES_WIFI_SESSION_STATE_H_
#define SIMPUL_SERVICES_WIFI_SESSION_STATE_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "simpul/wifi/v1/source.pb.h"
#include "simpul/wifi/v1/wifi.pb.h"

namespace simpul::wifi {

// The session that `source` tells of: name, state, times, counters, personal fields; hotspot,
// revision and observe_time are the caller's. INVALID_ARGUMENT: a counter or the session time is
// negative.
absl::StatusOr<v1::Session> SessionOf(const v1::SourceSession& source);

// Acct-Terminate-Cause in the words of RFC 2866 (section 5.10), in any case. Anything else is
// OTHER.
v1::Session::EndReason EndReasonOf(std::string_view terminate_cause);

// How long nothing may be heard of an open session: three interim intervals; zero if it sends none.
absl::Duration SilenceOf(const v1::SourceSession& source);

// Ends an open session of which nothing was heard for too long. It ends when it was last heard of:
// at its last accounting record, by the access point's clock as its start is.
void EndAsLost(v1::Session& session);

}  // namespace simpul::wifi

#endif  // SIMPUL_SERVICES_WIFI_SESSION_STATE_H_
