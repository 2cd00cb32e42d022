// Records public events in the outbox.
#ifndef SIMPUL_SERVICES_WIFI_PUBLISHER_H_
#define SIMPUL_SERVICES_WIFI_PUBLISHER_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bus/store/store.h"
#include "bus/testing/clock.h"
#include "simpul/type/v1/change.pb.h"
#include "simpul/wifi/v1/wifi.pb.h"

namespace simpul::wifi {

// The topics of this service.
std::string HotspotTopic();  // "simpul.wifi.v1.HotspotEvent"
std::string SessionTopic();  // "simpul.wifi.v1.SessionEvent"

// Thread-safe.
class Publisher {
 public:
  // `dataschema` names the contract (rpc::DataSchema).
  Publisher(Clock& clock, std::string dataschema)
      : clock_(clock), dataschema_(std::move(dataschema)) {}

  // Records that the resource changed, without its personal fields; for DELETED, name, revision and
  // observe_time alone. `trace` is the traceparent of what caused it, or empty.
  absl::Status Publish(store::Transaction& transaction, simpul::type::v1::Change change,
                       const v1::Session& session, absl::Time observed,
                       std::string_view trace) const;
  absl::Status Publish(store::Transaction& transaction, simpul::type::v1::Change change,
                       const v1::Hotspot& hotspot, absl::Time observed,
                       std::string_view trace) const;

 private:
  absl::Status Append(store::Transaction& transaction, const std::string& type,
                      const std::string& name, int64_t revision, std::string data,
                      std::string_view trace) const;

  Clock& clock_;
  const std::string dataschema_;
};

}  // namespace simpul::wifi

#endif  // SIMPUL_SERVICES_WIFI_PUBLISHER_H_
