#include "bus/rpc/server.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "bus/rpc/access.h"
#include "bus/rpc/status.h"
#include "bus/rpc/test_credentials.h"
#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "grpcpp/client_context.h"
#include "grpcpp/generic/generic_stub.h"
#include "simpul/bus/v1/bus.pb.h"
#include "simpul/bus/v1/part.grpc.pb.h"
#include "simpul/catalogue/v1/registry.grpc.pb.h"

namespace simpul::rpc {
namespace {

using catalogue::v1::ListPartsRequest;
using catalogue::v1::ListPartsResponse;
using catalogue::v1::RegistryService;
using catalogue::v1::WatchPartsRequest;
using catalogue::v1::WatchPartsResponse;
using ::simpul::testing::IsOk;
using ::simpul::testing::StatusIs;
using ::testing::HasSubstr;

// Answers with who called, on whose behalf, and who writes if he may; WatchParts lasts until it is
// cancelled; GetContract never answers by itself.
class Echo : public RegistryService::CallbackService {
 public:
  grpc::ServerUnaryReactor* ListParts(grpc::CallbackServerContext* context, const ListPartsRequest*,
                                      ListPartsResponse* response) override {
    auto* reactor = context->DefaultReactor();
    const auto peer = PeerOf(*context);
    const auto caller = CallerOf(*context);
    if (!peer.ok() || !caller.ok()) {
      reactor->Finish(ToGrpc(peer.ok() ? caller.status() : peer.status()));
      return reactor;
    }
    auto* part = response->add_parts();
    part->set_identity(peer->Uri());
    part->set_instance(caller->agency());
    part->set_version(AdmitWriter(*context, "complaints").value_or(""));
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

  grpc::ServerWriteReactor<WatchPartsResponse>* WatchParts(grpc::CallbackServerContext*,
                                                           const WatchPartsRequest*) override {
    class Endless : public grpc::ServerWriteReactor<WatchPartsResponse> {
     public:
      Endless() { StartWrite(&response_); }
      void OnCancel() override { Finish(grpc::Status::CANCELLED); }
      void OnDone() override { delete this; }

     private:
      WatchPartsResponse response_;
    };
    return new Endless;
  }

  grpc::ServerUnaryReactor* GetContract(grpc::CallbackServerContext* context,
                                        const catalogue::v1::GetContractRequest*,
                                        catalogue::v1::Contract*) override {
    class Mute : public grpc::ServerUnaryReactor {
      void OnCancel() override { Finish(grpc::Status::CANCELLED); }
      void OnDone() override { delete this; }
    };
    (void)context;
    return new Mute;
  }
};

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    auto server = Server::Start(
        {.credentials = certificates_.For("service/catalogue"), .services = {&echo_}});
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  std::shared_ptr<grpc::Channel> Channel(const Credentials& credentials,
                                         const std::string& expected,
                                         absl::Duration deadline = absl::Seconds(10)) {
    return Connect(server_->address(), credentials, certificates_.IdentityOf(expected), deadline);
  }

  absl::StatusOr<catalogue::v1::Part> Call(const std::shared_ptr<grpc::Channel>& channel,
                                           const std::string* caller = nullptr) {
    grpc::ClientContext context;
    if (caller != nullptr) context.AddMetadata("simpul-caller-bin", *caller);
    ListPartsResponse response;
    const auto status =
        RegistryService::NewStub(channel)->ListParts(&context, ListPartsRequest(), &response);
    if (!status.ok()) return FromGrpc(status);
    return response.parts(0);
  }

