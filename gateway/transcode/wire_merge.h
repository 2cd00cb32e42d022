// Rewrites legal but unusual wire bytes into the usual form.
#ifndef SIMPUL_GATEWAY_TRANSCODE_WIRE_MERGE_H_
#define SIMPUL_GATEWAY_TRANSCODE_WIRE_MERGE_H_

#include <string>
#include <string_view>

#include "gateway/transcode/plan.h"

namespace simpul::transcode {

// Appends to `merged` the same message with each field at one place, by ascending number, as
// protobuf's parsers would merge it: the last scalar wins, messages are joined, the last member of
// a oneof wins, the last of equal map keys wins. Unknown fields are dropped. One level only: the
// messages inside are as they were. With `only`, just that field. False if the bytes are no
// message.
bool MergeFields(const MessagePlan& plan, std::string_view wire, std::string& merged,
                 const FieldPlan* only = nullptr);

}  // namespace simpul::transcode

#endif  // SIMPUL_GATEWAY_TRANSCODE_WIRE_MERGE_H_
