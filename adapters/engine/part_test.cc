// The engine as a part: a real RADIUS database, a real Kafka, calls over mutual TLS.
#include "adapters/engine/part.h"

#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>

#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "bus/kafka/connection.h"
#include "bus/kafka/reader.h"
#include "bus/rpc/server.h"
#include "bus/testing/status_matchers.h"
#include "bus/testing/temporary_folder.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/grpcpp.h"
#include "simpul/mapping/v1/adapter.grpc.pb.h"
#include "simpul/wifi/v1/source.grpc.pb.h"

namespace simpul::engine {
namespace {

namespace fs = std::filesystem;
using simpul::testing::IsOk;
using simpul::testing::StatusIs;
using ::testing::HasSubstr;
using wifi::v1::WifiSourceService;

std::string Setting(const char* name) {
  const char* value = std::getenv(name);
  EXPECT_NE(value, nullptr) << name << " is not set: run it by tests/with-peers";
  return value == nullptr ? "" : value;
}

class EngineTest : public ::testing::Test {
 protected:
  void SetUp() override {
    certs_ = Setting("SIMPUL_TEST_CERTS");
    kafka_ = Setting("SIMPUL_TEST_KAFKA");
    const std::string dsn = Setting("SIMPUL_TEST_RADIUS_DSN");
    if (HasFailure()) GTEST_FAIL();
    setenv("RADIUS_DSN", dsn.c_str(), 1);
    fs::create_directory(directory_ / "secrets");
    Grant();
  }

  // What `simpul up` lets an adapter do: its own topics alone.
  void Grant() {
    using Resource = kafka::Grant::Resource;
    using Operation = kafka::Grant::Operation;
    const std::string who = "User:adapter/diskominfo";
    std::vector<kafka::Grant> grants = {{.principal = who,
                                         .resource = Resource::kCluster,
                                         .name = "kafka-cluster",
                                         .operation = Operation::kIdempotentWrite}};
    for (const Operation operation :
         {Operation::kCreate, Operation::kWrite, Operation::kRead, Operation::kDescribe}) {
      grants.push_back({.principal = who,
                        .resource = Resource::kTopic,
                        .name = "simpul.source.diskominfo.",
                        .prefix = true,
                        .operation = operation});
    }
    ASSERT_THAT(kafka::EnsureGrants(Operator(), grants, absl::Seconds(30)), IsOk());
  }

  kafka::Connection Operator() const {
    const rpc::CertificateFiles files = rpc::CertificateFiles::In(certs_ + "/operator/admin");
    return {.brokers = kafka_,
            .ca = files.ca,
            .certificate = files.certificate,
            .key = files.key,
            .client_id = "part_test"};
  }

  std::shared_ptr<const rpc::Credentials> Credentials(const std::string& who) {
    auto loaded = rpc::Credentials::Load(rpc::CertificateFiles::In(certs_ + "/" + who));
    EXPECT_THAT(loaded, IsOk());
    return *loaded;
  }

  absl::StatusOr<std::unique_ptr<Part>> Start(const std::string& store) {
    Options options;
    options.credentials = Credentials("adapter/diskominfo");
    options.catalogue = "127.0.0.1:1";  // nobody there: the engine does not wait for it
    options.kafka = kafka_;
    options.store = store;
    options.secrets = (directory_ / "secrets").string();
    options.department = "diskominfo";
    options.mappings = {SIMPUL_SOURCE_DIR "/adapters/diskominfo/radius"};
    return Part::Start(options);
  }
  std::string Sqlite() const { return "sqlite:" + directory_.string(); }

  std::shared_ptr<grpc::Channel> Dial(const Part& part, const std::string& who) {
    rpc::Identity engine = Credentials("adapter/diskominfo")->identity();
    return rpc::Connect(part.address(), *Credentials(who), engine);
  }

  // Until the engine is the active one; calls are UNAVAILABLE before.
  static grpc::Status List(WifiSourceService::Stub& stub,
                           const wifi::v1::ListSourceSessionsRequest& request,
                           wifi::v1::ListSourceSessionsResponse& response) {
    const absl::Time until = absl::Now() + absl::Seconds(30);
    while (true) {
      grpc::ClientContext context;
      const grpc::Status status = stub.ListSessions(&context, request, &response);
      if (status.error_code() != grpc::StatusCode::UNAVAILABLE || absl::Now() > until)
        return status;
    }
  }

