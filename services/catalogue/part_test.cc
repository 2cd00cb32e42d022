// The catalogue as other parts meet it: over gRPC with mutual TLS.
#include "services/catalogue/part.h"

#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "bus/rpc/registration.h"
#include "bus/rpc/server.h"
#include "bus/rpc/status.h"
#include "bus/rpc/test_credentials.h"
#include "bus/store/test_store.h"
#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "grpcpp/grpcpp.h"
#include "services/catalogue/key_store.h"
#include "services/catalogue/test_contract.h"
#include "simpul/catalogue/v1/inventory.grpc.pb.h"
#include "simpul/catalogue/v1/key.grpc.pb.h"
#include "simpul/catalogue/v1/registry.grpc.pb.h"

namespace simpul::catalogue {
namespace {

using ::testing::ElementsAre;
using testing::IsOk;
using testing::StatusIs;

class CataloguePart : public ::testing::Test {
 protected:
  void SetUp() override { Start("127.0.0.1:0"); }

  void Start(const std::string& listen) {
    Options options;
    options.credentials = credentials_.For("service/catalogue");
    options.listen = listen;
    options.store = store_.url;
    options.clock = &clock_;
    options.secrets = store_.url.substr(std::string("sqlite:").size());
    auto part = Part::Start(options);
    ASSERT_THAT(part, IsOk());
    part_ = *std::move(part);
    address_ = part_->address();
  }

  std::shared_ptr<grpc::Channel> As(const std::string& path) {
    return rpc::Connect(address_, *credentials_.For(path),
                        credentials_.IdentityOf("service/catalogue"));
  }

  absl::Status Register(const std::string& path, const v1::Part& part,
                        const std::string& protoset) {
    grpc::ClientContext context;
    v1::RegisterRequest request;
    *request.mutable_part() = part;
    request.set_protoset(protoset);
    v1::RegisterResponse response;
    return rpc::FromGrpc(
        v1::RegistryService::NewStub(As(path))->Register(&context, request, &response));
  }

  absl::StatusOr<v1::CreateKeyResponse> CreateKey(const std::string& path) {
    grpc::ClientContext context;
    v1::CreateKeyRequest request;
    request.set_agency("dinkes");
    v1::CreateKeyResponse response;
    auto status = v1::KeyService::NewStub(As(path))->CreateKey(&context, request, &response);
    if (!status.ok()) return rpc::FromGrpc(status);
    return response;
  }

