#include "cli/part_commands.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "adapters/engine/part.h"
#include "bus/observe/admin_server.h"
#include "bus/observe/log.h"
#include "cli/catalogue_import.h"
#include "cli/files.h"
#include "cli/kafka_watch.h"
#include "cli/part_flags.h"
#include "cli/signals.h"
#include "gateway/part.h"
#include "services/catalogue/part.h"
#include "services/complaints/part.h"
#include "services/events/part.h"
#include "services/wifi/part.h"

namespace simpul::cli {
namespace {

// Runs one part until a signal comes. `Options` derives from rpc::PartOptions and holds all but
// those that the flags give.
template <class Part, class Options>
absl::Status RunPart(const PartFlags& flags, const std::string& identity, PartNeeds needs,
                     Options options) {
  const StopSignals signals;
  observe::SetMinimumSeverity(flags.log);
  auto common = OptionsOf(flags, identity, needs);
  if (!common.ok()) return common.status();
  static_cast<rpc::PartOptions&>(options) = *std::move(common);
  std::unique_ptr<observe::AdminServer> admin;
  if (!flags.admin.empty()) {
    auto started = observe::AdminServer::Start(flags.admin);
    if (!started.ok()) return started.status();
    admin = *std::move(started);
    options.admin = admin.get();
  }
  std::unique_ptr<KafkaWatch> kafka;
  if (needs.kafka) {
    const rpc::CertificateFiles& files = options.credentials->files();
    kafka = std::make_unique<KafkaWatch>(kafka::Connection{.brokers = options.kafka,
                                                           .ca = files.ca,
                                                           .certificate = files.certificate,
                                                           .key = files.key,
                                                           .client_id = identity},
                                         nullptr, options.admin);
  }
  auto part = Part::Start(options);
  if (!part.ok()) return part.status();
  observe::Log(observe::Severity::kInfo, identity, "started", {{"address", (*part)->address()}});
  if (admin != nullptr) admin->SayStarted();
  signals.Wait();
  observe::Log(observe::Severity::kInfo, identity, "stopping");
  admin.reset();  // nobody asks a part for its state while it stops
  return absl::OkStatus();
}

void AddListen(CLI::App& command, PartFlags& flags) {
  command.add_option("--listen", flags.listen, "host:port to serve on; port 0 picks one");
}

struct CatalogueFlags : PartFlags {
  catalogue::Options catalogue;
};

void AddCatalogue(CLI::App& parent, Invocation& invocation) {
  static constexpr PartNeeds kNeeds{.catalogue = false, .kafka = false};
  auto flags = std::make_shared<CatalogueFlags>();
  flags->catalogue.read_sheet = ReadSheetRows;
  CLI::App* command = AddCommand(parent, invocation, "serve", "Run the catalogue alone",
                                 "simpul catalogue serve --listen 127.0.0.1:7400", [flags] {
                                   return RunPart<catalogue::Part>(*flags, "service/catalogue",
                                                                   kNeeds, flags->catalogue);
                                 });
  AddPartFlags(*command, *flags, kNeeds);
  AddListen(*command, *flags);
  command->add_option("--drop", flags->catalogue.drop,
                      "Directory with one for each department, whose sheets are imported (none)");
}

void AddWifi(CLI::App& app, Invocation& invocation) {
  auto flags = std::make_shared<PartFlags>();
  CLI::App* command = AddCommand(
      app, invocation, "wifi", "Run the wifi service alone",
      "simpul wifi --catalogue 127.0.0.1:7400 --kafka 127.0.0.1:19092",
      [flags] { return RunPart<wifi::Part>(*flags, "service/wifi", {}, wifi::Options()); });
  AddPartFlags(*command, *flags, {});
  AddListen(*command, *flags);
}

void AddComplaints(CLI::App& app, Invocation& invocation) {
  auto flags = std::make_shared<PartFlags>();
  CLI::App* command = AddCommand(
      app, invocation, "complaints", "Run the complaints service alone",
      "simpul complaints --catalogue 127.0.0.1:7400 --kafka 127.0.0.1:19092", [flags] {
        return RunPart<complaints::Part>(*flags, "service/complaints", {}, complaints::Options());
      });
  AddPartFlags(*command, *flags, {});
  AddListen(*command, *flags);
}

void AddEvents(CLI::App& parent, Invocation& invocation) {
  auto flags = std::make_shared<PartFlags>();
  CLI::App* command = AddCommand(
      parent, invocation, "serve", "Run the events service alone",
      "simpul events serve --catalogue 127.0.0.1:7400 --kafka 127.0.0.1:19092",
      [flags] { return RunPart<events::Part>(*flags, "service/events", {}, events::Options()); });
  AddPartFlags(*command, *flags, {});
  AddListen(*command, *flags);
}

struct EngineFlags : PartFlags {
  engine::Options engine;
};

void AddEngine(CLI::App& app, Invocation& invocation) {
  auto flags = std::make_shared<EngineFlags>();
  CLI::App* command =
      AddCommand(app, invocation, "engine", "Run the adapters of one department alone",
                 "simpul engine adapters/diskominfo/radius --department diskominfo "
                 "--catalogue 127.0.0.1:7400 --kafka 127.0.0.1:19092",
                 [flags] {
                   return RunPart<engine::Part>(*flags, "adapter/" + flags->engine.department, {},
                                                flags->engine);
                 });
  AddPartFlags(*command, *flags, {});
  AddListen(*command, *flags);
  command->add_option("--department", flags->engine.department, "Whose adapters these are")
      ->required();
  command->add_option("mapping", flags->engine.mappings, "Directories with a mapping.yaml")
      ->required();
}

struct GatewayFlags : PartFlags {
  gateway::Options gateway;
  std::string tls_certs;
  std::vector<std::string> parts;
};

// "name=address=protoset[=identity]"; without an identity it is spoken to in plaintext.
absl::StatusOr<gateway::StaticPart> ParsePart(const std::string& text) {
  const std::vector<std::string> fields = absl::StrSplit(text, '=');
  if (fields.size() < 3 || fields.size() > 4) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "--part %s is not NAME=HOST:PORT=PROTOSET or NAME=HOST:PORT=PROTOSET=SPIFFE-ID", text));
  }
  return gateway::StaticPart{.name = fields[0],
                             .address = fields[1],
                             .protoset = fields[2],
                             .plaintext = fields.size() == 3,
                             .identity = fields.size() == 4 ? fields[3] : ""};
}

