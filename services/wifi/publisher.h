// Records that hotspots and sessions changed.
#ifndef SIMPUL_SERVICES_WIFI_PUBLISHER_H_
#define SIMPUL_SERVICES_WIFI_PUBLISHER_H_

#include <string_view>
#include <utility>

#include "services/domain/publisher.h"
#include "simpul/wifi/v1/wifi.pb.h"

namespace simpul::wifi {

using domain::Publisher;

// As Publisher::Publish: the resource goes out without its personal fields.
inline absl::Status Publish(const Publisher& publisher, store::Transaction& transaction,
                            simpul::type::v1::Change change, const v1::Session& session,
                            absl::Time observed, std::string_view trace) {
  v1::SessionEvent event;
  *event.mutable_session() = domain::PublicOf(change, session);
  return publisher.Publish(transaction, change, std::move(event), session, observed, trace);
}
inline absl::Status Publish(const Publisher& publisher, store::Transaction& transaction,
                            simpul::type::v1::Change change, const v1::Hotspot& hotspot,
                            absl::Time observed, std::string_view trace) {
  v1::HotspotEvent event;
  *event.mutable_hotspot() = domain::PublicOf(change, hotspot);
  return publisher.Publish(transaction, change, std::move(event), hotspot, observed, trace);
}

}  // namespace simpul::wifi

#endif  // SIMPUL_SERVICES_WIFI_PUBLISHER_H_
