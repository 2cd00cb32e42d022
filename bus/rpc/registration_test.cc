// Against a catalogue that lives in this test.
#include "bus/rpc/registration.h"

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include "absl/time/clock.h"
#include "bus/rpc/protoset.h"
#include "bus/rpc/server.h"
#include "bus/rpc/status.h"
#include "bus/rpc/test_credentials.h"
#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "simpul/catalogue/v1/registry.grpc.pb.h"

namespace simpul::rpc {
namespace {

using catalogue::v1::Part;
using catalogue::v1::WatchPartsResponse;
using ::simpul::testing::IsOk;
using ::simpul::testing::StatusIs;
using ::testing::ElementsAre;

constexpr absl::Duration kDeadline = absl::Seconds(10);

// What happened, to be waited for.
template <class T>
class Events {
 public:
  void Add(T event) {
    std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
    added_.notify_all();
  }
  // The next one, or nothing within `within`.
  std::optional<T> Next(absl::Duration within = kDeadline) {
    std::unique_lock lock(mutex_);
    if (!added_.wait_for(lock, absl::ToChronoNanoseconds(within),
                         [&] { return !events_.empty(); })) {
      return std::nullopt;
    }
    T event = std::move(events_.front());
    events_.pop_front();
    return event;
  }

 private:
  std::mutex mutex_;
  std::condition_variable added_;
  std::deque<T> events_;
};

class FakeCatalogue : public catalogue::v1::RegistryService::Service {
 public:
  grpc::Status Register(grpc::ServerContext*, const catalogue::v1::RegisterRequest* request,
                        catalogue::v1::RegisterResponse* response) override {
    std::lock_guard lock(mutex_);
    requests.Add(*request);
    if (!refusal_.ok()) return ToGrpc(refusal_);
    if (!request->protoset().empty()) contracts_.insert(ContractHash(request->protoset()));
    if (!contracts_.contains(request->part().contract_hash())) {
      return grpc::Status(grpc::StatusCode::FAILED_PRECONDITION, "send the protoset");
    }
    response->mutable_lease()->set_nanos(300'000'000);
    return grpc::Status::OK;
  }

  grpc::Status Deregister(grpc::ServerContext*, const catalogue::v1::DeregisterRequest* request,
                          catalogue::v1::DeregisterResponse*) override {
    deregistered.Add(request->instance());
    return grpc::Status::OK;
  }

  grpc::Status WatchParts(grpc::ServerContext* context, const catalogue::v1::WatchPartsRequest*,
                          grpc::ServerWriter<WatchPartsResponse>* writer) override {
    watches.Add(1);
    while (auto answer = answers.Next()) {
      if (answer->version() == 0) return grpc::Status(grpc::StatusCode::UNAVAILABLE, "restarting");
      if (!writer->Write(*answer) || context->IsCancelled()) break;
    }
    return grpc::Status::OK;
  }

  void Refuse(absl::Status status) {
    std::lock_guard lock(mutex_);
    refusal_ = std::move(status);
  }

  Events<catalogue::v1::RegisterRequest> requests;
  Events<std::string> deregistered;
  Events<int> watches;
  Events<WatchPartsResponse> answers;  // version 0: end the stream

 private:
  std::mutex mutex_;
  absl::Status refusal_;
  std::set<std::string> contracts_;
};

class RegistrationTest : public ::testing::Test {
 protected:
  RegistrationTest() { Serve("127.0.0.1:0"); }

