#include "services/events/part.h"

#include <chrono>
#include <functional>
#include <utility>
#include <vector>

#include "bus/config/secret.h"
#include "bus/kafka/reader.h"
#include "bus/observe/admin_server.h"
#include "bus/rpc/protoset.h"
#include "bus/rpc/registration.h"
#include "bus/rpc/server.h"
#include "bus/rpc/status.h"
#include "bus/store/store.h"
#include "grpcpp/client_context.h"
#include "services/events/service.h"
#include "simpul/catalogue/v1/registry.grpc.pb.h"

namespace simpul::events {
namespace {

constexpr std::chrono::seconds kFetchDeadline(3);
constexpr absl::Duration kGrace = absl::Seconds(2);

FetchContract FetchFrom(const Options& options) {
  std::shared_ptr<catalogue::v1::RegistryService::Stub> stub =
      catalogue::v1::RegistryService::NewStub(
          rpc::Connect(options.catalogue, *options.credentials,
                       {options.credentials->identity().trust_domain, "service", "catalogue"}));
  return [stub](const std::string& hash) -> absl::StatusOr<std::string> {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kFetchDeadline);
    catalogue::v1::GetContractRequest request;
    request.set_hash(hash);
    catalogue::v1::Contract contract;
    absl::Status status = rpc::FromGrpc(stub->GetContract(&context, request, &contract));
    if (!status.ok()) return status;
    return std::move(*contract.mutable_protoset());
  };
}

// The tail reads on and on; a reader that catches up is set anew for each subscriber.
constexpr int kTailFetch = 1 << 20;
constexpr int kCatchUpFetch = 128 << 10;

OpenReader ReaderFor(const Options& options, int partition_fetch_bytes) {
  const rpc::CertificateFiles& files = options.credentials->files();
  const kafka::Connection connection = {options.kafka, files.ca, files.certificate, files.key,
                                        "events"};
  return [connection, partition_fetch_bytes] {
    return kafka::Reader::Open(connection, partition_fetch_bytes);
  };
}

// What /readyz asks; outlives the part in the admin server.
struct Readiness {
  absl::Mutex mutex;
  std::function<absl::Status()> check ABSL_GUARDED_BY(mutex);

  absl::Status Ask() {
    absl::MutexLock lock(&mutex);
    return check ? check() : absl::UnavailableError("stopped");
  }
};

class EventsPart final : public Part {
 public:
  EventsPart(const Options& options, std::unique_ptr<store::Store> store, std::string secret)
      : options_(options),
        store_(std::move(store)),
        tokens_(std::move(secret)),
        tail_(options.ring_bytes),
        streams_(*options.clock, options.streams_per_agency) {}
  ~EventsPart() override;

  absl::Status Run();
  std::string address() const override { return server_->address(); }

 private:
  absl::Status OpenStore();
  void StartReaders();
  absl::Status Serve();
  absl::Status Register();
  absl::Status CheckReady() const;

