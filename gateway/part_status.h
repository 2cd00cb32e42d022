// What a caller may hear of an error that a part answered with.
#ifndef SIMPUL_GATEWAY_PART_STATUS_H_
#define SIMPUL_GATEWAY_PART_STATUS_H_

#include "absl/status/status.h"
#include "gateway/call.h"

namespace simpul::gateway {

// Nobody wrote the text of INTERNAL for a caller, nor of UNKNOWN: gRPC puts there what an exception
// said, and that may be SQL, a path or a citizen's data. Of our own services UNKNOWN is a word of
// theirs: that the outcome of a write is not known.
bool IsUnmeantForCallers(const Call& call, absl::StatusCode code);

// In place of such an error: the same code, and the request's id, under which it is logged.
absl::Status WithoutItsText(const Call& call, absl::StatusCode code);

}  // namespace simpul::gateway

#endif  // SIMPUL_GATEWAY_PART_STATUS_H_
