// The binding's headers one by one, without a copy of each: what event.h says, for hot paths.
#ifndef SIMPUL_BUS_KAFKA_EVENT_HEADERS_H_
#define SIMPUL_BUS_KAFKA_EVENT_HEADERS_H_

#include <optional>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "bus/kafka/event.h"

namespace simpul::kafka {

// Calls `each` for every header of ToHeaders, in its order; the views hold during the call.
void EachHeader(const Event& event,
                absl::FunctionRef<void(const char* name, std::string_view value)> each);

// Collects headers into an event, all but its data. Views have to live until Finish.
class EventReader {
 public:
  // `event` may have been used before: its strings keep their room.
  explicit EventReader(Event& event);

  void Add(std::string_view name, std::string_view value);

  // As FromHeaders. Once.
  absl::Status Finish();

 private:
  Event& event_;
  bool has_version_ = false;
  bool version_good_ = false;
  std::optional<std::string_view> time_;
};

}  // namespace simpul::kafka

#endif  // SIMPUL_BUS_KAFKA_EVENT_HEADERS_H_
