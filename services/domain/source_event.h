// What every event of an adapter must be before a domain service applies it.
#ifndef SIMPUL_SERVICES_DOMAIN_SOURCE_EVENT_H_
#define SIMPUL_SERVICES_DOMAIN_SOURCE_EVENT_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bus/kafka/consumer.h"
#include "google/protobuf/timestamp.pb.h"
#include "services/domain/name.h"
#include "simpul/type/v1/change.pb.h"

namespace simpul::domain {

// What an event says beside the resource.
struct Cause {
  SourceTopic origin;
  absl::Time observed;
  std::string_view trace;  // of the record, which outlives it
};

// An adapter speaks for its own department: topic, ce_source, subject and resource name must agree.
// INVALID_ARGUMENT: they do not, or there is no revision, or no such observe_time.
absl::StatusOr<Cause> CheckOrigin(const kafka::Record& record, const std::string& name,
                                  std::string_view collection, int64_t revision,
                                  const google::protobuf::Timestamp& observe_time);

// Whether it is between the years 1 and 9999.
bool IsInRange(const google::protobuf::Timestamp& time);

// Whether `text` may stand in a column that rows are found by: at most 253 printable ASCII
// characters.
bool IsKey(std::string_view text);

// What it means for readers that a resource was and is visible.
simpul::type::v1::Change ChangeOf(bool was_visible, bool is_visible);

}  // namespace simpul::domain

#endif  // SIMPUL_SERVICES_DOMAIN_SOURCE_EVENT_H_
