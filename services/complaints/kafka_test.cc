// The part on a real Kafka: an adapter's events go in, public events and answers come out, and
// writes go back to the adapter.
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bus/kafka/reader.h"
#include "bus/kafka/relay.h"
#include "bus/rpc/server.h"
#include "bus/rpc/status.h"
#include "grpcpp/grpcpp.h"
#include "services/complaints/complaints_test.h"
#include "services/complaints/fake_source.h"
#include "services/complaints/part.h"
#include "services/domain/testing/fake_registry.h"
#include "services/domain/testing/kafka_peer.h"
#include "simpul/bus/v1/bus.pb.h"
#include "simpul/complaints/v1/complaint.grpc.pb.h"

namespace simpul::complaints {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;
using testing::StatusIs;

constexpr absl::Duration kPatience = absl::Seconds(60);

class ComplaintsOnKafka : public ComplaintsTest {
 protected:
  void SetUp() override {
    ComplaintsTest::SetUp();  // its store is the adapter's here
    ASSERT_TRUE(kafka_.is_there()) << kafka_.kNone;
    ASSERT_THAT(kafka_.Grant("complaints", department_), IsOk());
    static int tests = 0;
    app_ = "t" + std::to_string(absl::ToUnixMicros(absl::Now())) + "-" + std::to_string(++tests);
    auto relay = kafka::Relay::Start({.connection = kafka_.As("adapter/dpupr"),
                                      .store = store_.get(),
                                      .part = "adapter-dpupr",
                                      .topics = {{.name = Topic()}}});
    ASSERT_THAT(relay, IsOk());
    relay_ = *std::move(relay);
    auto adapter =
        rpc::Server::Start({.credentials = kafka_.Of("adapter/dpupr"), .services = {&source_}});
    ASSERT_THAT(adapter, IsOk());
    adapter_ = *std::move(adapter);
    StartCatalogue();
    StartPart();
  }

  void TearDown() override {
    part_.reset();
    relay_.reset();
    if (registry_ != nullptr) registry_->Stop();
    catalogue_.reset();
  }

  std::string Topic() const { return "simpul.source.dpupr." + app_ + ".complaint"; }

  void StartCatalogue() {
    catalogue::v1::Part part;
    part.set_name("parts/adapter/dpupr/instances/1");
    part.set_identity(kafka_.Of("adapter/dpupr")->identity().Uri());
    part.set_address(adapter_->address());
    part.add_services("simpul.complaints.v1.ComplaintSourceService");
    part.add_authorities(app_ + ".dpupr");
    part.add_topics(Topic());
    registry_ = std::make_unique<domain::FakeRegistry>(part);
    auto server = rpc::Server::Start(
        {.credentials = kafka_.Of("service/catalogue"), .services = {registry_.get()}});
    ASSERT_THAT(server, IsOk());
    catalogue_ = *std::move(server);
  }

  void StartPart() {
    Options options;
    options.credentials = kafka_.Of("service/complaints");
    ASSERT_NE(options.credentials, nullptr);
    options.catalogue = catalogue_->address();
    options.kafka = kafka_.brokers();
    options.store = part_store_.url;
    options.secrets = std::filesystem::temp_directory_path().string();
    auto part = Part::Start(options);
    ASSERT_THAT(part, IsOk());
    part_ = *std::move(part);
  }

  // The adapter saw this.
  void Send(const v1::SourceComplaint& complaint) {
    const kafka::Record record = Record(simpul::type::v1::UPDATED, complaint);
    ASSERT_THAT(store_->Transact([&](store::Transaction& transaction) {
      return kafka::AppendToOutbox(transaction, Topic(), record.event);
    }),
                IsOk());
    relay_->Wake();
  }

  // The last public event of this complaint, once `enough` of it is true.
  v1::ComplaintEvent ReadPublic(const std::string& name,
                                const std::function<bool(const v1::Complaint&)>& enough) {
    auto reader = kafka::Reader::Open(kafka_.As("operator/admin"));
    EXPECT_THAT(reader, IsOk());
    if (!reader.ok()) return {};
    std::vector<kafka::Reader::Position> positions;
    for (int32_t p = 0; p < 6; ++p) positions.push_back({"simpul.complaints.v1.ComplaintEvent", p});
    EXPECT_THAT((*reader)->Assign(positions), IsOk());
    for (const absl::Time deadline = absl::Now() + kPatience; absl::Now() < deadline;) {
      auto record = (*reader)->Next(absl::Milliseconds(100));
      EXPECT_THAT(record, IsOk());
      if (!record.ok()) return {};
      if (!record->has_value() || (*record)->event.subject != name) continue;
      EXPECT_EQ((*record)->event.source, "//simpul/service/complaints");
      v1::ComplaintEvent event;
      EXPECT_TRUE(event.ParseFromString((*record)->event.data));
      if (enough(event.complaint())) return event;
    }
    ADD_FAILURE() << "the public event did not come";
    return {};
  }

  std::unique_ptr<v1::ComplaintService::Stub> As(const std::string& identity) {
    return v1::ComplaintService::NewStub(
        rpc::Connect(part_->address(), *kafka_.Of(identity),
                     *rpc::Identity::Parse(kafka_.Of("service/complaints")->identity().Uri())));
  }

