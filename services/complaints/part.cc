#include "services/complaints/part.h"

#include <utility>

#include "services/complaints/adapters.h"
#include "services/complaints/applier.h"
#include "services/complaints/command_table.h"
#include "services/complaints/commands.h"
#include "services/complaints/complaint_service.h"
#include "services/complaints/migrations.h"
#include "services/domain/core.h"
#include "services/domain/row.h"

namespace simpul::complaints {
namespace {

domain::Domain Complaints() {
  return {.name = "complaints",
          .migrations = Migrations(),
          .services = {v1::ComplaintService::service_full_name()},
          .topics = {v1::ComplaintEvent::descriptor()->full_name()},
          .sources = {.service = SourceService(), .nouns = {"complaint"}}};
}

}  // namespace

struct Part::Running {
  Running(const Options& o, std::unique_ptr<domain::Core> c)
      : options(o),
        core(std::move(c)),
        adapters(options.credentials),
        applier(*options.clock, core->revisions(), core->publisher()),
        commands(core->store(), *options.clock, core->tokens(), adapters,
                 [this] { return core->source_topics(); }),
        complaints(core->store(), core->tokens(), commands) {}
  ~Running() { core->Stop(); }

  void Upkeep();

  const Options options;
  const std::unique_ptr<domain::Core> core;
  Adapters adapters;
  Applier applier;
  Commands commands;
  ComplaintService complaints;
};

void Part::Running::Upkeep() {
  if (auto s = domain::ForgetDeleted(core->store(), *options.clock, {"complaint"}); !s.ok()) {
    core->LogError("deleted names could not be forgotten; tried again", s);
  }
  if (auto s = ForgetCommands(core->store(), *options.clock); !s.ok()) {
    core->LogError("old requests could not be forgotten; tried again", s);
  }
}

Part::Part(std::unique_ptr<Running> running) : running_(std::move(running)) {}
Part::~Part() = default;

absl::StatusOr<std::unique_ptr<Part>> Part::Start(const Options& options) {
  auto core = domain::Core::Open(options, *options.clock, Complaints());
  if (!core.ok()) return core.status();
  auto running = std::make_unique<Running>(options, *std::move(core));
  Running* r = running.get();
  auto status = r->core->Serve(
      {&r->complaints},
      {.apply = [r](store::Transaction& transaction,
                    const kafka::Record& record) { return r->applier.Apply(transaction, record); },
       .parts_changed = [r](const auto& parts) { r->adapters.Update(parts); },
       .upkeep =
           [r](bool is_due) {
             if (is_due) r->Upkeep();
           },
       .every = absl::Minutes(1)});
  if (!status.ok()) return status;
  return std::unique_ptr<Part>(new Part(std::move(running)));
}

std::string Part::address() const { return running_->core->address(); }

}  // namespace simpul::complaints
