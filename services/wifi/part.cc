#include "services/wifi/part.h"

#include <utility>

#include "bus/observe/admin_server.h"
#include "prometheus/counter.h"
#include "prometheus/registry.h"
#include "services/domain/core.h"
#include "services/domain/row.h"
#include "services/wifi/applier.h"
#include "services/wifi/hotspot_service.h"
#include "services/wifi/lost_stops.h"
#include "services/wifi/migrations.h"
#include "services/wifi/relink.h"
#include "services/wifi/session_service.h"
#include "simpul/wifi/v1/source.pb.h"

namespace simpul::wifi {
namespace {

domain::Domain Wifi() {
  return {
      .name = "wifi",
      .migrations = Migrations(),
      .services = {v1::HotspotService::service_full_name(),
                   v1::SessionService::service_full_name()},
      .topics = {v1::HotspotEvent::descriptor()->full_name(),
                 v1::SessionEvent::descriptor()->full_name()},
      .sources = {.service = "simpul.wifi.v1.WifiSourceService", .nouns = {"hotspot", "session"}}};
}

}  // namespace

struct Part::Running {
  Running(const Options& o, std::unique_ptr<domain::Core> c)
      : options(o),
        core(std::move(c)),
        applier(*options.clock, core->revisions(), core->publisher()),
        hotspots(core->store(), core->tokens()),
        sessions(core->store(), core->tokens()),
        lost(prometheus::BuildCounter()
                 .Name("simpul_wifi_lost_stops_total")
                 .Help("Sessions that the service ended because nothing was heard of them")
                 .Register(*observe::Metrics())
                 .Add({})) {}
  ~Running() { core->Stop(); }

  void Link();
  void EndLost();
  void Upkeep(bool is_due);

  const Options options;
  const std::unique_ptr<domain::Core> core;
  Applier applier;
  HotspotService hotspots;
  SessionService sessions;
  prometheus::Counter& lost;
};

void Part::Running::Link() {
  auto linked = Relink(core->store(), *options.clock, core->revisions(), core->publisher());
  if (!linked.ok())
    core->LogError("sessions could not be linked to hotspots; tried again", linked.status());
  if (linked.ok() && *linked > 0) core->WakeRelay();
}

void Part::Running::EndLost() {
  auto listening = core->Listen(options.clock->Now());
  if (!listening.ok()) return;  // Kafka is away: nobody is listened to
  auto ended = EndLostSessions(core->store(), *options.clock, core->revisions(), core->publisher(),
                               *listening);
  if (!ended.ok()) core->LogError("lost sessions could not be ended; tried again", ended.status());
  if (ended.ok() && *ended > 0) {
    lost.Increment(static_cast<double>(*ended));
    core->WakeRelay();
  }
}

// Links sessions soon after each commit, and ends lost ones now and then.
void Part::Running::Upkeep(bool is_due) {
  Link();
  if (!is_due) return;
  EndLost();
  auto s = domain::ForgetDeleted(core->store(), *options.clock, {"wifi_session", "wifi_hotspot"});
  if (!s.ok()) core->LogError("deleted names could not be forgotten; tried again", s);
}

Part::Part(std::unique_ptr<Running> running) : running_(std::move(running)) {}
Part::~Part() = default;

absl::StatusOr<std::unique_ptr<Part>> Part::Start(const Options& options) {
  auto core = domain::Core::Open(options, *options.clock, Wifi());
  if (!core.ok()) return core.status();
  auto running = std::make_unique<Running>(options, *std::move(core));
  Running* r = running.get();
  auto status = r->core->Serve(
      {&r->hotspots, &r->sessions},
      {.apply = [r](store::Transaction& transaction,
                    const kafka::Record& record) { return r->applier.Apply(transaction, record); },
       .upkeep = [r](bool is_due) { r->Upkeep(is_due); },
       .every = options.upkeep_every});
  if (!status.ok()) return status;
  return std::unique_ptr<Part>(new Part(std::move(running)));
}

std::string Part::address() const { return running_->core->address(); }

}  // namespace simpul::wifi
