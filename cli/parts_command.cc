#include "cli/parts_command.h"

#include <cstdio>
#include <memory>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "cli/json.h"
#include "cli/operator_client.h"

namespace simpul::cli {
namespace {

absl::Status Run(const OperatorFlags& flags, bool json) {
  const auto client = OperatorClient::Open(flags);
  if (!client.ok()) return client.status();
  const auto parts = (*client)->ListParts();
  if (!parts.ok()) return parts.status();
  if (!json) {
    absl::PrintF("%-24s %-22s %-8s %-24s %s\n", "PART", "ADDRESS", "VERSION", "SINCE", "SERVICES");
  }
  for (const auto& part : *parts) {
    if (json) {
      absl::PrintF("%s\n", ToJsonLine(part));
      continue;
    }
    const auto identity = rpc::Identity::Parse(part.identity());
    absl::PrintF("%-24s %-22s %-8s %-24s %s\n", identity.ok() ? identity->Path() : part.identity(),
                 part.address(), part.version(), ToText(part.register_time()),
                 absl::StrJoin(part.services(), " "));
  }
  return absl::OkStatus();
}

}  // namespace

void AddPartsCommand(CLI::App& app, Invocation& invocation) {
  auto flags = std::make_shared<OperatorFlags>();
  CLI::App* command = AddCommand(app, invocation, "parts", "List the parts that are on the bus",
                                 "simpul parts --output json",
                                 [flags, &invocation] { return Run(*flags, invocation.json); });
  AddOperatorFlags(*command, *flags);
}

}  // namespace simpul::cli
