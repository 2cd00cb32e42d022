#include "services/wifi/part.h"

#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "bus/config/secret.h"
#include "bus/kafka/consumer.h"
#include "bus/kafka/outbox.h"
#include "bus/kafka/relay.h"
#include "bus/observe/admin_server.h"
#include "bus/observe/log.h"
#include "bus/rpc/protoset.h"
#include "bus/rpc/registration.h"
#include "bus/rpc/server.h"
#include "bus/rpc/token.h"
#include "bus/store/store.h"
#include "prometheus/counter.h"
#include "prometheus/registry.h"
#include "services/wifi/applier.h"
#include "services/wifi/hotspot_service.h"
#include "services/wifi/lost_stops.h"
#include "services/wifi/migrations.h"
#include "services/wifi/relink.h"
#include "services/wifi/session_service.h"
#include "services/wifi/sources.h"

namespace simpul::wifi {
namespace {

constexpr std::string_view kPart = "wifi";
constexpr absl::Duration kKafkaRetry = absl::Seconds(1);

kafka::Connection ConnectionOf(const Options& options) {
  const rpc::CertificateFiles& files = options.credentials->files();
  return {.brokers = options.kafka,
          .ca = files.ca,
          .certificate = files.certificate,
          .key = files.key,
          .client_id = "service/wifi"};
}

std::vector<std::string> Services() {
  return {v1::HotspotService::service_full_name(), v1::SessionService::service_full_name()};
}

void LogError(std::string_view what, const absl::Status& status) {
  observe::Log(observe::Severity::kError, kPart, what, {{"error", observe::StatusText(status)}});
}

}  // namespace

// Members are destroyed from the last to the first: what is used stands above its user.
struct Part::Running {
  explicit Running(const Options& o) : options(o), revisions(*o.clock) {}
  ~Running();

  absl::Status Open();
  absl::Status StartRelay();
  absl::Status StartConsumer();
  absl::Status Serve();
  bool JoinKafka();
  void Work();
  void Upkeep();
  void WakeUpkeep();

  const Options options;
  std::string protoset;
  std::unique_ptr<store::Store> store;
  kafka::RevisionClock revisions;
  std::unique_ptr<rpc::TokenKey> tokens;
  std::unique_ptr<Publisher> publisher;
  std::unique_ptr<Applier> applier;
  std::unique_ptr<Sources> sources;
  std::unique_ptr<HotspotService> hotspots;
  std::unique_ptr<SessionService> sessions;
  std::unique_ptr<kafka::Relay> relay;
  std::unique_ptr<kafka::Consumer> consumer;
  std::unique_ptr<rpc::PartsWatch> parts;
  std::unique_ptr<rpc::Server> server;
  std::shared_ptr<rpc::Registration> registration;

