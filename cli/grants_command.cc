#include "cli/grants_command.h"

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "cli/adapter_folders.h"
#include "cli/grants.h"

namespace simpul::cli {
namespace {

constexpr absl::Duration kKafkaTimeout = absl::Seconds(10);

struct Flags {
  std::string data;
  std::string certs;
  std::string kafka;
  std::vector<std::string> adapters = {"adapters"};
};

absl::Status Run(const Flags& flags, bool json) {
  const std::string certs =
      flags.certs.empty() ? flags.data + "/certs/operator/admin" : flags.certs;
  std::vector<GrantedAdapter> adapters;
  for (const auto& [department, directories] : FindAdapters(flags.adapters)) {
    const auto read = ReadAdapters(directories);
    if (!read.ok()) return read.status();
    adapters.insert(adapters.end(), read->begin(), read->end());
  }
  const absl::Status status = kafka::EnsureGrants(OperatorConnection(flags.kafka, certs),
                                                  GrantsOf(adapters), kKafkaTimeout);
  if (!status.ok()) return status;
  if (json) {
    absl::PrintF("{\"kafka\":\"%s\"}\n", flags.kafka);
  } else {
    absl::PrintF("the parts have their rights on Kafka at %s\n", flags.kafka);
  }
  return status;
}

}  // namespace

void AddGrantsCommand(CLI::App& app, Invocation& invocation) {
  auto flags = std::make_shared<Flags>();
  CLI::App* command = AddCommand(
      app, invocation, "grants",
      "Give the parts their rights on Kafka, as `simpul up` does, for parts that run alone",
      "simpul grants --kafka 127.0.0.1:19092 --adapters adapters",
      [flags, &invocation] { return Run(*flags, invocation.json); });
  AddDataOption(*command, flags->data);
  command->add_option(
      "--certs", flags->certs,
      "Directory of the operator's certificate (certs/operator/admin below --data)");
  command->add_option("--kafka", flags->kafka, "host:port,… of the brokers")->required();
  command
      ->add_option(
          "--adapters", flags->adapters,
          "Folder of adapters, <department>/<app>/mapping.yaml below; may be repeated (adapters)")
      ->allow_extra_args(false);
}

}  // namespace simpul::cli
