// What the tests of this folder share: a department's rows, and its adapter's events to apply.
#ifndef SIMPUL_SERVICES_WIFI_WIFI_TEST_H_
#define SIMPUL_SERVICES_WIFI_WIFI_TEST_H_

#include <string>
#include <utility>
#include <vector>

#include "services/domain/testing/domain_test.h"
#include "services/wifi/applier.h"
#include "services/wifi/migrations.h"
#include "simpul/wifi/v1/source.pb.h"
#include "simpul/wifi/v1/wifi.pb.h"

namespace simpul::wifi {

using domain::BothDatabases;
using domain::DatabaseName;
using domain::ToProto;

class WifiTest : public domain::DomainTest {
 protected:
  WifiTest() : DomainTest("wifi", Migrations(), "diskominfo", "radius") {}

  absl::StatusOr<kafka::Outcome> ApplyIn(store::Transaction& transaction,
                                         const kafka::Record& record) override {
    return applier_.Apply(transaction, record);
  }

  std::string SessionName(const std::string& id) const { return NameOf("sessions", id); }
  std::string HotspotName(const std::string& id) const { return NameOf("hotspots", id); }

  // An open session as the department has it, without interim updates.
  v1::SourceSession Open(const std::string& id) const {
    v1::SourceSession session;
    session.set_name(SessionName(id));
    session.set_nas_address("10.0.0.1");
    session.set_ssid("kota");
    *session.mutable_start_time() = ToProto(start_);
    session.set_user("budi@example.id");
    session.set_device("AA-BB-CC-DD-EE-FF");
    session.set_device_address("10.9.9.9");
    return session;
  }

  v1::SourceSession Closed(const std::string& id, const std::string& cause) const {
    v1::SourceSession session = Open(id);
    *session.mutable_stop_time() = ToProto(start_ + absl::Minutes(5));
    session.set_terminate_cause(cause);
    return session;
  }

  v1::SourceHotspot Hotspot(const std::string& id, const std::string& nas_address) const {
    v1::SourceHotspot hotspot;
    hotspot.set_name(HotspotName(id));
    hotspot.set_nas_address(nas_address);
    hotspot.set_display_name("ap-" + id);
    return hotspot;
  }

  kafka::Record Record(simpul::type::v1::Change change, const v1::SourceSession& session) {
    v1::SourceSessionEvent event;
    event.set_change(change);
    *event.mutable_session() = session;
    return RecordOf(std::move(event), session.name(), "session");
  }
  kafka::Record Record(simpul::type::v1::Change change, const v1::SourceHotspot& hotspot) {
    v1::SourceHotspotEvent event;
    event.set_change(change);
    *event.mutable_hotspot() = hotspot;
    return RecordOf(std::move(event), hotspot.name(), "hotspot");
  }

  template <class Resource>
  absl::StatusOr<kafka::Outcome> Put(const Resource& resource) {
    return Apply(Record(simpul::type::v1::UPDATED, resource));
  }
  absl::StatusOr<kafka::Outcome> Delete(const std::string& id) {
    v1::SourceSession session;
    session.set_name(SessionName(id));
    return Apply(Record(simpul::type::v1::DELETED, session));
  }

  std::vector<std::string> News() {
    std::vector<std::string> news = DomainTest::News();
    session_events_ = Told<v1::SessionEvent>();
    hotspot_events_ = Told<v1::HotspotEvent>();
    return news;
  }

  Applier applier_{clock_, revisions_, publisher_};
  // Of the last News().
  std::vector<v1::SessionEvent> session_events_;
  std::vector<v1::HotspotEvent> hotspot_events_;
};

}  // namespace simpul::wifi

#endif  // SIMPUL_SERVICES_WIFI_WIFI_TEST_H_
