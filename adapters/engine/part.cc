#include "adapters/engine/part.h"

#include <set>
#include <stop_token>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/mutex.h"
#include "adapters/engine/adapter.h"
#include "adapters/engine/adapter_service.h"
#include "adapters/engine/mapping.h"
#include "adapters/engine/source_service.h"
#include "adapters/engine/watch_loop.h"
#include "adapters/engine/watch_state.h"
#include "bus/config/secret.h"
#include "bus/kafka/lease.h"
#include "bus/kafka/outbox.h"
#include "bus/kafka/part_service.h"
#include "bus/kafka/relay.h"
#include "bus/observe/admin_server.h"
#include "bus/observe/log.h"
#include "bus/rpc/protoset.h"
#include "bus/rpc/registration.h"
#include "bus/rpc/server.h"
#include "bus/rpc/token.h"
#include "bus/store/store.h"

namespace simpul::engine {
namespace {

constexpr absl::Duration kLease = absl::Seconds(15);
// What a source topic keeps; the wifi service keeps the rest.
constexpr absl::Duration kSourceRetention = absl::Hours(72);
constexpr size_t kWaitingCallsPerConnection = 32;
constexpr absl::Duration kKafkaRetry = absl::Seconds(1);

}  // namespace

// Members are destroyed from the last to the first: what is used stands above its user.
struct Part::Running {
  explicit Running(const Options& o) : options(o), revisions(*o.clock) {}
  ~Running();

  absl::Status LoadAdapters();
  absl::Status OpenStore();
  absl::Status AddAdapter(const std::string& directory, std::vector<std::string>& problems);
  void AddWatches();
  absl::StatusOr<std::unique_ptr<kafka::Relay>> StartRelay();
  absl::Status Serve();
  void JoinKafka();
  void HoldLease();
  void Activate();
  void StartLoops() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void Deactivate();
  std::vector<std::string> Topics() const;
  absl::Status Ready();
  void WakeLoops();
  std::string name() const { return "adapter/" + options.department; }

  const Options options;
  std::vector<std::string> services;
  std::string protoset;
  std::unique_ptr<store::Store> store;
  kafka::RevisionClock revisions;
  std::unique_ptr<rpc::TokenKey> tokens;
  std::string digest_secret;
  std::vector<std::unique_ptr<Adapter>> adapters;
  std::unique_ptr<SourceService> source_service;
  std::unique_ptr<AdapterService> adapter_service;
  std::unique_ptr<kafka::PartService> part_service;
  std::unique_ptr<rpc::Server> server;

