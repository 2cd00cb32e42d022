#include "services/catalogue/part.h"

#include <map>
#include <thread>
#include <utility>

#include "absl/synchronization/notification.h"
#include "bus/config/secret.h"
#include "bus/observe/admin_server.h"
#include "bus/observe/log.h"
#include "bus/rpc/server.h"
#include "bus/store/store.h"
#include "prometheus/gauge.h"
#include "prometheus/registry.h"
#include "services/catalogue/key_service.h"
#include "services/catalogue/key_store.h"
#include "services/catalogue/migrations.h"
#include "services/catalogue/registry.h"
#include "services/catalogue/registry_service.h"

namespace simpul::catalogue {

// Members are destroyed from the last to the first: what is used stands above its user.
struct Part::Running {
  std::unique_ptr<store::Store> store;
  PartsFeed parts_feed;
  std::unique_ptr<Registry> registry;
  std::unique_ptr<KeyStore> keys;
  std::unique_ptr<RegistryService> registry_service;
  std::unique_ptr<KeyService> key_service;
  std::unique_ptr<rpc::Server> server;
  absl::Notification stop;
  std::thread expiry;

  ~Running() {
    if (expiry.joinable()) {
      stop.Notify();
      expiry.join();
    }
    parts_feed.Close();
    if (key_service != nullptr) key_service->Close();
    if (server != nullptr) server->Shutdown(absl::Seconds(5));
    server.reset();
  }

  absl::Status Open(const Options& options);
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
  return key_service->Load();
}

absl::Status Part::Running::Serve(const Options& options) {
  auto started = rpc::Server::Start({.address = options.listen,
                                     .credentials = options.credentials,
                                     .services = {registry_service.get(), key_service.get()}});
  if (!started.ok()) return started.status();
  server = *std::move(started);
  const absl::Duration every = std::min(options.lease / 10, absl::Seconds(1));
  expiry = std::thread([this, every] {
    while (!stop.WaitForNotificationWithTimeout(every)) registry->Expire();
  });
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
