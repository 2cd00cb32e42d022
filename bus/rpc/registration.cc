#include "bus/rpc/registration.h"

#include <random>
#include <thread>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "bus/observe/log.h"
#include "bus/rpc/protoset.h"
#include "bus/rpc/retry.h"
#include "bus/rpc/server.h"
#include "bus/rpc/status.h"
#include "simpul/catalogue/v1/registry.grpc.pb.h"

namespace simpul::rpc {
namespace {

using catalogue::v1::RegisterRequest;
using catalogue::v1::RegisterResponse;
using catalogue::v1::RegistryService;

// How long a refusal stands before we ask again, until the catalogue has told its lease.
constexpr absl::Duration kDefaultLease = absl::Seconds(10);
constexpr absl::Duration kFarewell = absl::Seconds(1);
// After it has left the list a part still answers so long: whoever follows the list hears of it
// meanwhile, and sends no call that would be broken off.
constexpr absl::Duration kHeard = absl::Milliseconds(200);

std::string NewInstance() {
  std::random_device random;
  return absl::StrFormat("%08x%08x", random(), random());
}

absl::Duration ToDuration(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

class LeasedRegistration : public Registration {
 public:
  explicit LeasedRegistration(RegistrationOptions options)
      : who_(options.credentials->identity().Path()),
        protoset_(std::move(options.protoset)),
        stub_(RegistryService::NewStub(
            Connect(options.catalogue, *options.credentials,
                    {options.credentials->identity().trust_domain, "service", "catalogue"}))) {
    catalogue::v1::Part& part = *request_.mutable_part();
    part.set_instance(NewInstance());
    part.set_address(options.address);
    part.mutable_services()->Assign(options.services.begin(), options.services.end());
    part.mutable_authorities()->Assign(options.authorities.begin(), options.authorities.end());
    part.mutable_topics()->Assign(options.topics.begin(), options.topics.end());
    part.set_contract_hash(ContractHash(protoset_));
    part.set_version(SIMPUL_VERSION);
    thread_ = std::thread([this] { Run(); });
  }

  ~LeasedRegistration() override {
    stop_.Trigger();
    thread_.join();
    Deregister();
  }

  absl::Status status() const override {
    std::lock_guard lock(mutex_);
    if (absl::Now() < expires_) return absl::OkStatus();
    return last_.ok() ? absl::UnavailableError("the lease ran out") : last_;
  }

 private:
  void Run() {
    absl::Duration wait;
    do {
      const absl::Time asked = absl::Now();
      wait = Remember(Register(), asked);
    } while (stop_.WaitFor(wait));
  }

  // Renews; sends the contract only if the catalogue does not know it.
  absl::Status Register() {
    absl::Status status = Call(request_);
    if (!absl::IsFailedPrecondition(status)) return status;
    RegisterRequest whole = request_;
    whole.set_protoset(protoset_);
    return Call(whole);
  }

  absl::Status Call(const RegisterRequest& request) {
    grpc::Status status;
    stop_.Run([&](grpc::ClientContext& context) {
      RegisterResponse response;
      status = stub_->Register(&context, request, &response);
      if (status.ok()) lease_ = ToDuration(response.lease());
    });
    return FromGrpc(status);
  }

  // Keeps what became of it and returns how long to wait before asking again.
  absl::Duration Remember(const absl::Status& status, absl::Time asked) {
    std::lock_guard lock(mutex_);
    if (status != last_ && !stop_.stopped()) Report(status);
    last_ = status;
    if (status.ok()) {
      expires_ = asked + lease_;
      backoff_.Reset();
      return lease_ / 3;
    }
    if (absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status)) return backoff_.Next();
    expires_ = absl::InfinitePast();
    return lease_;
  }

  void Report(const absl::Status& status) const {
    if (status.ok()) {
      observe::Log(observe::Severity::kInfo, who_, "is on the bus",
                   {{"address", request_.part().address()}});
    } else {
      observe::Log(observe::Severity::kWarning, who_, "is not registered in the catalogue",
                   {{"error", observe::StatusText(status)}});
    }
  }

  void Deregister() {
    if (!last_.ok()) return;
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + kFarewell));
    catalogue::v1::DeregisterRequest request;
    request.set_instance(request_.part().instance());
    catalogue::v1::DeregisterResponse response;
    // Else the lease runs out.
    if (stub_->Deregister(&context, request, &response).ok()) absl::SleepFor(kHeard);
  }

  const std::string who_;
  const std::string protoset_;
  const std::unique_ptr<RegistryService::Stub> stub_;
  RegisterRequest request_;
  Stop stop_;

  // Of the thread alone.
  absl::Duration lease_ = kDefaultLease;
  Backoff backoff_;

  mutable std::mutex mutex_;
  absl::Status last_ = absl::UnavailableError("not registered in the catalogue yet");
  absl::Time expires_ = absl::InfinitePast();

  std::thread thread_;
};

}  // namespace

std::unique_ptr<Registration> Registration::Start(RegistrationOptions options) {
  return std::make_unique<LeasedRegistration>(std::move(options));
}

}  // namespace simpul::rpc
