// What the tests of this folder share: the tables on a fresh store, and adapters' events to apply.
#ifndef SIMPUL_SERVICES_WIFI_WIFI_TEST_H_
#define SIMPUL_SERVICES_WIFI_WIFI_TEST_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bus/kafka/consumer.h"
#include "bus/kafka/outbox.h"
#include "bus/store/test_store.h"
#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "services/domain/observation.h"
#include "services/domain/sources.h"
#include "services/wifi/applier.h"
#include "services/wifi/migrations.h"
#include "services/wifi/publisher.h"
#include "simpul/wifi/v1/source.pb.h"
#include "simpul/wifi/v1/wifi.pb.h"

namespace simpul::wifi {

using domain::ToProto;

class WifiTest : public ::testing::TestWithParam<store::Database> {
 protected:
  void SetUp() override {
    const store::StoreOptions options = store::FreshStore(GetParam());
    ASSERT_NE(options.url, "") << store::kNoPostgres;
    auto opened = store::Store::Open(options);
    ASSERT_THAT(opened, testing::IsOk());
    store_ = *std::move(opened);
    ASSERT_THAT(store::Migrate(*store_, "outbox", kafka::OutboxMigrations()), testing::IsOk());
    ASSERT_THAT(store::Migrate(*store_, "sources", domain::SourceMigrations()), testing::IsOk());
    ASSERT_THAT(store::Migrate(*store_, "observation", domain::ObservationMigrations()),
                testing::IsOk());
    ASSERT_THAT(store::Migrate(*store_, "wifi", Migrations()), testing::IsOk());
  }

  std::string SessionName(const std::string& id) const {
    return "departments/" + department_ + "/sessions/" + id;
  }
  std::string HotspotName(const std::string& id) const {
    return "departments/" + department_ + "/hotspots/" + id;
  }

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

  // The record of an adapter that saw this change now, with a greater revision than the one before.
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

  absl::StatusOr<kafka::Outcome> Apply(const kafka::Record& record) {
    absl::StatusOr<kafka::Outcome> outcome = absl::UnknownError("not applied");
    auto status = store_->Transact([&](store::Transaction& transaction) {
      outcome = applier_.Apply(transaction, record);
      return outcome.status();
    });
    if (!status.ok()) return status;
    return outcome;
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

  // Public events recorded since the last call, in order: "CREATED departments/…".
  std::vector<std::string> News() {
    std::vector<std::string> news;
    session_events_.clear();
    hotspot_events_.clear();
    EXPECT_THAT(store_->Read([&](store::Transaction& transaction) {
      return transaction.Query(
          "SELECT seq, topic, id, data FROM outbox WHERE seq > $1 ORDER BY seq", {told_},
          [&](const store::Row& row) {
            told_ = row.Int(0);
            news.push_back(Told(row));
            return absl::OkStatus();
          });
    }),
                testing::IsOk());
    return news;
  }

  std::string department_ = "diskominfo";  // of the adapter that speaks
  const absl::Time start_ = absl::FromUnixSeconds(1'800'000'000);
  FakeClock clock_{start_};
  std::unique_ptr<store::Store> store_;
  kafka::RevisionClock revisions_{clock_};
  Publisher publisher_{clock_, "wifi", "urn:simpul:contract:test"};
  Applier applier_{clock_, revisions_, publisher_};
  int64_t source_revision_ = 1000;
  // Of the last News().
  std::vector<v1::SessionEvent> session_events_;
  std::vector<v1::HotspotEvent> hotspot_events_;

 private:
  template <class Event>
  kafka::Record RecordOf(Event event, const std::string& name, const std::string& noun) {
    event.set_revision(++source_revision_);
    *event.mutable_observe_time() = ToProto(clock_.Now());
    kafka::Record record;
    record.topic = "simpul.source." + department_ + ".radius." + noun;
    record.event.id = kafka::EventId(name, event.revision());
    record.event.source = "//simpul/adapter/" + department_;
    record.event.type = Event::descriptor()->full_name();
    record.event.subject = name;
    record.event.time = clock_.Now();
    record.event.data = event.SerializeAsString();
    return record;
  }

  std::string Told(const store::Row& row) {
    const std::string bytes(row.Bytes(3));
    if (row.Text(1) == "simpul.wifi.v1.SessionEvent") {
      v1::SessionEvent& event = session_events_.emplace_back();
      EXPECT_TRUE(event.ParseFromString(bytes));
      EXPECT_EQ(row.Text(2), kafka::EventId(event.session().name(), event.revision()));
      return simpul::type::v1::Change_Name(event.change()) + " " + event.session().name();
    }
    v1::HotspotEvent& event = hotspot_events_.emplace_back();
    EXPECT_TRUE(event.ParseFromString(bytes));
    EXPECT_EQ(row.Text(2), kafka::EventId(event.hotspot().name(), event.revision()));
    return simpul::type::v1::Change_Name(event.change()) + " " + event.hotspot().name();
  }

  int64_t told_ = 0;
};

inline auto BothDatabases() {
  return ::testing::Values(store::Database::kSqlite, store::Database::kPostgres);
}
inline std::string DatabaseName(const ::testing::TestParamInfo<store::Database>& info) {
  return store::NameOf(info.param);
}

}  // namespace simpul::wifi

#endif  // SIMPUL_SERVICES_WIFI_WIFI_TEST_H_