  absl::Mutex mutex;
  bool is_stopping ABSL_GUARDED_BY(mutex) = false;
  bool has_commits ABSL_GUARDED_BY(mutex) = true;  // a hotspot may have moved
  std::thread worker;
};

absl::Status Part::Running::Open() {
  auto contract = rpc::ProtosetOf(rpc::BuiltInProtoset(), Services());
  if (!contract.ok()) return contract.status();
  protoset = *std::move(contract);

  auto opened = store::Store::Open({.url = options.store, .part = std::string(kPart)});
  if (!opened.ok()) return opened.status();
  store = *std::move(opened);
  if (auto s = store::Migrate(*store, "outbox", kafka::OutboxMigrations()); !s.ok()) return s;
  if (auto s = store::Migrate(*store, "consumer", kafka::ConsumerMigrations()); !s.ok()) return s;
  if (auto s = store::Migrate(*store, kPart, Migrations()); !s.ok()) return s;

  auto secret = config::LoadOrMakeSecret(options.secrets + "/page-token");
  if (!secret.ok()) return secret.status();
  tokens = std::make_unique<rpc::TokenKey>(*std::move(secret));
  publisher =
      std::make_unique<Publisher>(*options.clock, rpc::DataSchema(rpc::ContractHash(protoset)));
  applier = std::make_unique<Applier>(*options.clock, revisions, *publisher);
  sources = std::make_unique<Sources>(*store);
  hotspots = std::make_unique<HotspotService>(*store, *tokens);
  sessions = std::make_unique<SessionService>(*store, *tokens);
  return sources->Load();
}

absl::Status Part::Running::StartRelay() {
  auto relaying =
      kafka::Relay::Start({.connection = ConnectionOf(options),
                           .store = store.get(),
                           .part = std::string(kPart),
                           .topics = {{.name = HotspotTopic()}, {.name = SessionTopic()}},
                           .revisions = &revisions,
                           .clock = options.clock});
  if (!relaying.ok()) return relaying.status();
  relay = *std::move(relaying);
  return absl::OkStatus();
}

absl::Status Part::Running::StartConsumer() {
  auto consuming = kafka::Consumer::Start(
      {.connection = ConnectionOf(options),
       .group = std::string(kPart),
       .store = store.get(),
       .topics = sources->topics()},
      [this](store::Transaction& transaction, const kafka::Record& record) {
        return applier->Apply(transaction, record);
      },
      [this] {
        relay->Wake();
        WakeUpkeep();
      });
  if (!consuming.ok()) return consuming.status();
  consumer = *std::move(consuming);
  parts = rpc::PartsWatch::Start(options.catalogue, options.credentials,
                                 [this](const std::vector<simpul::catalogue::v1::Part>& all) {
                                   if (auto s = sources->Update(all); !s.ok())
                                     LogError("new source topics are not stored", s);
                                   consumer->SetTopics(sources->topics());
                                 });
  return absl::OkStatus();
}

absl::Status Part::Running::Serve() {
  auto started = rpc::Server::Start({.address = options.listen,
                                     .credentials = options.credentials,
                                     .services = {hotspots.get(), sessions.get()}});
  if (!started.ok()) return started.status();
  server = *std::move(started);
  worker = std::thread([this] { Work(); });
  registration = rpc::Registration::Start({.catalogue = options.catalogue,
                                           .credentials = options.credentials,
                                           .address = server->address(),
                                           .services = Services(),
                                           .topics = {HotspotTopic(), SessionTopic()},
                                           .protoset = protoset});
  if (options.admin != nullptr) {
    // Weakly, since the admin server outlives the part.
    options.admin->AddReadyCheck(
        std::string(kPart), [weak = std::weak_ptr<rpc::Registration>(registration)] {
          const auto registered = weak.lock();
          return registered ? registered->status() : absl::UnavailableError("it has stopped");
        });
  }
  observe::Log(observe::Severity::kInfo, kPart, "serving", {{"address", server->address()}});
  return absl::OkStatus();
}

void Part::Running::WakeUpkeep() {
  absl::MutexLock lock(&mutex);
  has_commits = true;
}

// False: the part stops. Reads do not wait for Kafka, nor for its return.
bool Part::Running::JoinKafka() {
  for (;;) {
    // The relay first: it reads the topics' tail, below which no revision may be given.
    absl::Status status = relay == nullptr ? StartRelay() : absl::OkStatus();
    if (status.ok()) status = StartConsumer();
    if (status.ok()) return true;
    LogError("Kafka is not reached; reads are answered meanwhile, and it is tried again", status);
    absl::MutexLock lock(&mutex);
    if (mutex.AwaitWithTimeout(absl::Condition(&is_stopping), kKafkaRetry)) return false;
  }
}

void Part::Running::Work() {
  if (JoinKafka()) Upkeep();
}

// Links sessions soon after each commit, and ends lost ones now and then.
void Part::Running::Upkeep() {
  auto& lost = prometheus::BuildCounter()
                   .Name("simpul_wifi_lost_stops_total")
                   .Help("Sessions that the service ended because nothing was heard of them")
                   .Register(*observe::Metrics())
                   .Add({});
  absl::Time next_sweep = absl::Now() + options.upkeep_every;
  const auto has_work = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    return is_stopping || has_commits;
  };
  for (;;) {
    {
      absl::MutexLock lock(&mutex);
      mutex.AwaitWithDeadline(absl::Condition(&has_work), next_sweep);
      if (is_stopping) return;
      has_commits = false;
    }
    auto linked = Relink(*store, *options.clock, revisions, *publisher);
    if (!linked.ok())
      LogError("sessions could not be linked to hotspots; tried again", linked.status());
    if (linked.ok() && *linked > 0) relay->Wake();
    if (absl::Now() < next_sweep) continue;
    next_sweep = absl::Now() + options.upkeep_every;
    auto accounting = consumer->accounting();
    if (!accounting.ok()) continue;  // Kafka is away: nobody is listened to
    auto ended = EndLostSessions(*store, *options.clock, revisions, *publisher,
                                 sources->Listen(*accounting, options.clock->Now()));
    if (!ended.ok()) LogError("lost sessions could not be ended; tried again", ended.status());
    if (ended.ok() && *ended > 0) {
      lost.Increment(static_cast<double>(*ended));
      relay->Wake();
    }
    if (auto s = ForgetDeleted(*store, *options.clock); !s.ok()) {
      LogError("deleted names could not be forgotten; tried again", s);
    }
  }
}

Part::Running::~Running() {
  registration.reset();  // off the bus before it stops to answer
  if (server != nullptr) server->Shutdown(absl::Seconds(5));
  if (worker.joinable()) {
    {
      absl::MutexLock lock(&mutex);
      is_stopping = true;
    }
    worker.join();
  }
  parts.reset();
  consumer.reset();
  relay.reset();
}

Part::Part(std::unique_ptr<Running> running) : running_(std::move(running)) {}
Part::~Part() = default;

absl::StatusOr<std::unique_ptr<Part>> Part::Start(const Options& options) {
  auto running = std::make_unique<Running>(options);
  if (auto status = running->Open(); !status.ok()) return status;
  if (auto status = running->Serve(); !status.ok()) return status;
  return std::unique_ptr<Part>(new Part(std::move(running)));
}

std::string Part::address() const { return running_->server->address(); }

}  // namespace simpul::wifi
