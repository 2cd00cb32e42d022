#include "services/catalogue/part.h"

#include <atomic>
#include <map>
#include <thread>
#include <utility>

#include "absl/synchronization/notification.h"
#include "bus/config/secret.h"
#include "bus/observe/admin_server.h"
#include "bus/observe/log.h"
#include "bus/rpc/protoset.h"
#include "bus/rpc/server.h"
#include "bus/rpc/token.h"
#include "bus/store/store.h"
#include "prometheus/gauge.h"
#include "prometheus/registry.h"
#include "services/catalogue/drop_folder.h"
#include "services/catalogue/inventory.h"
#include "services/catalogue/inventory_service.h"
#include "services/catalogue/key_service.h"
#include "services/catalogue/key_store.h"
#include "services/catalogue/migrations.h"
#include "services/catalogue/registry.h"
#include "services/catalogue/registry_service.h"
#include "services/catalogue/sightings.h"

namespace simpul::catalogue {
namespace {

// There is one catalogue: after a restart it takes the place of its last run.
constexpr char kInstance[] = "self";

}  // namespace

// Members are destroyed from the last to the first: what is used stands above its user.
struct Part::Running {
  std::unique_ptr<store::Store> store;
  PartsFeed parts_feed;
  std::unique_ptr<Registry> registry;
  std::unique_ptr<KeyStore> keys;
  std::unique_ptr<Inventory> inventory;
  std::unique_ptr<Sightings> sightings;
  std::unique_ptr<RegistryService> registry_service;
  std::unique_ptr<KeyService> key_service;
  std::unique_ptr<InventoryService> inventory_service;
  std::unique_ptr<InventoryImportService> import_service;
  std::unique_ptr<rpc::Server> server;
  v1::Part self;  // as it is registered
  absl::Notification stop;
  std::thread expiry;
  std::atomic<bool> is_stopping{false};
  std::thread drop;

  ~Running() {
    is_stopping = true;
    if (!stop.HasBeenNotified()) stop.Notify();
    for (std::thread* thread : {&expiry, &drop}) {
      if (thread->joinable()) thread->join();
    }
    parts_feed.Close();
    if (key_service != nullptr) key_service->Close();
    if (server != nullptr) server->Shutdown(absl::Seconds(5));
    server.reset();
  }

