#include "cli/adapter_watch_commands.h"

#include <cstdio>
#include <memory>
#include <set>
#include <string>

#include "absl/strings/str_format.h"
#include "bus/rpc/status.h"
#include "cli/json.h"
#include "cli/operator_client.h"
#include "grpcpp/client_context.h"
#include "simpul/mapping/v1/adapter.grpc.pb.h"

namespace simpul::cli {
namespace {

using mapping::v1::AdapterService;

struct Flags {
  OperatorFlags operator_flags;
  std::string adapter;  // "<department>/<app>"; all if empty
};

// The departments whose engines are to be asked: that of the adapter, or all on the bus.
absl::StatusOr<std::set<std::string>> Engines(OperatorClient& client, const std::string& adapter) {
  if (!adapter.empty()) return std::set{"adapter/" + adapter.substr(0, adapter.find('/'))};
  const auto parts = client.ListParts();
  if (!parts.ok()) return parts.status();
  std::set<std::string> engines;
  for (const auto& part : *parts) {
    const auto identity = rpc::Identity::Parse(part.identity());
    if (identity.ok() && identity->kind == "adapter") engines.insert(identity->Path());
  }
  return engines;
}

// Calls `ask` with a stub of each engine that is asked.
template <class Ask>
absl::Status AskEngines(const Flags& flags, Ask ask) {
  if (!flags.adapter.empty() && flags.adapter.find('/') == std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s is no adapter; write <department>/<app>", flags.adapter));
  }
  const auto client = OperatorClient::Open(flags.operator_flags);
  if (!client.ok()) return client.status();
  const auto engines = Engines(**client, flags.adapter);
  if (!engines.ok()) return engines.status();
  for (const std::string& engine : *engines) {
    const auto channel = (*client)->ChannelTo(engine);
    if (!channel.ok()) return channel.status();
    const grpc::Status status = ask(*AdapterService::NewStub(*channel));
    if (!status.ok()) return rpc::FromGrpc(status);
  }
  return absl::OkStatus();
}

void Print(const mapping::v1::Watched& watched) {
  absl::PrintF(
      "%-24s %-16s %-7s %8d %7d %12d %-20s %s\n", watched.adapter(), watched.resource(),
      watched.synced() ? "yes" : "no", watched.rows(), watched.parked(), watched.held_deletes(),
      watched.has_reconcile_time() ? ToText(watched.reconcile_time()) : "-", watched.error());
}

absl::Status ListWatches(const Flags& flags, bool json) {
  if (!json) {
    absl::PrintF("%-24s %-16s %-7s %8s %7s %12s %-20s %s\n", "ADAPTER", "RESOURCE", "SYNCED",
                 "ROWS", "PARKED", "HELD DELETES", "RECONCILED", "ERROR");
  }
  return AskEngines(flags, [&](AdapterService::Stub& engine) {
    grpc::ClientContext context;
    mapping::v1::ListWatchesResponse response;
    const grpc::Status status = engine.ListWatches(&context, {}, &response);
    for (const auto& watched : response.watches()) {
      if (!flags.adapter.empty() && watched.adapter() != flags.adapter) continue;
      if (json) {
        absl::PrintF("%s\n", ToJsonLine(watched));
      } else {
        Print(watched);
      }
    }
    return status;
  });
}

absl::Status ListParked(const Flags& flags, bool json) {
  return AskEngines(flags, [&](AdapterService::Stub& engine) {
    grpc::ClientContext context;
    mapping::v1::ListParkedRowsRequest request;
    request.set_adapter(flags.adapter);
    mapping::v1::ListParkedRowsResponse response;
    const grpc::Status status = engine.ListParkedRows(&context, request, &response);
    for (const auto& row : response.rows()) {
      if (json) {
        absl::PrintF("%s\n", ToJsonLine(row));
      } else {
        absl::PrintF("%s %s %s: %s %s (%s)\n", row.adapter(), row.resource(), row.key(),
                     row.field(), row.reason(), ToText(row.park_time()));
      }
    }
    return status;
  });
}

}  // namespace

void AddAdapterWatchCommands(CLI::App& adapter, Invocation& invocation) {
  auto flags = std::make_shared<Flags>();
  CLI::App* watches = AddCommand(adapter, invocation, "watches",
                                 "Show how the watches of running adapters stand: rows, parked "
                                 "ones, deletes held back, errors",
                                 "simpul adapter watches diskominfo/radius", [flags, &invocation] {
                                   return ListWatches(*flags, invocation.json);
                                 });
  CLI::App* parked =
      AddCommand(adapter, invocation, "parked",
                 "List the rows that do not fit the contract: key and field, never values",
                 "simpul adapter parked diskominfo/radius",
                 [flags, &invocation] { return ListParked(*flags, invocation.json); });
  for (CLI::App* command : {watches, parked}) {
    AddOperatorFlags(*command, flags->operator_flags);
    command->add_option("adapter", flags->adapter, "<department>/<app> (all)");
  }
}

}  // namespace simpul::cli
