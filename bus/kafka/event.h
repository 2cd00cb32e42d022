// An event on the backbone: CloudEvents 1.0.2 in the Kafka binding's binary mode.
#ifndef SIMPUL_BUS_KAFKA_EVENT_H_
#define SIMPUL_BUS_KAFKA_EVENT_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace simpul::kafka {

// CloudEvents attributes under their own names. The Kafka key is the subject.
struct Event {
  std::string id;           // <resource name>@<revision>
  std::string source;       // //simpul/<part>
  std::string type;         // the event type's full name
  std::string subject;      // the resource's name
  absl::Time time;          // when the owner recorded the change
  std::string dataschema;   // urn:simpul:contract:<sha-256 hex>
  std::string traceparent;  // W3C trace context; may be empty
  std::string data;         // the event, serialized
};

// The headers of the binding (ce_specversion, ce_id, …, content-type: application/protobuf), in a
// fixed order.
std::vector<std::pair<std::string, std::string>> ToHeaders(const Event& event);

// The reverse; other headers are ignored, header names are case-insensitive.
// INVALID_ARGUMENT: a required attribute is missing, the specversion is not 1.0, or ce_time is no
// RFC 3339 time. Names the attribute, never its value.
absl::StatusOr<Event> FromHeaders(const std::vector<std::pair<std::string, std::string>>& headers,
                                  std::string data);

// "<subject>@<revision>".
std::string EventId(std::string_view subject, int64_t revision);

}  // namespace simpul::kafka

#endif  // SIMPUL_BUS_KAFKA_EVENT_H_