  absl::Status Open(const Options& options);
  absl::Status OpenInventory(const Options& options);
  absl::Status RegisterItself(const Options& options);
  void Look();
  void WatchDrop(const Options& options);
  absl::Status Serve(const Options& options);
};

absl::Status Part::Running::Open(const Options& options) {
  auto opened = store::Store::Open({.url = options.store, .part = "catalogue"});
  if (!opened.ok()) return opened.status();
  store = *std::move(opened);
  if (auto s = store::Migrate(*store, "catalogue", Migrations()); !s.ok()) return s;

  auto& gauge = prometheus::BuildGauge()
                    .Name("simpul_catalogue_parts_count")
                    .Help("Instances of parts on the bus")
                    .Register(*observe::Metrics())
                    .Add({});
  gauge.Set(0);
  auto changed = [this, &gauge](const std::vector<v1::Part>& put,
                                const std::vector<std::string>& removed) {
    std::map<std::string, v1::Part> by_name;
    for (const v1::Part& part : put) by_name.emplace(part.name(), part);
    parts_feed.Publish(by_name, removed);
    gauge.Set(static_cast<double>(parts_feed.size()));
  };
  auto loaded = Registry::Open(*store, *options.clock, options.lease, changed);
  if (!loaded.ok()) return loaded.status();
  registry = *std::move(loaded);

  auto pepper = config::LoadOrMakeSecret(options.secrets + "/pepper");
  if (!pepper.ok()) return pepper.status();
  keys = std::make_unique<KeyStore>(*store, *options.clock, *std::move(pepper));
  registry_service = std::make_unique<RegistryService>(*registry, parts_feed);
  key_service = std::make_unique<KeyService>(*keys);
  if (auto s = OpenInventory(options); !s.ok()) return s;
  return key_service->Load();
}

absl::Status Part::Running::OpenInventory(const Options& options) {
  auto secret = config::LoadOrMakeSecret(options.secrets + "/page-token");
  if (!secret.ok()) return secret.status();
  inventory =
      std::make_unique<Inventory>(*store, *options.clock, rpc::TokenKey(*std::move(secret)));
  sightings = std::make_unique<Sightings>(*store, *options.clock);
  inventory_service = std::make_unique<InventoryService>(*inventory);
  import_service = std::make_unique<InventoryImportService>(*inventory, *sightings);
  return absl::OkStatus();
}

// Puts itself on the bus: the gateway shows the inventory like any public service.
absl::Status Part::Running::RegisterItself(const Options& options) {
  const std::vector<std::string> services = {v1::InventoryService::service_full_name()};
  auto protoset = rpc::ProtosetOf(rpc::BuiltInProtoset(), services);
  if (!protoset.ok()) return protoset.status();
  self.set_instance(kInstance);
  self.set_address(server->address());
  self.mutable_services()->Assign(services.begin(), services.end());
  self.set_contract_hash(rpc::ContractHash(*protoset));
  self.set_version(SIMPUL_VERSION);
  return registry->Register(options.credentials->identity(), self, *protoset).status();
}

void Part::Running::Look() {
  if (auto status = sightings->Look(registry->parts()); !status.ok()) {
    observe::Log(observe::Severity::kError, "catalogue",
                 "who is on the bus could not be written down; tried again",
                 {{"error", observe::StatusText(status)}});
  }
}

// Says a problem once, until it is another one.
void Part::Running::WatchDrop(const Options& options) {
  DropFolder folder(options.drop, *inventory, *options.clock, options.read_sheet, is_stopping);
  absl::Status last;
  do {
    const absl::Status status = folder.Look();
    if (status != last && !status.ok()) {
      observe::Log(observe::Severity::kError, "catalogue",
                   "the drop folder cannot be read, or not all of it; tried again",
                   {{"error", observe::StatusText(status)}});
    }
    last = status;
  } while (!stop.WaitForNotificationWithTimeout(absl::Seconds(1)));
}

absl::Status Part::Running::Serve(const Options& options) {
  auto started = rpc::Server::Start({.address = options.listen,
                                     .credentials = options.credentials,
                                     .services = {registry_service.get(), key_service.get(),
                                                  inventory_service.get(), import_service.get()}});
  if (!started.ok()) return started.status();
  server = *std::move(started);
  if (auto status = RegisterItself(options); !status.ok()) return status;
  const absl::Duration every = std::min(options.lease / 10, absl::Seconds(1));
  expiry = std::thread([this, every, options] {
    while (!stop.WaitForNotificationWithTimeout(every)) {
      // It was accepted at the start; this keeps it.
      (void)registry->Register(options.credentials->identity(), self, "");
      registry->Expire();
      Look();
    }
  });
  if (!options.drop.empty()) drop = std::thread([this, options] { WatchDrop(options); });
  if (options.admin != nullptr) {
    // Serving is all it needs: it stands before any other part does.
    options.admin->AddReadyCheck("catalogue", [] { return absl::OkStatus(); });
  }
  observe::Log(observe::Severity::kInfo, "catalogue", "serving", {{"address", server->address()}});
  return absl::OkStatus();
}

Part::Part(std::unique_ptr<Running> running) : running_(std::move(running)) {}
Part::~Part() = default;

absl::StatusOr<std::unique_ptr<Part>> Part::Start(const Options& options) {
  auto running = std::make_unique<Running>();
  if (auto status = running->Open(options); !status.ok()) return status;
  if (auto status = running->Serve(options); !status.ok()) return status;
  return std::unique_ptr<Part>(new Part(std::move(running)));
}

std::string Part::address() const { return running_->server->address(); }

}  // namespace simpul::catalogue