  std::string certs_;
  std::string kafka_;
  const simpul::testing::TemporaryFolder folder_;
  const fs::path directory_ = folder_.path();
};

TEST_F(EngineTest, ServesGetAndListByDescriptor) {
  auto part = Start(Sqlite());
  ASSERT_THAT(part, IsOk());
  WifiSourceService::Stub stub(Dial(**part, "operator/admin"));
  std::set<std::string> names;
  wifi::v1::ListSourceSessionsRequest request;
  request.set_page_size(7);
  wifi::v1::SourceSession last;
  do {
    wifi::v1::ListSourceSessionsResponse response;
    const grpc::Status status = List(stub, request, response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    for (const auto& session : response.sessions()) {
      EXPECT_TRUE(names.insert(session.name()).second) << session.name() << " twice";
      last = session;
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_GE(names.size(), 100u);
  EXPECT_TRUE(last.has_start_time());

  grpc::ClientContext context;
  wifi::v1::GetSourceSessionRequest get;
  wifi::v1::SourceSession session;
  get.set_name(last.name());
  ASSERT_TRUE(stub.GetSession(&context, get, &session).ok());
  EXPECT_EQ(session.unique_id(), last.unique_id());
}

TEST_F(EngineTest, RefusesBadRequestsWithTheRightCode) {
  auto part = Start(Sqlite());
  ASSERT_THAT(part, IsOk());
  auto channel = Dial(**part, "operator/admin");
  WifiSourceService::Stub stub(channel);
  wifi::v1::ListSourceSessionsRequest request;
  wifi::v1::ListSourceSessionsResponse response;
  request.set_page_size(3);
  ASSERT_TRUE(List(stub, request, response).ok());
  const std::string token = response.next_page_token();

  request.set_page_size(-1);
  EXPECT_EQ(List(stub, request, response).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  request.set_page_size(3);
  request.set_page_token(token + "x");
  EXPECT_EQ(List(stub, request, response).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  {
    grpc::ClientContext context;  // a token of another rpc
    wifi::v1::ListSourceHotspotsRequest hotspots;
    wifi::v1::ListSourceHotspotsResponse answer;
    hotspots.set_page_token(token);
    EXPECT_EQ(stub.ListHotspots(&context, hotspots, &answer).error_code(),
              grpc::StatusCode::INVALID_ARGUMENT);
  }
  const auto get = [&](const std::string& name) {
    grpc::ClientContext context;
    wifi::v1::GetSourceSessionRequest wanted;
    wifi::v1::SourceSession session;
    wanted.set_name(name);
    return stub.GetSession(&context, wanted, &session).error_code();
  };
  EXPECT_EQ(get("departments/diskominfo/sessions/999999999"), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(get("departments/diskominfo/sessions/x' OR 1=1"), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(get("departments/diskominfo/sessions/01"), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(get("departments/dpupr/sessions/1"), grpc::StatusCode::INVALID_ARGUMENT);
  {
    grpc::GenericStub generic(channel);
    grpc::ClientContext context;
    grpc::CompletionQueue queue;
    const grpc::Slice nothing;
    const grpc::ByteBuffer empty(&nothing, 1);
    grpc::ByteBuffer answer;
    grpc::Status status;
    auto call = generic.PrepareUnaryCall(&context, "/simpul.wifi.v1.WifiSourceService/DropSessions",
                                         empty, &queue);
    call->StartCall();
    call->Finish(&answer, &status, nullptr);
    void* tag;
    bool ok;
    queue.Next(&tag, &ok);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
  }
}

TEST_F(EngineTest, ShowsPersonalDataToNoOtherDepartment) {
  auto part = Start(Sqlite());
  ASSERT_THAT(part, IsOk());
  WifiSourceService::Stub stub(Dial(**part, "adapter/dpupr"));
  wifi::v1::ListSourceSessionsResponse response;
  EXPECT_EQ(List(stub, {}, response).error_code(), grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(EngineTest, PublishesEveryRowOnce) {
  auto part = Start(Sqlite());
  ASSERT_THAT(part, IsOk());
  WifiSourceService::Stub stub(Dial(**part, "operator/admin"));
  wifi::v1::ListSourceSessionsResponse listed;
  ASSERT_TRUE(List(stub, {}, listed).ok());
  auto reader = kafka::Reader::Open(Operator());
  ASSERT_THAT(reader, IsOk());
  const std::string topic = "simpul.source.diskominfo.radius.session";
  auto partitions = (*reader)->Partitions(topic, absl::Seconds(20));
  ASSERT_THAT(partitions, IsOk());
  std::vector<kafka::Reader::Position> positions;
  for (int p = 0; p < *partitions; ++p) positions.push_back({.topic = topic, .partition = p});
  ASSERT_THAT((*reader)->Assign(positions), IsOk());

  // Other tests' engines have published too, with stores of their own: the last word counts.
  std::map<std::string, wifi::v1::SourceSession> followed;
  const absl::Time until = absl::Now() + absl::Seconds(30);
  while (followed.size() < static_cast<size_t>(listed.sessions_size()) && absl::Now() < until) {
    auto record = (*reader)->Next(absl::Seconds(1));
    ASSERT_THAT(record, IsOk());
    if (!record->has_value()) continue;
    const kafka::Event& event = (*record)->event;
    EXPECT_EQ(event.type, "simpul.wifi.v1.SourceSessionEvent");
    EXPECT_EQ(event.source, "//simpul/adapter/diskominfo");
    wifi::v1::SourceSessionEvent change;
    ASSERT_TRUE(change.ParseFromString(event.data));
    EXPECT_EQ(event.subject, change.session().name());
    EXPECT_EQ(event.id, absl::StrFormat("%s@%d", event.subject, change.revision()));
    followed[event.subject] = change.session();
  }
  for (const auto& session : listed.sessions()) {
    EXPECT_EQ(followed[session.name()].SerializeAsString(), session.SerializeAsString());
  }

  mapping::v1::AdapterService::Stub operators(Dial(**part, "operator/admin"));
  grpc::ClientContext context;
  mapping::v1::ListWatchesResponse watches;
  ASSERT_TRUE(operators.ListWatches(&context, {}, &watches).ok());
  EXPECT_EQ(watches.watches_size(), 2);
  grpc::ClientContext denied;
  mapping::v1::AdapterService::Stub others(Dial(**part, "service/wifi"));
  mapping::v1::ResyncResponse resync;
  EXPECT_EQ(others.Resync(&denied, {}, &resync).error_code(), grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(EngineTest, OneOfTwoIsActiveAndTheOtherTakesOver) {
  const std::string store = Setting("SIMPUL_TEST_POSTGRES");
  auto first = Start(store);
  ASSERT_THAT(first, IsOk());
  wifi::v1::ListSourceSessionsResponse response;
  {
    WifiSourceService::Stub stub(Dial(**first, "operator/admin"));
    ASSERT_TRUE(List(stub, {}, response).ok());
  }
  auto second = Start(store);
  ASSERT_THAT(second, IsOk());
  WifiSourceService::Stub stub(Dial(**second, "operator/admin"));
  grpc::ClientContext context;
  const grpc::Status waiting = stub.ListSessions(&context, {}, &response);
  EXPECT_EQ(waiting.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(waiting.error_message(), HasSubstr("another engine"));
  first->reset();
  EXPECT_TRUE(List(stub, {}, response).ok());
}

TEST_F(EngineTest, DoesNotStartWithAWrongMapping) {
  fs::create_directory(directory_ / "spoilt");
  Options options;
  options.credentials = Credentials("adapter/diskominfo");
  options.department = "diskominfo";
  options.mappings = {(directory_ / "spoilt").string()};
  EXPECT_THAT(Part::Start(options).status(), StatusIs(absl::StatusCode::kNotFound));
  options.mappings = {SIMPUL_SOURCE_DIR "/adapters/diskominfo/radius"};
  options.department = "dpupr";
  EXPECT_THAT(Part::Start(options).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("department dpupr")));
  options.department = "diskominfo";
  unsetenv("RADIUS_DSN");
  EXPECT_THAT(Part::Start(options).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("RADIUS_DSN")));
}

}  // namespace
}  // namespace simpul::engine