  const Options options_;
  const std::unique_ptr<store::Store> store_;
  const ResumeTokens tokens_;
  Tail tail_;
  Streams streams_;
  std::unique_ptr<PublicTypes> types_;
  std::unique_ptr<Subscriptions> subscriptions_;
  std::unique_ptr<CatchUp> catch_up_;
  std::unique_ptr<Opener> opener_;
  std::unique_ptr<TailReader> tail_reader_;
  std::unique_ptr<Service> service_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<rpc::PartsWatch> watch_;
  std::unique_ptr<rpc::Registration> registration_;
  const std::shared_ptr<Readiness> readiness_ = std::make_shared<Readiness>();
};

absl::Status EventsPart::Run() {
  absl::Status status = OpenStore();
  if (!status.ok()) return status;
  StartReaders();
  status = Serve();
  if (!status.ok()) return status;
  return Register();
}

absl::Status EventsPart::OpenStore() {
  absl::StatusOr<std::unique_ptr<PublicTypes>> types =
      PublicTypes::Open(*store_, FetchFrom(options_));
  if (!types.ok()) return types.status();
  types_ = *std::move(types);
  absl::StatusOr<std::unique_ptr<Subscriptions>> subscriptions =
      Subscriptions::Open(*store_, *options_.clock, options_.subscriptions_per_agency);
  if (!subscriptions.ok()) return subscriptions.status();
  subscriptions_ = *std::move(subscriptions);
  return absl::OkStatus();
}

void EventsPart::StartReaders() {
  const OpenReader open = ReaderFor(options_, kTailFetch);
  catch_up_ = std::make_unique<CatchUp>(ReaderFor(options_, kCatchUpFetch), tail_, *types_,
                                        options_.catch_up_readers);
  opener_ = std::make_unique<Opener>(open, [this] { types_->FetchMissing(); });
  tail_reader_ = std::make_unique<TailReader>(open, tail_, *types_, *options_.clock,
                                              [this] { streams_.Tick(); });
}

absl::Status EventsPart::Serve() {
  const Feed feed{tail_, *catch_up_, tokens_, *options_.clock, options_.token_interval};
  service_ = std::make_unique<Service>(*types_, *subscriptions_, *opener_, streams_, feed);
  rpc::ServerOptions options;
  options.address = options_.listen;
  options.credentials = options_.credentials;
  options.services = {service_.get()};
  absl::StatusOr<std::unique_ptr<rpc::Server>> server = rpc::Server::Start(options);
  if (!server.ok()) return server.status();
  server_ = *std::move(server);
  return absl::OkStatus();
}

absl::Status EventsPart::Register() {
  const std::vector<std::string> services = {v1::EventService::service_full_name()};
  absl::StatusOr<std::string> protoset = rpc::ProtosetOf(rpc::BuiltInProtoset(), services);
  if (!protoset.ok()) return protoset.status();
  watch_ =
      rpc::PartsWatch::Start(options_.catalogue, options_.credentials,
                             [this](const std::vector<catalogue::v1::Part>& parts) {
                               types_->Update(parts);
                               // On the opener's thread, for it waits for the catalogue and this
                               // one must not.
                               opener_->Add({[this]() -> absl::StatusOr<std::vector<std::string>> {
                                               types_->FetchMissing();
                                               return std::vector<std::string>();
                                             },
                                             [](const absl::StatusOr<Kept>&) {}});
                             });
  rpc::RegistrationOptions options;
  options.catalogue = options_.catalogue;
  options.credentials = options_.credentials;
  options.address = server_->address();
  options.services = services;
  options.protoset = *std::move(protoset);
  registration_ = rpc::Registration::Start(std::move(options));
  {
    absl::MutexLock lock(&readiness_->mutex);
    readiness_->check = [this] { return CheckReady(); };
  }
  if (options_.admin != nullptr) {
    options_.admin->AddReadyCheck("events", [ready = readiness_] { return ready->Ask(); });
  }
  return absl::OkStatus();
}

absl::Status EventsPart::CheckReady() const {
  absl::Status status = registration_->status();
  if (!status.ok()) return status;
  if (types_->heard()) return absl::OkStatus();
  return absl::UnavailableError("the catalogue has not told the event types yet");
}

EventsPart::~EventsPart() {
  {
    absl::MutexLock lock(&readiness_->mutex);
    readiness_->check = nullptr;
  }
  registration_.reset();
  watch_.reset();
  streams_.Stop();
  if (server_ != nullptr) server_->Shutdown(kGrace);
  server_.reset();
  service_.reset();
  tail_reader_.reset();
  opener_.reset();
  catch_up_.reset();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Part>> Part::Start(const Options& options) {
  absl::StatusOr<std::string> secret = config::LoadOrMakeSecret(options.secrets + "/resume-token");
  if (!secret.ok()) return secret.status();
  absl::StatusOr<std::unique_ptr<store::Store>> store =
      store::Store::Open({options.store, "events"});
  if (!store.ok()) return store.status();
  auto part = std::make_unique<EventsPart>(options, *std::move(store), *std::move(secret));
  absl::Status running = part->Run();
  if (!running.ok()) return running;
  return part;
}

}  // namespace simpul::events