  TestCredentials certificates_;
  Echo echo_;
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, KnowsThePeerByItsCertificate) {
  const auto part = Call(Channel(*certificates_.For("service/wifi"), "service/catalogue"));
  ASSERT_TRUE(part.ok()) << part.status();
  EXPECT_EQ(part->identity(), "spiffe://simpul.test/service/wifi");
}

TEST_F(ServerTest, IsNotBelievedUnderAnotherIdentity) {
  const auto credentials = certificates_.For("service/wifi");
  EXPECT_THAT(Call(Channel(*credentials, "service/wifi")),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(Call(Channel(*credentials, "gateway")), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(ServerTest, RefusesACertificateOfAnotherAuthority) {
  TestCredentials others;  // the same trust domain, another CA
  EXPECT_THAT(Call(Channel(*others.For("service/wifi"), "service/catalogue")),
              StatusIs(absl::StatusCode::kUnavailable));
}

// It has a certificate of our CA, to be a client with.
TEST_F(ServerTest, OfAnOperatorIsNotBelieved) {
  auto impostor =
      Server::Start({.credentials = certificates_.For("operator/admin"), .services = {&echo_}});
  ASSERT_THAT(impostor, IsOk());
  EXPECT_THAT(Call(Connect((*impostor)->address(), *certificates_.For("service/wifi"),
                           certificates_.IdentityOf("operator/admin"))),
              StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(ServerTest, OfAnotherAuthorityIsNotBelieved) {
  TestCredentials others;
  auto impostor =
      Server::Start({.credentials = others.For("service/catalogue"), .services = {&echo_}});
  ASSERT_THAT(impostor, IsOk());
  // Shows a certificate that the impostor believes, but trusts our CA alone.
  CertificateFiles files = CertificateFiles::In(others.DirectoryOf("service/wifi"));
  files.ca = CertificateFiles::In(certificates_.DirectoryOf("service/wifi")).ca;
  const auto credentials = Credentials::Load(files);
  ASSERT_THAT(credentials, IsOk());
  EXPECT_THAT(Call(Connect((*impostor)->address(), **credentials,
                           certificates_.IdentityOf("service/catalogue"))),
              StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(ServerTest, RefusesAnotherTrustDomainOfTheSameAuthority) {
  TestCredentials ours("simpul.test");
  TestCredentials theirs("other.test", ours.authority());
  auto server = Server::Start({.credentials = ours.For("service/catalogue"), .services = {&echo_}});
  ASSERT_THAT(server, IsOk());
  const Identity expected = ours.IdentityOf("service/catalogue");
  EXPECT_THAT(Call(Connect((*server)->address(), *theirs.For("service/wifi"), expected)),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(Call(Connect((*server)->address(), *ours.For("service/wifi"), expected)), IsOk());
}

TEST_F(ServerTest, BelievesACallerFromTheGatewayServicesAndOperatorsOnly) {
  bus::v1::Caller caller;
  caller.set_agency("dinkes");
  const std::string text = caller.SerializeAsString();
  for (const char* peer : {"gateway", "service/wifi", "operator/admin"}) {
    const auto part = Call(Channel(*certificates_.For(peer), "service/catalogue"), &text);
    ASSERT_TRUE(part.ok()) << part.status();
    EXPECT_EQ(part->instance(), "dinkes") << peer;
  }
  const auto adapter = Channel(*certificates_.For("adapter/diskominfo"), "service/catalogue");
  EXPECT_THAT(Call(adapter, &text),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("adapter/diskominfo")));
  EXPECT_THAT(Call(adapter), IsOk());
}

TEST_F(ServerTest, AWriterIsAnOperatorOrWhoseKeyMayWriteToThisDomain) {
  const auto writer = [&](const std::string& peer, const bus::v1::Caller& caller) {
    const std::string text = caller.SerializeAsString();
    const auto part = Call(Channel(*certificates_.For(peer), "service/catalogue"), &text);
    return part.ok() ? part->version() : part.status().ToString();
  };
  bus::v1::Caller caller;
  EXPECT_EQ(writer("operator/admin", caller), "operator/admin");
  caller.add_writes("complaints");
  EXPECT_EQ(writer("gateway", caller), "");  // nobody
  caller.set_agency("dinkes");
  EXPECT_EQ(writer("gateway", caller), "dinkes");
  EXPECT_EQ(writer("service/wifi", caller), "dinkes");
  caller.clear_writes();
  EXPECT_EQ(writer("gateway", caller), "");
  caller.add_writes("wifi");
  EXPECT_EQ(writer("gateway", caller), "");
  const auto adapter = Call(Channel(*certificates_.For("adapter/dpupr"), "service/catalogue"));
  ASSERT_TRUE(adapter.ok()) << adapter.status();
  EXPECT_EQ(adapter->version(), "");
}

TEST_F(ServerTest, RefusesACallerThatIsNone) {
  const std::string text = "\x0a\x7f";
  EXPECT_THAT(Call(Channel(*certificates_.For("gateway"), "service/catalogue"), &text),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(ServerTest, NamesAPortThatIsInUse) {
  EXPECT_THAT(Server::Start({.address = server_->address(),
                             .credentials = certificates_.For("service/wifi")}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(server_->address())));
}

TEST_F(ServerTest, GivesUnaryCallsADeadlineAndLeavesStreamsAlone) {
  const auto channel =
      Channel(*certificates_.For("gateway"), "service/catalogue", absl::Milliseconds(300));
  const auto stub = RegistryService::NewStub(channel);
  grpc::ClientContext stream_context;
  auto stream = stub->WatchParts(&stream_context, WatchPartsRequest());
  WatchPartsResponse first;
  ASSERT_TRUE(stream->Read(&first));

  grpc::ClientContext context;
  catalogue::v1::Contract contract;
  const absl::Time start = absl::Now();
  EXPECT_EQ(stub->GetContract(&context, {}, &contract).error_code(),
            grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(250));
  grpc::ClientContext own_deadline;
  own_deadline.set_deadline(absl::ToChronoTime(absl::Now() + absl::Milliseconds(600)));
  EXPECT_EQ(stub->GetContract(&own_deadline, {}, &contract).error_code(),
            grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(800));
  stream_context.TryCancel();
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(ServerTest, EndsStreamsWhenTheGraceIsOver) {
  const auto stub =
      RegistryService::NewStub(Channel(*certificates_.For("gateway"), "service/catalogue"));
  grpc::ClientContext context;
  auto stream = stub->WatchParts(&context, WatchPartsRequest());
  WatchPartsResponse response;
  ASSERT_TRUE(stream->Read(&response));
  server_->Shutdown(absl::Milliseconds(50));
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_FALSE(stream->Finish().ok());
}

// Calls `method` with an empty message over `channel`.
grpc::Status CallRaw(const std::shared_ptr<grpc::Channel>& channel, const std::string& method) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(10)));
  const grpc::Slice nothing("");
  const grpc::ByteBuffer request(&nothing, 1);
  grpc::ByteBuffer response;
  std::mutex mutex;
  std::condition_variable done;
  std::optional<grpc::Status> result;
  stub.UnaryCall(&context, method, {}, &request, &response, [&](grpc::Status status) {
    std::lock_guard lock(mutex);
    result = std::move(status);
    done.notify_one();
  });
  std::unique_lock lock(mutex);
  done.wait(lock, [&] { return result.has_value(); });
  return *result;
}

TEST_F(ServerTest, AnswersHealthAndReflection) {
  const auto channel = Channel(*certificates_.For("gateway"), "service/catalogue");
  EXPECT_TRUE(CallRaw(channel, "/grpc.health.v1.Health/Check").ok());
  const grpc::Status reflection =
      CallRaw(channel, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo");
  EXPECT_TRUE(reflection.ok()) << reflection.error_message();
  EXPECT_EQ(CallRaw(channel, "/grpc.health.v1.Health/NoSuchMethod").error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
}

class AnswersAll : public grpc::CallbackGenericService {
 public:
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext*) override {
    class Answer : public grpc::ServerGenericBidiReactor {
     public:
      Answer() { StartRead(&buffer_); }
      void OnReadDone(bool) override { StartWriteAndFinish(&buffer_, {}, grpc::Status::OK); }
      void OnDone() override { delete this; }

     private:
      grpc::ByteBuffer buffer_;
    };
    return new Answer;
  }
};

TEST_F(ServerTest, GivesWhatNoServiceServesToTheGenericOne) {
  AnswersAll generic;
  auto server = Server::Start({.credentials = certificates_.For("adapter/diskominfo"),
                               .services = {&echo_},
                               .generic = &generic});
  ASSERT_THAT(server, IsOk());
  const auto channel = Connect((*server)->address(), *certificates_.For("gateway"),
                               certificates_.IdentityOf("adapter/diskominfo"));
  EXPECT_TRUE(CallRaw(channel, "/any.v1.Service/Method").ok());
  EXPECT_THAT(Call(channel), IsOk());
  EXPECT_TRUE(CallRaw(channel, "/grpc.health.v1.Health/Check").ok());
}

// A service as most are: a thread waits in each call.
class Slow : public bus::v1::PartService::Service {
 public:
  grpc::Status ListParkedEvents(grpc::ServerContext*, const bus::v1::ListParkedEventsRequest*,
                                bus::v1::ListParkedEventsResponse*) override {
    most_ = std::max<int>(most_, ++inside_);
    end_.WaitForNotification();
    --inside_;
    return grpc::Status::OK;
  }
  int inside() const { return inside_; }
  int most() const { return most_; }
  void End() { end_.Notify(); }

 private:
  std::atomic<int> inside_ = 0;
  std::atomic<int> most_ = 0;
  absl::Notification end_;
};

TEST_F(ServerTest, HasNoMoreThreadsThanItsLimitHoweverManyCallsCome) {
  Slow slow;
  auto server =
      Server::Start({.credentials = certificates_.For("service/wifi"), .services = {&slow}});
  ASSERT_THAT(server, IsOk());
  const auto channel = Connect((*server)->address(), *certificates_.For("gateway"),
                               certificates_.IdentityOf("service/wifi"));
  const auto stub = bus::v1::PartService::NewStub(channel);
  constexpr int kCalls = 300;
  struct Sent {
    grpc::ClientContext context;
    bus::v1::ListParkedEventsRequest request;
    bus::v1::ListParkedEventsResponse response;
  };
  std::vector<std::unique_ptr<Sent>> calls;
  std::atomic<int> refused = 0, served = 0;
  for (int i = 0; i < kCalls; ++i) {
    Sent& call = *calls.emplace_back(std::make_unique<Sent>());
    stub->async()->ListParkedEvents(
        &call.context, &call.request, &call.response, [&](const grpc::Status& status) {
          if (status.ok()) ++served;
          if (status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED) {
            ++refused;
          }
        });
  }
  const absl::Time deadline = absl::Now() + absl::Seconds(20);
  while (slow.inside() + refused < kCalls && absl::Now() < deadline) {
    absl::SleepFor(absl::Milliseconds(10));
  }
  slow.End();
  while (served + refused < kCalls && absl::Now() < deadline) {
    absl::SleepFor(absl::Milliseconds(10));
  }
  EXPECT_EQ(served + refused, kCalls);
  EXPECT_GT(slow.most(), 30);
  EXPECT_LE(slow.most(), 64);
}

}  // namespace
}  // namespace simpul::rpc
