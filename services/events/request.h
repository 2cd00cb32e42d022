// What a client may ask for: checks on the shape of requests, before anything is looked up.
#ifndef SIMPUL_SERVICES_EVENTS_REQUEST_H_
#define SIMPUL_SERVICES_EVENTS_REQUEST_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/repeated_field.h"

namespace simpul::events {

// Sorted, each once. INVALID_ARGUMENT: none, too many, or one that is no full name of a message.
absl::StatusOr<std::vector<std::string>> ReadTypes(
    const google::protobuf::RepeatedPtrField<std::string>& types);

// INVALID_ARGUMENT: `prefix` cannot be the beginning of a resource name.
absl::Status CheckPrefix(std::string_view prefix);

// The id in "subscriptions/{id}". INVALID_ARGUMENT: `name`, the value of `field`, has another
// shape.
absl::StatusOr<std::string> ReadSubscriptionName(std::string_view field, std::string_view name);

// INVALID_ARGUMENT: it is not `[a-z][a-z0-9-]*` of at most 63 characters.
absl::Status CheckSubscriptionId(std::string_view id);

}  // namespace simpul::events

#endif  // SIMPUL_SERVICES_EVENTS_REQUEST_H_
