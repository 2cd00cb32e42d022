// Takes personal data out of protobuf wire bytes in one pass, by a plan.
#ifndef SIMPUL_GATEWAY_TRANSCODE_STRIP_PERSONAL_H_
#define SIMPUL_GATEWAY_TRANSCODE_STRIP_PERSONAL_H_

#include <string_view>

#include "absl/status/status.h"
#include "gateway/transcode/buffer.h"
#include "gateway/transcode/plan.h"

namespace simpul::transcode {

// Appends `wire` to `out` without the fields that have a privacy class (simpul.privacy.v1), at any
// depth, also in an Any. What nobody can tell is left out too: fields that the contract does not
// know, and the value of an Any of a type that it does not have. Messages that can hold nothing
// personal (MessagePlan::may_hold_personal) are copied as they are. What is legal but unusual (a
// field sent twice, two oneof members) is merged first, as protobuf does. On an error `out` is as
// before.
//
// INTERNAL: the bytes are no such message. RESOURCE_EXHAUSTED: nested deeper than 100 messages.
absl::Status StripPersonal(const MessagePlan& plan, std::string_view wire, Buffer& out);

}  // namespace simpul::transcode

#endif  // SIMPUL_GATEWAY_TRANSCODE_STRIP_PERSONAL_H_