  const std::string contract_ = BuiltInContract({"simpul.wifi.v1.HotspotService"});
  const v1::Part wifi_ = PartOf("a1", {"simpul.wifi.v1.HotspotService"}, contract_);
  FakeClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  rpc::TestCredentials credentials_;
  store::StoreOptions store_ = store::FreshStore(store::Database::kSqlite);
  std::unique_ptr<Part> part_;
  std::string address_;
};

TEST_F(CataloguePart, TakesTheIdentityFromTheCertificate) {
  EXPECT_THAT(Register("service/wifi", wifi_, contract_), IsOk());
  EXPECT_THAT(Register("service/cctv", wifi_, contract_),
              StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(Register("operator/admin", wifi_, contract_),
              StatusIs(absl::StatusCode::kPermissionDenied));
}

TEST_F(CataloguePart, AWatcherGetsASnapshotThenEachChangeUnderTheNextNumber) {
  ASSERT_THAT(Register("service/wifi", wifi_, contract_), IsOk());
  grpc::ClientContext context;
  auto stub = v1::RegistryService::NewStub(As("gateway"));
  auto stream = stub->WatchParts(&context, {});
  v1::WatchPartsResponse answer;
  ASSERT_TRUE(stream->Read(&answer));
  EXPECT_TRUE(answer.snapshot());
  EXPECT_EQ(answer.version(), 1);
  ASSERT_EQ(answer.parts_size(), 2);
  EXPECT_EQ(answer.parts(0).name(), "parts/service/catalogue/instances/self");
  EXPECT_EQ(answer.parts(1).name(), "parts/service/wifi/instances/a1");

  v1::Part replica = wifi_;
  replica.set_instance("a2");
  ASSERT_THAT(Register("service/wifi", replica, ""), IsOk());
  ASSERT_TRUE(stream->Read(&answer));
  EXPECT_FALSE(answer.snapshot());
  EXPECT_EQ(answer.version(), 2);
  ASSERT_EQ(answer.parts_size(), 1);
  EXPECT_EQ(answer.parts(0).instance(), "a2");

  grpc::ClientContext farewell;
  v1::DeregisterRequest request;
  request.set_instance("a1");
  v1::DeregisterResponse nothing;
  ASSERT_TRUE(v1::RegistryService::NewStub(As("service/wifi"))
                  ->Deregister(&farewell, request, &nothing)
                  .ok());
  ASSERT_TRUE(stream->Read(&answer));
  EXPECT_EQ(answer.version(), 3);
  EXPECT_THAT(answer.removed(), ElementsAre("parts/service/wifi/instances/a1"));
}

TEST_F(CataloguePart, StopsAtOnceThoughItIsWatched) {
  grpc::ClientContext context;
  auto stub = v1::RegistryService::NewStub(As("gateway"));
  auto stream = stub->WatchParts(&context, {});
  grpc::ClientContext key_context;
  auto key_stub = v1::KeyService::NewStub(As("gateway"));
  auto key_stream = key_stub->WatchKeys(&key_context, {});
  v1::WatchPartsResponse answer;
  v1::WatchKeysResponse key_answer;
  ASSERT_TRUE(stream->Read(&answer));
  ASSERT_TRUE(key_stream->Read(&key_answer));
  const absl::Time begin = absl::Now();
  part_.reset();
  EXPECT_LT(absl::Now() - begin, absl::Seconds(2));
  EXPECT_FALSE(stream->Read(&answer));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(CataloguePart, OnlyOperatorsMakeKeysAndOnlyGatewaysWatchThem) {
  EXPECT_THAT(CreateKey("service/wifi"), StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(CreateKey("gateway"), StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(CreateKey("operator/admin"), IsOk());
  for (const std::string path : {"service/wifi", "adapter/diskominfo", "operator/admin"}) {
    grpc::ClientContext context;
    auto stub = v1::KeyService::NewStub(As(path));
    auto stream = stub->WatchKeys(&context, {});
    v1::WatchKeysResponse answer;
    EXPECT_FALSE(stream->Read(&answer));
    EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::PERMISSION_DENIED) << path;
  }
}

TEST_F(CataloguePart, AGatewayHearsOfKeysAndOfTheirEnd) {
  auto first = CreateKey("operator/admin");
  ASSERT_THAT(first, IsOk());
  grpc::ClientContext context;
  auto stub = v1::KeyService::NewStub(As("gateway"));
  auto stream = stub->WatchKeys(&context, {});
  v1::WatchKeysResponse answer;
  ASSERT_TRUE(stream->Read(&answer));
  EXPECT_TRUE(answer.snapshot());
  ASSERT_EQ(answer.keys_size(), 1);
  EXPECT_EQ(answer.keys(0).digest(), KeyDigestOf(answer.pepper(), first->text()));
  EXPECT_EQ(answer.pepper().size(), 32);

  auto second = CreateKey("operator/admin");
  ASSERT_THAT(second, IsOk());
  ASSERT_TRUE(stream->Read(&answer));
  EXPECT_FALSE(answer.snapshot());
  ASSERT_EQ(answer.keys_size(), 1);
  EXPECT_EQ(answer.keys(0).digest(), KeyDigestOf(answer.pepper(), second->text()));

  grpc::ClientContext revoking;
  v1::RevokeKeyRequest request;
  request.set_name(first->key().name());
  v1::Key revoked;
  ASSERT_TRUE(
      v1::KeyService::NewStub(As("operator/admin"))->RevokeKey(&revoking, request, &revoked).ok());
  ASSERT_TRUE(stream->Read(&answer));
  EXPECT_THAT(answer.revoked(), ElementsAre(first->text().substr(4, 8)));
}

// The two ends that every part uses, against the real thing.
TEST_F(CataloguePart, IsWhatRegistrationAndPartsWatchExpect) {
  absl::Notification came;
  absl::Notification went;
  auto watch = rpc::PartsWatch::Start(
      address_, credentials_.For("gateway"), [&](const std::vector<v1::Part>& parts) {
        if (!came.HasBeenNotified()) {
          if (parts.size() == 2 && parts[1].address() == "127.0.0.1:4001") came.Notify();
        } else if (parts.size() == 1 && !went.HasBeenNotified()) {
          went.Notify();
        }
      });
  auto registration = rpc::Registration::Start({.catalogue = address_,
                                                .credentials = credentials_.For("service/wifi"),
                                                .address = "127.0.0.1:4001",
                                                .services = {"simpul.wifi.v1.HotspotService"},
                                                .protoset = contract_});
  EXPECT_TRUE(came.WaitForNotificationWithTimeout(absl::Seconds(10)));
  // The watcher may hear of it before the part itself does.
  const absl::Time deadline = absl::Now() + absl::Seconds(10);
  while (!registration->status().ok() && absl::Now() < deadline) std::this_thread::yield();
  EXPECT_THAT(registration->status(), IsOk());
  registration.reset();
  EXPECT_TRUE(went.WaitForNotificationWithTimeout(absl::Seconds(10)));
}

TEST_F(CataloguePart, KnowsPartsKeysAndContractsAfterARestart) {
  ASSERT_THAT(Register("service/wifi", wifi_, contract_), IsOk());
  auto key = CreateKey("operator/admin");
  ASSERT_THAT(key, IsOk());
  part_.reset();
  Start(address_);
  grpc::ClientContext context;
  v1::ListPartsResponse parts;
  ASSERT_TRUE(v1::RegistryService::NewStub(As("gateway"))->ListParts(&context, {}, &parts).ok());
  ASSERT_EQ(parts.parts_size(), 2);  // itself once
  grpc::ClientContext asking;
  v1::GetContractRequest request;
  request.set_hash(parts.parts(1).contract_hash());
  v1::Contract contract;
  ASSERT_TRUE(
      v1::RegistryService::NewStub(As("gateway"))->GetContract(&asking, request, &contract).ok());
  EXPECT_EQ(contract.protoset(), contract_);
  grpc::ClientContext watching;
  auto stub = v1::KeyService::NewStub(As("gateway"));
  auto stream = stub->WatchKeys(&watching, {});
  v1::WatchKeysResponse answer;
  ASSERT_TRUE(stream->Read(&answer));
  ASSERT_EQ(answer.keys_size(), 1);
  EXPECT_EQ(answer.keys(0).digest(), KeyDigestOf(answer.pepper(), key->text()));
}

TEST_F(CataloguePart, IsOnTheBusItselfAndStaysThere) {
  clock_.Advance(absl::Minutes(5));  // many leases
  auto stub = v1::RegistryService::NewStub(As("gateway"));
  v1::ListPartsResponse answer;
  const absl::Time deadline = absl::Now() + absl::Seconds(10);
  do {
    grpc::ClientContext context;
    ASSERT_TRUE(stub->ListParts(&context, {}, &answer).ok());
    ASSERT_EQ(answer.parts_size(), 1);
    std::this_thread::yield();
  } while (answer.parts(0).expire_time().seconds() <= absl::ToUnixSeconds(clock_.Now()) &&
           absl::Now() < deadline);
  EXPECT_GT(answer.parts(0).expire_time().seconds(), absl::ToUnixSeconds(clock_.Now()));
  EXPECT_EQ(answer.parts(0).address(), address_);
  EXPECT_THAT(answer.parts(0).services(), ElementsAre("simpul.catalogue.v1.InventoryService"));
}

TEST_F(CataloguePart, EveryReaderReadsTheInventoryAndOperatorsAloneChangeIt) {
  v1::ImportApplicationsRequest request;
  v1::Application& application = *request.add_applications();
  application.set_name("departments/dpupr/applications/DAA-1");
  application.set_display_name("Simpeg");
  const auto import = [&](const std::string& path) {
    grpc::ClientContext context;
    v1::ImportApplicationsResponse response;
    return v1::InventoryImportService::NewStub(As(path))
        ->ImportApplications(&context, request, &response)
        .error_code();
  };
  for (const std::string path : {"gateway", "service/wifi", "adapter/diskominfo"}) {
    EXPECT_EQ(import(path), grpc::StatusCode::PERMISSION_DENIED) << path;
    grpc::ClientContext context;
    v1::ListDriftResponse drift;
    EXPECT_EQ(
        v1::InventoryImportService::NewStub(As(path))->ListDrift(&context, {}, &drift).error_code(),
        grpc::StatusCode::PERMISSION_DENIED);
  }
  EXPECT_EQ(import("operator/admin"), grpc::StatusCode::OK);
  const auto list = [&](const std::string& path) {
    grpc::ClientContext context;
    v1::ListApplicationsResponse response;
    const auto status =
        v1::InventoryService::NewStub(As(path))->ListApplications(&context, {}, &response);
    return status.ok() ? response.applications_size() : -1;
  };
  EXPECT_EQ(list("gateway"), 1);
  EXPECT_EQ(list("adapter/diskominfo"), -1);
  while (request.applications_size() <= 1000) *request.add_applications() = application;
  EXPECT_EQ(import("operator/admin"), grpc::StatusCode::INVALID_ARGUMENT);
}

}  // namespace
}  // namespace simpul::catalogue