  absl::StatusOr<v1::Complaint> Get(const std::string& name, const std::string& as = "gateway") {
    grpc::ClientContext context;
    v1::GetComplaintRequest request;
    request.set_name(name);
    v1::Complaint complaint;
    auto status = As(as)->GetComplaint(&context, request, &complaint);
    if (!status.ok()) return rpc::FromGrpc(status);
    return complaint;
  }

  // Through the gateway with a key of dinkes that may write to these domains.
  absl::StatusOr<v1::Complaint> Update(const v1::UpdateComplaintRequest& request,
                                       const std::vector<std::string>& writes,
                                       const std::string& as = "gateway") {
    grpc::ClientContext context;
    bus::v1::Caller caller;
    caller.set_agency("dinkes");
    for (const std::string& domain : writes) caller.add_writes(domain);
    if (as == "gateway") context.AddMetadata("simpul-caller-bin", caller.SerializeAsString());
    v1::Complaint complaint;
    auto status = As(as)->UpdateComplaint(&context, request, &complaint);
    if (!status.ok()) return rpc::FromGrpc(status);
    return complaint;
  }

  const domain::KafkaPeer kafka_;
  std::string app_;
  const store::StoreOptions part_store_ = store::FreshStore(store::Database::kSqlite);
  FakeSource source_;
  std::unique_ptr<rpc::Server> adapter_;
  std::unique_ptr<domain::FakeRegistry> registry_;
  std::unique_ptr<rpc::Server> catalogue_;
  std::unique_ptr<kafka::Relay> relay_;
  std::unique_ptr<Part> part_;
};

TEST_P(ComplaintsOnKafka, AComplaintIsPublishedAndAnsweredWithoutPersonalData) {
  const std::string name = NameOf(app_);
  Send(Source(app_));
  const v1::ComplaintEvent event = ReadPublic(name, [](const auto&) { return true; });
  EXPECT_THAT(event.SerializeAsString(), Not(HasSubstr("Siti")));
  auto complaint = Get(name);
  ASSERT_THAT(complaint, IsOk());
  EXPECT_EQ(complaint->SerializeAsString(), event.complaint().SerializeAsString());
  EXPECT_THAT(Get(name, "adapter/dpupr"), StatusIs(absl::StatusCode::kPermissionDenied));
}

TEST_P(ComplaintsOnKafka, AWriteGoesToTheAdapterAndShowsOnceItsEventCame) {
  const std::string name = NameOf(app_);
  Send(Source(app_));
  const v1::ComplaintEvent first = ReadPublic(name, [](const auto&) { return true; });
  v1::UpdateComplaintRequest request;
  request.set_request_id("r-" + app_);
  request.mutable_complaint()->set_name(name);
  request.mutable_complaint()->set_etag(first.complaint().etag());
  request.mutable_complaint()->set_state(v1::Complaint::VERIFIED);
  request.mutable_update_mask()->add_paths("state");

  EXPECT_THAT(Update(request, {}), StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(Update(request, {"wifi"}), StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(Update(request, {}, "adapter/dpupr"), StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_EQ(source_.writes(), 0);

  // The answer is lost; then the office's tracker shows what came of it.
  source_.Be(FakeSource::Mood::kLosesAnswer);
  EXPECT_THAT(Update(request, {"complaints"}), StatusIs(absl::StatusCode::kUnknown));
  v1::SourceComplaint verified = Source(app_);
  verified.set_state(v1::Complaint::VERIFIED);
  verified.add_request_ids("dinkes/r-" + app_);
  Send(verified);
  const v1::ComplaintEvent second = ReadPublic(
      name, [](const auto& complaint) { return complaint.state() == v1::Complaint::VERIFIED; });
  auto answer = Update(request, {"complaints"});
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->SerializeAsString(), second.complaint().SerializeAsString());
  EXPECT_EQ(source_.writes(), 1);
}

TEST_P(ComplaintsOnKafka, AnOperatorMayWriteAndARestartForgetsNothing) {
  const std::string name = NameOf(app_);
  Send(Source(app_));
  const v1::ComplaintEvent first = ReadPublic(name, [](const auto&) { return true; });
  v1::UpdateComplaintRequest request;
  request.set_request_id("r-" + app_);
  request.mutable_complaint()->set_name(name);
  request.mutable_complaint()->set_etag(first.complaint().etag());
  request.mutable_complaint()->set_state(v1::Complaint::DEFERRED);
  request.mutable_update_mask()->add_paths("state");
  auto answer = Update(request, {}, "operator/admin");
  ASSERT_THAT(answer, IsOk());
  part_.reset();
  StartPart();
  auto again = Update(request, {}, "operator/admin");
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->SerializeAsString(), answer->SerializeAsString());
  EXPECT_EQ(source_.writes(), 1);
}

INSTANTIATE_TEST_SUITE_P(Sqlite, ComplaintsOnKafka, ::testing::Values(store::Database::kSqlite),
                         DatabaseName);

}  // namespace
}  // namespace simpul::complaints
