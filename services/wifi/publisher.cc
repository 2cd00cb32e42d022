#include "services/wifi/publisher.h"

#include <utility>

#include "bus/kafka/event.h"
#include "bus/kafka/outbox.h"
#include "bus/rpc/privacy.h"
#include "google/protobuf/util/time_util.h"

namespace simpul::wifi {
namespace {

using google::protobuf::util::TimeUtil;
using simpul::type::v1::Change;

// The resource as an event carries it.
template <class Resource>
Resource Public(Change change, const Resource& resource) {
  Resource shown;
  if (change == simpul::type::v1::DELETED) {
    shown.set_name(resource.name());
    shown.set_revision(resource.revision());
    *shown.mutable_observe_time() = resource.observe_time();
    return shown;
  }
  shown = resource;
  rpc::ClearPersonalFields(shown);
  return shown;
}

google::protobuf::Timestamp ToProto(absl::Time time) {
  return TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(time));
}

}  // namespace

std::string HotspotTopic() { return v1::HotspotEvent::descriptor()->full_name(); }
std::string SessionTopic() { return v1::SessionEvent::descriptor()->full_name(); }

absl::Status Publisher::Publish(store::Transaction& transaction, Change change,
                                const v1::Session& session, absl::Time observed,
                                std::string_view trace) const {
  v1::SessionEvent event;
  event.set_change(change);
  *event.mutable_session() = Public(change, session);
  event.set_revision(session.revision());
  *event.mutable_observe_time() = ToProto(observed);
  return Append(transaction, SessionTopic(), session.name(), session.revision(),
                event.SerializeAsString(), trace);
}

absl::Status Publisher::Publish(store::Transaction& transaction, Change change,
                                const v1::Hotspot& hotspot, absl::Time observed,
                                std::string_view trace) const {
  v1::HotspotEvent event;
  event.set_change(change);
  *event.mutable_hotspot() = Public(change, hotspot);
  event.set_revision(hotspot.revision());
  *event.mutable_observe_time() = ToProto(observed);
  return Append(transaction, HotspotTopic(), hotspot.name(), hotspot.revision(),
                event.SerializeAsString(), trace);
}

absl::Status Publisher::Append(store::Transaction& transaction, const std::string& type,
                               const std::string& name, int64_t revision, std::string data,
                               std::string_view trace) const {
  kafka::Event event;
  event.id = kafka::EventId(name, revision);
  event.source = "//simpul/service/wifi";
  event.type = type;
  event.subject = name;
  event.time = clock_.Now();
  event.dataschema = dataschema_;
  event.traceparent = trace;
  event.data = std::move(data);
  return kafka::AppendToOutbox(transaction, type, event);  // topic = type
}

}  // namespace simpul::wifi
