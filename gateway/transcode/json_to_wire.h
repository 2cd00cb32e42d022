// Strict JSON to protobuf wire bytes in one pass, by a plan.
#ifndef SIMPUL_GATEWAY_TRANSCODE_JSON_TO_WIRE_H_
#define SIMPUL_GATEWAY_TRANSCODE_JSON_TO_WIRE_H_

#include <cstddef>

#include "absl/status/status.h"
#include "gateway/transcode/buffer.h"
#include "gateway/transcode/plan.h"

namespace simpul::transcode {

struct JsonToWireLimits {
  int max_depth = 64;                    // Objects and arrays inside each other.
  size_t max_output = size_t{64} << 20;  // Bytes on the wire.
};

// Appends to `out` the wire form of the JSON document, which must be an object as the proto3 JSON
// mapping describes it (or the special form of a google.protobuf type). On an error `out` is as
// before.
//
// Strict: what RFC 8259 does not allow is refused, so are unknown and repeated keys, two members of
// a oneof, values of the wrong type or out of range, text that is not UTF-8, and anything after the
// document. `null` means that the field is not set.
//
// INVALID_ARGUMENT: "session.marks[2]: out of range at byte 34": the field's path in the contract's
//   words, what is wrong, where. Nothing that the client sent is repeated.
// RESOURCE_EXHAUSTED: more than max_output.
absl::Status JsonToWire(const MessagePlan& plan, PaddedText json, Buffer& out,
                        const JsonToWireLimits& limits = {});

// The same for one field (tag and value): the document is the field's value, an array if it
// repeats. `null` gives nothing.
absl::Status JsonToWire(const FieldPlan& field, PaddedText json, Buffer& out,
                        const JsonToWireLimits& limits = {});

}  // namespace simpul::transcode

#endif  // SIMPUL_GATEWAY_TRANSCODE_JSON_TO_WIRE_H_