  std::stop_source stopping_kafka;  // for what waits for it
  absl::Mutex mutex;
  bool is_stopping ABSL_GUARDED_BY(mutex) = false;
  std::unique_ptr<kafka::Relay> relay ABSL_GUARDED_BY(mutex);  // once Kafka was reached
  // Of the active engine alone.
  bool is_watching ABSL_GUARDED_BY(mutex) = false;
  std::vector<std::unique_ptr<WatchLoop>> loops ABSL_GUARDED_BY(mutex);
  std::shared_ptr<rpc::Registration> registration ABSL_GUARDED_BY(mutex);
  std::shared_ptr<bool> alive =
      std::make_shared<bool>(true);  // for the ready check, which outlives us
  std::thread kafka_joiner;
  std::thread lease_holder;
};

absl::Status Part::Running::AddAdapter(const std::string& directory,
                                       std::vector<std::string>& problems) {
  auto mapping = LoadMapping(directory);
  if (absl::IsInvalidArgument(mapping.status())) {
    problems.emplace_back(mapping.status().message());
    return absl::OkStatus();
  }
  if (!mapping.ok()) return mapping.status();
  if ((*mapping)->department != options.department) {
    problems.push_back(
        absl::StrFormat("%s/mapping.yaml:1: expected an adapter of the department %s, not %s",
                        directory, options.department, (*mapping)->adapter));
    return absl::OkStatus();
  }
  auto source = OpenSource(**mapping);
  if (!source.ok()) return source.status();
  auto adapter = std::make_unique<Adapter>();
  adapter->mapping = *std::move(mapping);
  adapter->source = *std::move(source);
  adapters.push_back(std::move(adapter));
  return absl::OkStatus();
}

absl::Status Part::Running::LoadAdapters() {
  std::vector<std::string> problems;
  for (const std::string& directory : options.mappings) {
    if (auto s = AddAdapter(directory, problems); !s.ok()) return s;
  }
  if (!problems.empty()) return absl::InvalidArgumentError(absl::StrJoin(problems, "\n"));
  std::set<std::string> names;
  std::set<std::string> served;
  for (const auto& adapter : adapters) {
    served.insert(adapter->mapping->service);
    if (names.insert(adapter->mapping->adapter).second) continue;
    return absl::InvalidArgumentError(
        absl::StrFormat("the adapter %s is given twice", adapter->mapping->adapter));
  }
  if (adapters.empty()) {
    return absl::InvalidArgumentError("expected at least one directory with a mapping.yaml");
  }
  services.assign(served.begin(), served.end());
  auto contract = rpc::ProtosetOf(rpc::BuiltInProtoset(), services);
  if (!contract.ok()) return contract.status();
  protoset = *std::move(contract);
  return absl::OkStatus();
}

absl::Status Part::Running::OpenStore() {
  auto opened = store::Store::Open({.url = options.store, .part = "adapter-" + options.department});
  if (!opened.ok()) return opened.status();
  store = *std::move(opened);
  if (auto s = store::Migrate(*store, "outbox", kafka::OutboxMigrations()); !s.ok()) return s;
  if (auto s = store::Migrate(*store, "watch", WatchMigrations()); !s.ok()) return s;
  auto page_token = config::LoadOrMakeSecret(options.secrets + "/page-token");
  if (!page_token.ok()) return page_token.status();
  tokens = std::make_unique<rpc::TokenKey>(*std::move(page_token));
  auto digest_key = config::LoadOrMakeSecret(options.secrets + "/digest-key");
  if (!digest_key.ok()) return digest_key.status();
  digest_secret = *std::move(digest_key);
  return absl::OkStatus();
}

void Part::Running::AddWatches() {
  const std::string dataschema = rpc::DataSchema(rpc::ContractHash(protoset));
  for (const auto& adapter : adapters) {
    const LoadedMapping& mapping = *adapter->mapping;
    adapter->reader = std::make_unique<Reader>(mapping, *tokens);
    adapter->workers = std::make_unique<Workers>(
        mapping.limits.concurrency,
        kWaitingCallsPerConnection * static_cast<size_t>(mapping.limits.concurrency));
    for (const ResourcePlan& plan : mapping.resources) {
      if (!plan.watched) continue;
      adapter->watches.push_back(
          std::make_unique<Watch>(WatchOptions{.mapping = &mapping,
                                               .plan = &plan,
                                               .source = adapter->source.get(),
                                               .store = store.get(),
                                               .revisions = &revisions,
                                               .clock = options.clock,
                                               .digest_secret = digest_secret,
                                               .dataschema = dataschema}));
    }
  }
}

std::vector<std::string> Part::Running::Topics() const {
  std::vector<std::string> topics;
  for (const auto& adapter : adapters) {
    for (const ResourcePlan& plan : adapter->mapping->resources) {
      if (plan.watched) topics.push_back(adapter->mapping->Topic(plan));
    }
  }
  return topics;
}

absl::StatusOr<std::unique_ptr<kafka::Relay>> Part::Running::StartRelay() {
  const rpc::CertificateFiles& files = options.credentials->files();
  std::vector<kafka::Topic> topics;
  for (const std::string& topic : Topics()) {
    topics.push_back({.name = topic, .retention = kSourceRetention});
  }
  return kafka::Relay::Start({.connection = {.brokers = options.kafka,
                                             .ca = files.ca,
                                             .certificate = files.certificate,
                                             .key = files.key,
                                             .client_id = name()},
                              .store = store.get(),
                              .part = "adapter-" + options.department,
                              .topics = std::move(topics),
                              .revisions = &revisions,
                              .clock = options.clock,
                              .stop = stopping_kafka.get_token()});
}

// Reads do not wait for Kafka, nor for its return. Watches do: the relay reads the topics' tail,
// below which no revision may be given.
void Part::Running::JoinKafka() {
  for (;;) {
    auto started = StartRelay();
    if (absl::IsCancelled(started.status())) return;
    if (!started.ok()) {
      observe::Log(observe::Severity::kError, name(),
                   "Kafka is not reached; reads are answered meanwhile, and it is tried again",
                   {{"error", observe::StatusText(started.status())}});
    }
    absl::MutexLock lock(&mutex);
    if (started.ok()) {
      relay = *std::move(started);
      return;
    }
    if (mutex.AwaitWithTimeout(absl::Condition(&is_stopping), kKafkaRetry)) return;
  }
}

absl::Status Part::Running::Serve() {
  source_service = std::make_unique<SourceService>(adapters);
  adapter_service = std::make_unique<AdapterService>(adapters, *store, [this] { WakeLoops(); });
  part_service = std::make_unique<kafka::PartService>(*store, kafka::PartService::Reads::kNothing);
  auto started = rpc::Server::Start({.address = options.listen,
                                     .credentials = options.credentials,
                                     .services = {adapter_service.get(), part_service.get()},
                                     .generic = source_service.get()});
  if (!started.ok()) return started.status();
  server = *std::move(started);
  kafka_joiner = std::thread([this] { JoinKafka(); });
  lease_holder = std::thread([this] { HoldLease(); });
  if (options.admin != nullptr) {
    options.admin->AddReadyCheck(name(), [this, weak = std::weak_ptr<bool>(alive)] {
      const auto held = weak.lock();
      return held ? Ready() : absl::UnavailableError("it has stopped");
    });
  }
  observe::Log(observe::Severity::kInfo, name(), "serving", {{"address", server->address()}});
  return absl::OkStatus();
}

// A waiting engine is ready: it is there to take over.
absl::Status Part::Running::Ready() {
  absl::MutexLock lock(&mutex);
  return registration == nullptr ? absl::OkStatus() : registration->status();
}

// Takes the department's lease and keeps it. What the engine that had it before has committed is
// read anew.
void Part::Running::HoldLease() {
  kafka::Lease lease(*store, "engine", kLease, *options.clock);
  bool is_active = false;
  const auto has_news = [this, &is_active]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    return is_stopping || (is_active && relay != nullptr && !is_watching);
  };
  while (true) {
    auto taken = lease.Take();
    if (!taken.ok()) {
      observe::Log(observe::Severity::kError, name(), "the engine's lease cannot be taken",
                   {{"error", observe::StatusText(taken.status())}});
    }
    const bool has_lease = taken.ok() && *taken;
    if (has_lease && !is_active) Activate();
    if (!has_lease && is_active) Deactivate();
    is_active = has_lease;
    absl::MutexLock lock(&mutex);
    if (mutex.AwaitWithTimeout(absl::Condition(&has_news), kLease / 5) && !is_stopping) {
      StartLoops();
    }
    if (is_stopping) break;
  }
  if (is_active) Deactivate();
  lease.Release();
}