absl::Status RunGateway(const GatewayFlags& flags) {
  gateway::Options options = flags.gateway;
  const std::string certs = flags.certs.empty() ? flags.data + "/certs/gateway" : flags.certs;
  options.tls = rpc::CertificateFiles::In(flags.tls_certs.empty() ? certs : flags.tls_certs);
  for (const std::string& text : flags.parts) {
    auto part = ParsePart(text);
    if (!part.ok()) return part.status();
    options.static_parts.push_back(*std::move(part));
  }
  if (options.data.empty()) options.data = flags.data + "/state";
  if (auto status = MakePrivateDirectory(options.data); !status.ok()) return status;
  return RunPart<gateway::Part>(flags, "gateway", {.kafka = false}, options);
}

void AddGateway(CLI::App& app, Invocation& invocation) {
  auto flags = std::make_shared<GatewayFlags>();
  CLI::App* command = AddCommand(app, invocation, "gateway", "Run the gateway alone",
                                 "simpul gateway --listen 127.0.0.1:8080 --tls 0.0.0.0:8443 "
                                 "--catalogue 127.0.0.1:7400",
                                 [flags] { return RunGateway(*flags); });
  AddPartFlags(*command, *flags, {.kafka = false});
  command->add_option("--listen,--http", flags->gateway.listen_plain,
                      "host:port of HTTP/1.1 and h2c (127.0.0.1:8080); empty: none");
  command->add_option("--tls,--https", flags->gateway.listen_tls,
                      "host:port of TLS (127.0.0.1:8443); empty: none");
  command->add_option("--tls-certs", flags->tls_certs,
                      "Directory of the certificate shown to agencies (the part's own)");
  command->add_option("--state", flags->gateway.data,
                      "Directory of the parts known last (state below --data)");
  command->add_option("--threads", flags->gateway.threads, "Event loops; 0: one per core");
  command
      ->add_option("--part", flags->parts,
                   "A part that is not in the catalogue; may be repeated: "
                   "NAME=HOST:PORT=PROTOSET[=SPIFFE-ID]")
      ->allow_extra_args(false);
}

}  // namespace

void AddPartCommands(CLI::App& app, Invocation& invocation) {
  AddComplaints(app, invocation);
  AddWifi(app, invocation);
  AddEngine(app, invocation);
  AddGateway(app, invocation);
}

void AddCataloguePartCommand(CLI::App& catalogue, Invocation& invocation) {
  AddCatalogue(catalogue, invocation);
}

void AddEventsPartCommand(CLI::App& events, Invocation& invocation) {
  AddEvents(events, invocation);
}

}  // namespace simpul::cli
