// The part on a real Kafka: an adapter's events go in, public events and answers come out.
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "bus/kafka/reader.h"
#include "bus/kafka/relay.h"
#include "bus/rpc/server.h"
#include "bus/rpc/status.h"
#include "grpcpp/grpcpp.h"
#include "services/domain/testing/fake_registry.h"
#include "services/domain/testing/kafka_peer.h"
#include "services/wifi/part.h"
#include "services/wifi/wifi_test.h"
#include "simpul/wifi/v1/wifi.grpc.pb.h"

namespace simpul::wifi {
namespace {

using ::testing::ElementsAre;
using testing::IsOk;
using testing::StatusIs;

constexpr absl::Duration kPatience = absl::Seconds(60);

class WifiOnKafka : public WifiTest {
 protected:
  void SetUp() override {
    WifiTest::SetUp();  // its store is the adapter's here
    ASSERT_TRUE(kafka_.is_there()) << kafka_.kNone;
    ASSERT_THAT(kafka_.Grant("wifi", "diskominfo"), IsOk());
    // One app for all tests, so that each finds the topics of the one before, as after a restart.
    static const std::string app = "t" + std::to_string(absl::ToUnixMicros(absl::Now()));
    static int tests = 0;
    app_ = app;
    test_ = "test" + std::to_string(++tests);
    StartAdapter();
    StartCatalogue();
    StartPart();
  }

  void TearDown() override {
    part_.reset();
    relay_.reset();
    if (registry_ != nullptr) registry_->Stop();
    catalogue_.reset();
  }

  std::string Topic(const std::string& noun) const {
    return "simpul.source.diskominfo." + app_ + "." + noun;
  }

  void StartAdapter() {
    auto relay =
        kafka::Relay::Start({.connection = kafka_.As("adapter/diskominfo"),
                             .store = store_.get(),
                             .part = "adapter-diskominfo",
                             .topics = {{.name = Topic("session")}, {.name = Topic("hotspot")}}});
    ASSERT_THAT(relay, IsOk());
    relay_ = *std::move(relay);
  }

  void StartCatalogue() {
    catalogue::v1::Part adapter;
    adapter.set_name("parts/adapter/diskominfo/instances/1");
    adapter.set_identity(kafka_.Of("adapter/diskominfo")->identity().Uri());
    adapter.add_services("simpul.wifi.v1.WifiSourceService");
    adapter.add_topics(Topic("hotspot"));
    adapter.add_topics(Topic("session"));
    registry_ = std::make_unique<domain::FakeRegistry>(adapter);
    auto server = rpc::Server::Start(
        {.credentials = kafka_.Of("service/catalogue"), .services = {registry_.get()}});
    ASSERT_THAT(server, IsOk());
    catalogue_ = *std::move(server);
  }

  void StartPart() {
    Options options;
    options.credentials = kafka_.Of("service/wifi");
    options.catalogue = catalogue_->address();
    options.kafka = kafka_.brokers();
    options.store = wifi_store_.url;
    options.secrets = std::filesystem::temp_directory_path().string();
    options.upkeep_every = absl::Milliseconds(200);
    auto part = Part::Start(options);
    ASSERT_THAT(part, IsOk());
    part_ = *std::move(part);
  }

  // What the adapter recorded, as one transaction.
  void Send(const std::vector<kafka::Record>& records) {
    ASSERT_THAT(store_->Transact([&](store::Transaction& transaction) -> absl::Status {
      for (const kafka::Record& record : records) {
        const std::string noun = record.topic.substr(record.topic.rfind('.') + 1);
        auto status = kafka::AppendToOutbox(transaction, Topic(noun), record.event);
        if (!status.ok()) return status;
      }
      return absl::OkStatus();
    }),
                IsOk());
    relay_->Wake();
  }

  std::string Name(int i) const { return SessionName(test_ + "-" + std::to_string(i)); }
  v1::SourceSession Session(int i, const std::string& ssid) const {
    v1::SourceSession session = Open(test_ + "-" + std::to_string(i));
    session.set_ssid(ssid);
    return session;
  }

  absl::StatusOr<v1::Session> Get(const std::string& name, const std::string& as = "gateway") {
    auto channel = rpc::Connect(part_->address(), *kafka_.Of(as),
                                *rpc::Identity::Parse(kafka_.Of("service/wifi")->identity().Uri()));
    grpc::ClientContext context;
    v1::GetSessionRequest request;
    request.set_name(name);
    v1::Session session;
    auto status = v1::SessionService::NewStub(channel)->GetSession(&context, request, &session);
    if (!status.ok()) return rpc::FromGrpc(status);
    return session;
  }

