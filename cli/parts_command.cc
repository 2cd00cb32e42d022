#include "cli/parts_command.h"

#include <cstdio>
#include <memory>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "cli/json.h"
#include "cli/not_started.h"
#include "cli/operator_client.h"
#include "google/protobuf/struct.pb.h"

namespace simpul::cli {
namespace {

void PrintNotStarted(const std::string& data, bool json) {
  for (const auto& [part, why] : ReadNotStarted(data)) {
    if (!json) {
      absl::PrintF("%-24s has not started: %s\n", part, why);
      continue;
    }
    google::protobuf::Struct line;
    (*line.mutable_fields())["notStarted"].set_string_value(part);
    (*line.mutable_fields())["reason"].set_string_value(why);
    absl::PrintF("%s\n", ToJsonLine(line));
  }
}

absl::Status List(const OperatorFlags& flags, bool json) {
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
  if (flags.catalogue.empty()) PrintNotStarted(flags.data, json);
  return absl::OkStatus();
}

absl::Status Release(const OperatorFlags& flags, const std::string& identity, bool json) {
  const auto client = OperatorClient::Open(flags);
  if (!client.ok()) return client.status();
  const auto freed = (*client)->ReleaseRoutes(identity);
  if (!freed.ok()) return freed.status();
  if (json) {
    absl::PrintF("%s\n", ToJsonLine(*freed));
    return absl::OkStatus();
  }
  for (const std::string& route : freed->routes()) absl::PrintF("%s\n", route);
  absl::FPrintF(stderr, "%d routes of %s are free\n", freed->routes_size(), identity);
  return absl::OkStatus();
}

}  // namespace

void AddPartsCommand(CLI::App& app, Invocation& invocation) {
  auto flags = std::make_shared<OperatorFlags>();
  const auto list = [flags, &invocation] { return List(*flags, invocation.json); };
  CLI::App* parts = AddCommand(app, invocation, "parts", "List the parts that are on the bus",
                               "simpul parts --output json", list);
  AddOperatorFlags(*parts, *flags);
  auto released = std::make_shared<OperatorFlags>();
  auto identity = std::make_shared<std::string>();
  CLI::App* release = AddCommand(
      *parts, invocation, "release",
      "Free the public routes of an identity that will not come back",
      "simpul parts release spiffe://simpul.local/service/wifi",
      [released, identity, &invocation] { return Release(*released, *identity, invocation.json); });
  AddOperatorFlags(*release, *released);
  release->add_option("identity", *identity, "Its SPIFFE ID")->required();
  // CLI11 calls the parent's callback too, and last.
  parts->callback([list, release, &invocation] {
    if (!release->parsed()) invocation.run = list;
  });
}

}  // namespace simpul::cli
