#include "services/domain/source_event.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "google/protobuf/util/time_util.h"

namespace simpul::domain {

using google::protobuf::util::TimeUtil;

absl::StatusOr<Cause> CheckOrigin(const kafka::Record& record, const std::string& name,
                                  std::string_view collection, int64_t revision,
                                  const google::protobuf::Timestamp& observe_time) {
  const auto department = DepartmentOf(name, collection);
  if (!department) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "the resource's name is not departments/{department}/%s/{id}; check the adapter's mapping",
        collection));
  }
  const auto topic = ParseSourceTopic(record.topic);
  if (!topic || topic->department != *department ||
      record.event.source != "//simpul/adapter/" + *department) {
    return absl::InvalidArgumentError(
        "the resource's name is of another department than the adapter that wrote it");
  }
  if (record.event.subject != name) {
    return absl::InvalidArgumentError("ce_subject is not the name of the resource in the event");
  }
  if (revision <= 0) return absl::InvalidArgumentError("the event has no revision");
  if (!IsInRange(observe_time)) {
    return absl::InvalidArgumentError("observe_time is not between the years 1 and 9999");
  }
  return Cause{*topic, absl::FromUnixMicros(TimeUtil::TimestampToMicroseconds(observe_time)),
               record.event.traceparent};
}

bool IsInRange(const google::protobuf::Timestamp& time) {
  return time.seconds() >= TimeUtil::kTimestampMinSeconds &&
         time.seconds() <= TimeUtil::kTimestampMaxSeconds && time.nanos() >= 0 &&
         time.nanos() < 1000000000;
}

bool IsKey(std::string_view text) {
  return text.size() <= 253 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

simpul::type::v1::Change ChangeOf(bool was_visible, bool is_visible) {
  if (!is_visible) return simpul::type::v1::DELETED;
  return was_visible ? simpul::type::v1::UPDATED : simpul::type::v1::CREATED;
}

}  // namespace simpul::domain
