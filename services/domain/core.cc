#include "services/domain/core.h"

#include <utility>

#include "bus/config/secret.h"
#include "bus/observe/admin_server.h"
#include "bus/observe/log.h"
#include "bus/rpc/protoset.h"
#include "services/domain/observation.h"

namespace simpul::domain {
namespace {

constexpr absl::Duration kKafkaRetry = absl::Seconds(1);

kafka::Connection ConnectionOf(const rpc::PartOptions& options) {
  const rpc::CertificateFiles& files = options.credentials->files();
  return {.brokers = options.kafka,
          .ca = files.ca,
          .certificate = files.certificate,
          .key = files.key,
          .client_id = options.credentials->identity().Path()};
}

}  // namespace

Core::Core(const rpc::PartOptions& options, Clock& clock, Domain domain)
    : options_(options), clock_(clock), domain_(std::move(domain)), revisions_(clock) {}

absl::StatusOr<std::unique_ptr<Core>> Core::Open(const rpc::PartOptions& options, Clock& clock,
                                                 Domain domain) {
  std::unique_ptr<Core> core(new Core(options, clock, std::move(domain)));
  if (auto status = core->Open(); !status.ok()) return status;
  return core;
}

void Core::LogError(std::string_view what, const absl::Status& status) const {
  observe::Log(observe::Severity::kError, domain_.name, what,
               {{"error", observe::StatusText(status)}});
}

absl::Status Core::Open() {
  auto contract = rpc::ProtosetOf(rpc::BuiltInProtoset(), domain_.services);
  if (!contract.ok()) return contract.status();
  protoset_ = *std::move(contract);

  auto opened = store::Store::Open({.url = options_.store, .part = domain_.name});
  if (!opened.ok()) return opened.status();
  store_ = *std::move(opened);
  if (auto s = store::Migrate(*store_, "outbox", kafka::OutboxMigrations()); !s.ok()) return s;
  if (auto s = store::Migrate(*store_, "consumer", kafka::ConsumerMigrations()); !s.ok()) return s;
  if (auto s = store::Migrate(*store_, "sources", SourceMigrations()); !s.ok()) return s;
  if (auto s = store::Migrate(*store_, "observation", ObservationMigrations()); !s.ok()) return s;
  if (auto s = store::Migrate(*store_, domain_.name, domain_.migrations); !s.ok()) return s;

  auto secret = config::LoadOrMakeSecret(options_.secrets + "/page-token");
  if (!secret.ok()) return secret.status();
  tokens_ = std::make_unique<rpc::TokenKey>(*std::move(secret));
  publisher_ = std::make_unique<Publisher>(clock_, domain_.name,
                                           rpc::DataSchema(rpc::ContractHash(protoset_)));
  sources_ = std::make_unique<Sources>(*store_, domain_.sources);
  return sources_->Load();
}

absl::Status Core::StartRelay() {
  kafka::RelayOptions relay{.connection = ConnectionOf(options_),
                            .store = store_.get(),
                            .part = domain_.name,
                            .revisions = &revisions_,
                            .clock = &clock_,
                            .stop = stopping_kafka_.get_token()};
  for (const std::string& topic : domain_.topics) relay.topics.push_back({.name = topic});
  auto relaying = kafka::Relay::Start(std::move(relay));
  if (!relaying.ok()) return relaying.status();
  relay_ = *std::move(relaying);
  return absl::OkStatus();
}

absl::Status Core::StartConsumer() {
  const auto apply = [this](store::Transaction& transaction, const kafka::Record& record) {
    return IsObservation(record) ? ApplyObservation(transaction, record)
                                 : work_.apply(transaction, record);
  };
  auto consuming = kafka::Consumer::Start({.connection = ConnectionOf(options_),
                                           .group = domain_.name,
                                           .store = store_.get(),
                                           .topics = sources_->topics()},
                                          apply, [this] {
                                            relay_->Wake();
                                            absl::MutexLock lock(&mutex_);
                                            has_commits_ = true;
                                          });
  if (!consuming.ok()) return consuming.status();
  {
    absl::MutexLock lock(&topics_mutex_);
    consumer_ = *std::move(consuming);
  }
  ReadTopics();  // the catalogue may have told of more meanwhile
  return absl::OkStatus();
}

void Core::TakeIn(const std::vector<simpul::catalogue::v1::Part>& parts) {
  if (auto s = sources_->Update(parts); !s.ok()) LogError("new source topics are not stored", s);
  if (work_.parts_changed) work_.parts_changed(parts);
  ReadTopics();
}

void Core::ReadTopics() {
  absl::MutexLock lock(&topics_mutex_);
  if (consumer_ != nullptr) consumer_->SetTopics(sources_->topics());
}

absl::Status Core::Serve(std::vector<grpc::Service*> services, Work work) {
  work_ = std::move(work);
  part_service_ = std::make_unique<kafka::PartService>(*store_, kafka::PartService::Reads::kEvents);
  services.push_back(part_service_.get());
  auto started = rpc::Server::Start({.address = options_.listen,
                                     .credentials = options_.credentials,
                                     .services = std::move(services)});
  if (!started.ok()) return started.status();
  server_ = *std::move(started);
  parts_ = rpc::PartsWatch::Start(options_.catalogue, options_.credentials,
                                  [this](const auto& parts) { TakeIn(parts); });
  worker_ = std::thread([this] { Run(); });
  registration_ = rpc::Registration::Start({.catalogue = options_.catalogue,
                                            .credentials = options_.credentials,
                                            .address = server_->address(),
                                            .services = domain_.services,
                                            .topics = domain_.topics,
                                            .protoset = protoset_});
  if (options_.admin != nullptr) {
    // Weakly, since the admin server outlives the part.
    options_.admin->AddReadyCheck(
        domain_.name, [weak = std::weak_ptr<rpc::Registration>(registration_)] {
          const auto registered = weak.lock();
          return registered ? registered->status() : absl::UnavailableError("it has stopped");
        });
  }
  observe::Log(observe::Severity::kInfo, domain_.name, "serving",
               {{"address", server_->address()}});
  return absl::OkStatus();
}

// False: the part stops.
bool Core::JoinKafka() {
  for (;;) {
    absl::Status status = relay_ == nullptr ? StartRelay() : absl::OkStatus();
    if (status.ok()) status = StartConsumer();
    if (status.ok()) return true;
    if (absl::IsCancelled(status)) return false;
    LogError("Kafka is not reached; reads are answered meanwhile, and it is tried again", status);
    absl::MutexLock lock(&mutex_);
    if (mutex_.AwaitWithTimeout(absl::Condition(&is_stopping_), kKafkaRetry)) return false;
  }
}

void Core::Run() {
  if (!JoinKafka()) return;
  absl::Time next = absl::Now() + work_.every;
  const auto has_work = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return is_stopping_ || has_commits_;
  };
  for (;;) {
    {
      absl::MutexLock lock(&mutex_);
      mutex_.AwaitWithDeadline(absl::Condition(&has_work), next);
      if (is_stopping_) return;
      has_commits_ = false;
    }
    const bool is_due = absl::Now() >= next;
    work_.upkeep(is_due);
    if (is_due) next = absl::Now() + work_.every;
  }
}

absl::StatusOr<Listening> Core::Listen(absl::Time now) {
  kafka::Consumer* consumer = nullptr;
  {
    absl::MutexLock lock(&topics_mutex_);
    consumer = consumer_.get();  // there since Kafka was joined
  }
  auto accounting = consumer->accounting();
  if (!accounting.ok()) return accounting.status();
  return sources_->Listen(*accounting, now);
}

void Core::Stop() {
  stopping_kafka_.request_stop();
  registration_.reset();  // off the bus before it stops to answer
  if (server_ != nullptr) server_->Shutdown(absl::Seconds(5));
  if (worker_.joinable()) {
    {
      absl::MutexLock lock(&mutex_);
      is_stopping_ = true;
    }
    worker_.join();
  }
  parts_.reset();
  std::unique_ptr<kafka::Consumer> consumer;
  {
    absl::MutexLock lock(&topics_mutex_);
    consumer = std::move(consumer_);
  }
  consumer.reset();  // its last commit wakes the relay
  relay_.reset();
}

}  // namespace simpul::domain
