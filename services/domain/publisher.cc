#include "services/domain/publisher.h"

#include "bus/kafka/event.h"
#include "bus/kafka/outbox.h"
#include "google/protobuf/util/time_util.h"

namespace simpul::domain {

google::protobuf::Timestamp ToProto(absl::Time time) {
  return google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(time));
}

absl::Status Publisher::Append(store::Transaction& transaction, const std::string& type,
                               const std::string& name, int64_t revision, std::string data,
                               std::string_view trace) const {
  kafka::Event event;
  event.id = kafka::EventId(name, revision);
  event.source = "//simpul/service/" + part_;
  event.type = type;
  event.subject = name;
  event.time = clock_.Now();
  event.dataschema = dataschema_;
  event.traceparent = trace;
  event.data = std::move(data);
  return kafka::AppendToOutbox(transaction, type, event);  // topic = type
}

}  // namespace simpul::domain