  void Serve(const std::string& address) {
    auto server = Server::Start({.address = address,
                                 .credentials = certificates_.For("service/catalogue"),
                                 .services = {&catalogue_}});
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  std::unique_ptr<Registration> Register() {
    const std::vector<std::string> services = {"simpul.wifi.v1.HotspotService"};
    return Registration::Start({.catalogue = server_->address(),
                                .credentials = certificates_.For("service/wifi"),
                                .address = "127.0.0.1:4711",
                                .services = services,
                                .topics = {"simpul.wifi.v1.HotspotEvent"},
                                .protoset = *ProtosetOf(BuiltInProtoset(), services)});
  }

  static absl::Status Until(const Registration& registration, bool ok) {
    const absl::Time end = absl::Now() + kDeadline;
    while (registration.status().ok() != ok && absl::Now() < end)
      absl::SleepFor(absl::Milliseconds(5));
    return registration.status();
  }

  TestCredentials certificates_;
  FakeCatalogue catalogue_;
  std::unique_ptr<Server> server_;
};

TEST_F(RegistrationTest, SendsTheContractOnlyIfTheCatalogueLacksIt) {
  const auto registration = Register();
  const auto first = catalogue_.requests.Next();
  const auto second = catalogue_.requests.Next();
  const auto renewal = catalogue_.requests.Next();
  ASSERT_TRUE(first && second && renewal);
  EXPECT_EQ(first->protoset(), "");
  EXPECT_EQ(ContractHash(second->protoset()), first->part().contract_hash());
  EXPECT_EQ(renewal->protoset(), "");
  EXPECT_EQ(renewal->part().instance(), first->part().instance());
  EXPECT_EQ(first->part().address(), "127.0.0.1:4711");
  EXPECT_THAT(first->part().services(), ElementsAre("simpul.wifi.v1.HotspotService"));
  EXPECT_THAT(first->part().topics(), ElementsAre("simpul.wifi.v1.HotspotEvent"));
}

TEST_F(RegistrationTest, HoldsWhileItIsRenewedAndDeregistersAtTheEnd) {
  auto registration = Register();
  EXPECT_THAT(Until(*registration, true), IsOk());
  const auto instance = catalogue_.requests.Next()->part().instance();
  registration.reset();
  EXPECT_EQ(catalogue_.deregistered.Next(), instance);
}

TEST_F(RegistrationTest, EndsWhenGatewaysHaveHadTimeToHearThatItLeft) {
  auto registration = Register();
  ASSERT_THAT(Until(*registration, true), IsOk());
  const absl::Time begin = absl::Now();
  registration.reset();
  EXPECT_GE(absl::Now() - begin, absl::Milliseconds(200));
}

TEST_F(RegistrationTest, SaysWhyItWasRefusedAndAsksAgain) {
  catalogue_.Refuse(absl::AlreadyExistsError("the route belongs to service/other"));
  const auto registration = Register();
  const absl::Time end = absl::Now() + kDeadline;
  while (!absl::IsAlreadyExists(registration->status()) && absl::Now() < end) {
    absl::SleepFor(absl::Milliseconds(5));
  }
  EXPECT_THAT(registration->status(), StatusIs(absl::StatusCode::kAlreadyExists));
}

TEST_F(RegistrationTest, IsLostWithTheCatalogueAndComesBackWithIt) {
  const auto registration = Register();
  EXPECT_THAT(Until(*registration, true), IsOk());
  const std::string address = server_->address();
  server_.reset();
  EXPECT_THAT(Until(*registration, false), StatusIs(absl::StatusCode::kUnavailable));
  Serve(address);
  EXPECT_THAT(Until(*registration, true), IsOk());
}

class PartsWatchTest : public RegistrationTest {
 protected:
  void Start() {
    watch_ = PartsWatch::Start(server_->address(), certificates_.For("gateway"),
                               [this](const std::vector<Part>& parts) {
                                 std::vector<std::string> names;
                                 for (const Part& part : parts) names.push_back(part.name());
                                 lists_.Add(std::move(names));
                               });
  }
  ~PartsWatchTest() override {
    catalogue_.answers.Add({});  // lets the fake's thread go
    watch_.reset();
  }

  void Send(int64_t version, bool snapshot, const std::vector<std::string>& parts,
            const std::vector<std::string>& removed = {}, int64_t expires = 0) {
    WatchPartsResponse response;
    response.set_version(version);
    response.set_snapshot(snapshot);
    for (const std::string& name : parts) {
      Part& part = *response.add_parts();
      part.set_name(name);
      part.mutable_expire_time()->set_seconds(expires);
    }
    for (const std::string& name : removed) response.add_removed(name);
    catalogue_.answers.Add(response);
  }

  Events<std::vector<std::string>> lists_;
  std::unique_ptr<PartsWatch> watch_;
};

TEST_F(PartsWatchTest, TellsTheWholeListAfterEachChange) {
  Start();
  Send(1, true, {"b", "a"});
  Send(2, false, {"c"});
  Send(3, false, {}, {"a", "b"});
  EXPECT_THAT(*lists_.Next(), ElementsAre("a", "b"));
  EXPECT_THAT(*lists_.Next(), ElementsAre("a", "b", "c"));
  EXPECT_THAT(*lists_.Next(), ElementsAre("c"));
}

TEST_F(PartsWatchTest, IsQuietWhenOnlyLeasesMove) {
  Start();
  Send(1, true, {"a"}, {}, 1);
  Send(2, false, {"a"}, {}, 2);
  Send(3, false, {"b"});
  EXPECT_THAT(*lists_.Next(), ElementsAre("a"));
  EXPECT_THAT(*lists_.Next(), ElementsAre("a", "b"));
}

TEST_F(PartsWatchTest, KeepsTheListWhileTheCatalogueIsAwayAndTellsOnlyWhatChanged) {
  Start();
  Send(1, true, {"a"});
  EXPECT_THAT(*lists_.Next(), ElementsAre("a"));
  catalogue_.answers.Add({});  // the stream ends
  Send(1, true, {"a"});        // the new process knows the same
  Send(2, false, {"b"});
  EXPECT_THAT(*lists_.Next(), ElementsAre("a", "b"));
}

TEST_F(PartsWatchTest, AsksForAllAgainAfterAMissedAnswer) {
  Start();
  EXPECT_TRUE(catalogue_.watches.Next());
  Send(1, true, {"a"});
  Send(3, false, {"c"});
  EXPECT_THAT(*lists_.Next(), ElementsAre("a"));
  catalogue_.answers.Add({});  // the fake notices the cancelled stream
  EXPECT_TRUE(catalogue_.watches.Next());
  Send(4, true, {"a", "b", "c"});
  EXPECT_THAT(*lists_.Next(), ElementsAre("a", "b", "c"));
}

TEST_F(PartsWatchTest, TellsAnEmptyCityToo) {
  Start();
  Send(1, true, {});
  EXPECT_THAT(*lists_.Next(), ElementsAre());
}

}  // namespace
}  // namespace simpul::rpc