void Part::Running::Activate() {
  std::vector<std::string> authorities;
  for (const auto& adapter : adapters) authorities.push_back(adapter->mapping->Authority());
  source_service->SetActive(true);
  absl::MutexLock lock(&mutex);
  registration = rpc::Registration::Start({.catalogue = options.catalogue,
                                           .credentials = options.credentials,
                                           .address = server->address(),
                                           .services = services,
                                           .authorities = authorities,
                                           .topics = Topics(),
                                           .protoset = protoset});
  observe::Log(observe::Severity::kInfo, name(), "active", {{"adapters", adapters.size()}});
}

void Part::Running::StartLoops() {
  is_watching = true;
  for (const auto& adapter : adapters) {
    size_t next = 0;
    for (const ResourcePlan& plan : adapter->mapping->resources) {
      if (!plan.watched) continue;
      kafka::Observation observation{.topic = adapter->mapping->Topic(plan),
                                     .source = "//simpul/" + name()};
      loops.push_back(std::make_unique<WatchLoop>(
          *adapter->watches[next++], *adapter->mapping, plan, *options.clock,
          [to = relay.get()] { to->Wake(); },
          [to = relay.get(), observation = std::move(observation)](absl::Time time) mutable {
            observation.time = time;
            to->Observe(observation);
          }));
    }
  }
  observe::Log(observe::Severity::kInfo, name(), "watching", {{"watches", loops.size()}});
}

void Part::Running::Deactivate() {
  source_service->SetActive(false);
  std::vector<std::unique_ptr<WatchLoop>> stopped;
  std::shared_ptr<rpc::Registration> left;
  {
    absl::MutexLock lock(&mutex);
    stopped = std::move(loops);
    loops.clear();
    is_watching = false;
    left = std::move(registration);
    registration.reset();
  }
}

void Part::Running::WakeLoops() {
  absl::MutexLock lock(&mutex);
  for (const auto& loop : loops) loop->Wake();
}

Part::Running::~Running() {
  alive.reset();
  stopping_kafka.request_stop();
  {
    absl::MutexLock lock(&mutex);
    is_stopping = true;
  }
  if (lease_holder.joinable()) lease_holder.join();
  if (kafka_joiner.joinable()) kafka_joiner.join();
  if (server != nullptr) server->Shutdown(absl::Seconds(5));
  server.reset();
  absl::MutexLock lock(&mutex);
  relay.reset();
}

Part::Part(std::unique_ptr<Running> running) : running_(std::move(running)) {}
Part::~Part() = default;

absl::StatusOr<std::unique_ptr<Part>> Part::Start(const Options& options) {
  auto running = std::make_unique<Running>(options);
  if (auto s = running->LoadAdapters(); !s.ok()) return s;
  if (auto s = running->OpenStore(); !s.ok()) return s;
  running->AddWatches();
  if (auto s = running->Serve(); !s.ok()) return s;
  return std::unique_ptr<Part>(new Part(std::move(running)));
}

std::string Part::address() const { return running_->server->address(); }

}  // namespace simpul::engine
