// Protobuf wire bytes to JSON in one pass, by a plan.
#ifndef SIMPUL_GATEWAY_TRANSCODE_WIRE_TO_JSON_H_
#define SIMPUL_GATEWAY_TRANSCODE_WIRE_TO_JSON_H_

#include <cstddef>
#include <string_view>

#include "absl/status/status.h"
#include "gateway/transcode/buffer.h"
#include "gateway/transcode/plan.h"

namespace simpul::transcode {

struct WireToJsonOptions {
  int max_depth = 64;                    // Messages inside each other.
  size_t max_output = size_t{64} << 20;  // Bytes of JSON.
  // Leaves out every field with a privacy class (simpul.privacy.v1), at any depth, also in an Any
  // whose type the contract knows. An Any of another type is an error.
  bool omit_personal = true;
};

// Appends to `out` the proto3 JSON form of `wire`: lowerCamelCase names, fields in wire order,
// defaults without presence left out, shortest numbers, 64-bit integers as strings, enums by name.
// Fields that the contract does not know are skipped. What is legal but unusual (a field sent
// twice, split repeated fields, two oneof members, equal map keys) is merged as protobuf does. On
// an error `out` is as before.
//
// INTERNAL: the bytes are no such message, or hold what JSON cannot say (text that is not UTF-8, a
// time
//   out of range); the message has the field's path, never a value.
// RESOURCE_EXHAUSTED: nested deeper than max_depth, or more than max_output.
absl::Status WireToJson(const MessagePlan& plan, std::string_view wire, Buffer& out,
                        const WireToJsonOptions& options = {});

// The value of one field of the message `wire`, as response_body asks for it: the default ({}, [],
// 0,
// "", null for a google.protobuf type) when it is not set.
absl::Status WireToJson(const MessagePlan& plan, const FieldPlan& field, std::string_view wire,
                        Buffer& out, const WireToJsonOptions& options = {});

}  // namespace simpul::transcode

#endif  // SIMPUL_GATEWAY_TRANSCODE_WIRE_TO_JSON_H_
