// Records a domain service's public events in its outbox.
#ifndef SIMPUL_SERVICES_DOMAIN_PUBLISHER_H_
#define SIMPUL_SERVICES_DOMAIN_PUBLISHER_H_

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bus/rpc/privacy.h"
#include "bus/store/store.h"
#include "bus/testing/clock.h"
#include "google/protobuf/timestamp.pb.h"
#include "simpul/type/v1/change.pb.h"

namespace simpul::domain {

google::protobuf::Timestamp ToProto(absl::Time time);

// The resource as a public event carries it: without personal fields; for DELETED, name, revision
// and observe_time alone.
template <class Resource>
Resource PublicOf(simpul::type::v1::Change change, const Resource& resource) {
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

// Thread-safe.
class Publisher {
 public:
  // `part` is "wifi"; `dataschema` names the contract (rpc::DataSchema).
  Publisher(Clock& clock, std::string part, std::string dataschema)
      : clock_(clock), part_(std::move(part)), dataschema_(std::move(dataschema)) {}

  // Records an event whose resource, made by PublicOf, is set; sets the rest of it. The topic is
  // the event type's full name. `trace` is the traceparent of what caused it, or empty.
  template <class Event, class Resource>
  absl::Status Publish(store::Transaction& transaction, simpul::type::v1::Change change,
                       Event event, const Resource& resource, absl::Time observed,
                       std::string_view trace) const {
    event.set_change(change);
    event.set_revision(resource.revision());
    *event.mutable_observe_time() = ToProto(observed);
    return Append(transaction, Event::descriptor()->full_name(), resource.name(),
                  resource.revision(), event.SerializeAsString(), trace);
  }

 private:
  absl::Status Append(store::Transaction& transaction, const std::string& type,
                      const std::string& name, int64_t revision, std::string data,
                      std::string_view trace) const;

  Clock& clock_;
  const std::string part_;
  const std::string dataschema_;
};

}  // namespace simpul::domain

#endif  // SIMPUL_SERVICES_DOMAIN_PUBLISHER_H_
