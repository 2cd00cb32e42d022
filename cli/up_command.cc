#include "cli/up_command.h"

#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "bus/observe/log.h"
#include "cli/json.h"
#include "cli/platform.h"
#include "cli/signals.h"
#include "google/protobuf/struct.pb.h"

namespace simpul::cli {
namespace {

constexpr absl::Duration kReadyPatience = absl::Seconds(30);

struct Flags {
  PlatformOptions platform;
  observe::Severity log = observe::Severity::kWarning;
};

void PrintReadyAsJson(const Platform& platform, const std::string& key) {
  google::protobuf::Struct ready;
  auto& fields = *ready.mutable_fields();
  fields["http"].set_string_value(platform.http());
  fields["https"].set_string_value(platform.https());
  fields["admin"].set_string_value(platform.admin());
  fields["keyFile"].set_string_value(key);
  fields["kafkaAnswers"].set_bool_value(platform.kafka().ok());
  auto& missing = *fields["notStarted"].mutable_list_value();
  for (const auto& [part, why] : platform.not_started())
    missing.add_values()->set_string_value(part);
  absl::PrintF("%s\n", ToJsonLine(ready));
}

void PrintReady(const Platform& platform, const PlatformOptions& options, absl::Duration took,
                bool json) {
  const std::string key = options.data + "/api-key";
  if (json) {
    PrintReadyAsJson(platform, key);
  } else {
    const std::string address =
        platform.http().empty() ? "https://" + platform.https() : "http://" + platform.http();
    absl::PrintF(
        "Simpul is ready after %.2f s on %s (TLS: %s; metrics: %s); the key is in %s; try: "
        "curl %s-H \"x-api-key: $(cat %s)\" %s/v1/hotspots\n",
        absl::ToDoubleSeconds(took), address, platform.https().empty() ? "none" : platform.https(),
        platform.admin(), key,
        platform.http().empty() ? absl::StrFormat("--cacert %s/ca/ca.crt ", options.data) : "", key,
        address);
    if (!platform.kafka().ok()) {
      absl::PrintF("Kafka at %s is away: reads are answered, changes and events wait for it\n",
                   options.kafka);
    }
    for (const auto& [part, why] : platform.not_started()) {
      absl::PrintF("%s has not started: %s\n", part, why);
    }
  }
  std::fflush(stdout);
}

// False: a signal came first.
bool WaitUntilReady(const Platform& platform, const StopSignals& signals, Progress& progress) {
  const absl::Time end = absl::Now() + kReadyPatience;
  absl::Status status = platform.ready();
  while (!status.ok()) {
    if (signals.CameWithin(absl::Milliseconds(5))) return false;
    if (absl::Now() > end) {
      progress.Say(absl::StrFormat("not ready yet, and goes on: %s", status.message()));
      return true;
    }
    status = platform.ready();
  }
  return true;
}

absl::Status Run(const Flags& flags, bool json) {
  const StopSignals signals;
  observe::SetMinimumSeverity(flags.log);
  Progress progress(json);
  auto platform = Platform::Start(flags.platform, progress);
  if (!platform.ok()) return platform.status();
  if (WaitUntilReady(**platform, signals, progress)) {
    PrintReady(**platform, flags.platform, progress.elapsed(), json);
  }
  signals.Wait();
  progress.Say("stopping");
  platform->reset();
  progress.Say("stopped");
  return absl::OkStatus();
}

}  // namespace

void AddUpCommand(CLI::App& app, Invocation& invocation) {
  auto flags = std::make_shared<Flags>();
  PlatformOptions& options = flags->platform;
  CLI::App* command = AddCommand(
      app, invocation, "up",
      "Start the whole platform in one process, joined as in production; Ctrl-C stops it",
      "simpul up --kafka 127.0.0.1:19092 --adapters adapters",
      [flags, &invocation] { return Run(*flags, invocation.json); });
  AddDataOption(*command, options.data);
  command->add_option("--kafka", options.kafka, "host:port,… of the brokers, mutual TLS")
      ->required();
  command->add_option("--listen,--http", options.http,
                      "host:port of HTTP/1.1 and h2c (127.0.0.1:8080); empty: none");
  command->add_option("--tls,--https", options.https,
                      "host:port of TLS (127.0.0.1:8443); empty: none");
  command->add_option("--admin", options.admin, "host:port of metrics and health (127.0.0.1:9901)");
  command
      ->add_option(
          "--adapters", options.adapters,
          "Folder of adapters, <department>/<app>/mapping.yaml below; may be repeated (adapters)")
      ->allow_extra_args(false);
  command->add_option("--store", options.store,
                      "sqlite:DIR or postgresql://… (sqlite: in state below --data)");
  command->add_option("--trust-domain", options.trust_domain,
                      "The city's name in certificates, such as cilegon.go.id (simpul.local)");
  AddLogOption(*command, flags->log);
}

}  // namespace simpul::cli