  // Public events of this test's sessions until `enough` of what was read is true.
  void ReadPublic(const std::function<bool()>& enough) {
    if (reader_ == nullptr) {
      auto reader = kafka::Reader::Open(kafka_.As("operator/admin"));
      ASSERT_THAT(reader, IsOk());
      reader_ = *std::move(reader);
      std::vector<kafka::Reader::Position> positions;
      for (int32_t p = 0; p < 6; ++p) positions.push_back({"simpul.wifi.v1.SessionEvent", p, 0});
      ASSERT_THAT(reader_->Assign(positions), IsOk());
    }
    const absl::Time deadline = absl::Now() + kPatience;
    while (!enough()) {
      ASSERT_LT(absl::Now(), deadline) << "the public events did not come";
      auto record = reader_->Next(absl::Milliseconds(100));
      ASSERT_THAT(record, IsOk());
      if (!record->has_value()) continue;
      const kafka::Event& event = (*record)->event;
      if (event.subject.find("/" + test_ + "-") == std::string::npos) continue;
      v1::SessionEvent parsed;
      ASSERT_TRUE(parsed.ParseFromString(event.data));
      EXPECT_EQ(event.source, "//simpul/service/wifi");
      EXPECT_TRUE(ids_.insert(event.id).second) << "doubled: " << event.id;
      public_[event.subject].push_back(std::move(parsed));
    }
  }
  bool IsLast(const std::string& name, const std::string& ssid) {
    const auto found = public_.find(name);
    return found != public_.end() && found->second.back().session().ssid() == ssid;
  }

  const domain::KafkaPeer kafka_;
  std::string app_;   // names the source topics
  std::string test_;  // begins the ids of its resources
  const store::StoreOptions wifi_store_ = store::FreshStore(store::Database::kSqlite);
  std::unique_ptr<domain::FakeRegistry> registry_;
  std::unique_ptr<rpc::Server> catalogue_;
  std::unique_ptr<kafka::Relay> relay_;
  std::unique_ptr<Part> part_;
  std::unique_ptr<kafka::Reader> reader_;
  std::map<std::string, std::vector<v1::SessionEvent>> public_;
  std::set<std::string> ids_;
};

TEST_P(WifiOnKafka, EachChangeIsPublishedOnceThroughDuplicatesDisorderAndARestart) {
  constexpr int kSessions = 50;
  std::vector<kafka::Record> first;
  std::vector<kafka::Record> late;
  for (int i = 0; i < kSessions; ++i) {
    late.push_back(Record(simpul::type::v1::CREATED, Session(i, "too-late")));
    first.push_back(Record(simpul::type::v1::CREATED, Session(i, "a")));
    first.push_back(Record(simpul::type::v1::UPDATED, Session(i, "b")));
    first.push_back(Record(simpul::type::v1::UPDATED, Session(i, "a")));
  }
  Send(first);
  Send(late);
  ReadPublic([&] { return ids_.size() == 3 * kSessions; });
  if (HasFatalFailure()) return;

  part_.reset();
  ASSERT_THAT(kafka::Resend(*store_, absl::InfinitePast()), IsOk());
  relay_->Wake();
  std::vector<kafka::Record> last;
  for (int i = 0; i < kSessions; ++i) {
    last.push_back(Record(simpul::type::v1::UPDATED, Session(i, "end")));
  }
  Send(last);
  StartPart();
  ReadPublic([&] { return ids_.size() >= 4 * kSessions; });
  if (HasFatalFailure()) return;

  ASSERT_EQ(public_.size(), static_cast<size_t>(kSessions));
  for (const auto& [name, events] : public_) {
    std::vector<std::string> ssids;
    for (const auto& event : events) ssids.push_back(event.session().ssid());
    EXPECT_THAT(ssids, ElementsAre("a", "b", "a", "end")) << name;
    for (size_t i = 1; i < events.size(); ++i) {
      EXPECT_GT(events[i].revision(), events[i - 1].revision());
    }
  }
}

TEST_P(WifiOnKafka, AnswersReadersWithoutPersonalDataAndOnlyForTheGateway) {
  Send({Record(simpul::type::v1::CREATED, Session(1, "kota"))});
  ReadPublic([&] { return IsLast(Name(1), "kota"); });
  if (HasFatalFailure()) return;
  EXPECT_EQ(public_[Name(1)][0].session().user(), "");
  auto session = Get(Name(1));
  ASSERT_THAT(session, IsOk());
  EXPECT_EQ(session->ssid(), "kota");
  EXPECT_EQ(session->user() + session->device() + session->device_address(), "");
  EXPECT_EQ(session->revision(), public_[Name(1)][0].revision());
  EXPECT_THAT(Get(Name(2)), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Get(Name(1), "adapter/diskominfo"), StatusIs(absl::StatusCode::kPermissionDenied));
}

TEST_P(WifiOnKafka, ALostStopIsPublishedAndAHotspotThatComesLaterIsLinked) {
  v1::SourceSession session = Session(1, "kota");
  session.set_nas_address("10.1.1.1");
  session.mutable_interim_interval()->set_seconds(1);
  Send({Record(simpul::type::v1::CREATED, session)});
  ReadPublic([&] {
    return public_.contains(Name(1)) &&
           public_[Name(1)].back().session().end_reason() == v1::Session::LOST_STOP;
  });
  if (HasFatalFailure()) return;
  const std::string hotspot = test_ + "-h";
  Send({Record(simpul::type::v1::CREATED, Hotspot(hotspot, "10.1.1.1"))});
  ReadPublic([&] { return public_[Name(1)].back().session().hotspot() == HotspotName(hotspot); });
  if (HasFatalFailure()) return;
}

INSTANTIATE_TEST_SUITE_P(Sqlite, WifiOnKafka, ::testing::Values(store::Database::kSqlite),
                         DatabaseName);

}  // namespace
}  // namespace simpul::wifi
