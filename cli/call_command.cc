#include "cli/call_command.h"

#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/str_format.h"
#include "cli/gateway_client.h"

namespace simpul::cli {
namespace {

struct Flags {
  GatewayFlags gateway;
  std::string method;
  std::string request = "{}";
};

absl::Status ListMethods(GatewayClient& client) {
  const auto services = client.ListServices();
  if (!services.ok()) return services.status();
  for (const std::string& name : *services) {
    const auto service = client.FindService(name);
    if (!service.ok()) continue;  // reflection itself has no descriptor there
    for (int i = 0; i < (*service)->method_count(); ++i) {
      absl::PrintF("%s/%s\n", name, (*service)->method(i)->name());
    }
  }
  return absl::OkStatus();
}

absl::Status Call(GatewayClient& client, const Flags& flags, bool json) {
  const auto method = client.FindMethod(flags.method);
  if (!method.ok()) return method.status();
  if ((*method)->client_streaming()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s takes a stream of requests, which this command cannot send", flags.method));
  }
  const auto request = client.FromJson(*(*method)->input_type(), flags.request);
  if (!request.ok()) return request.status();
  const bool pretty = !json && !(*method)->server_streaming();
  absl::Status shown;
  absl::Status called = client.Call(**method, *request, [&](const std::string& answer) {
    const auto text = client.ToJson(*(*method)->output_type(), answer, pretty);
    if (!text.ok()) {
      shown = text.status();
      return false;
    }
    absl::PrintF("%s\n", *text);
    std::fflush(stdout);
    return true;
  });
  if (!shown.ok()) return shown;
  if (called.ok()) return called;
  return absl::Status(called.code(),
                      absl::StrFormat("%s: %s: %s", flags.method,
                                      absl::StatusCodeToString(called.code()), called.message()));
}

absl::Status Run(const Flags& flags, bool json) {
  const auto client = GatewayClient::Open(flags.gateway);
  if (!client.ok()) return client.status();
  return flags.method.empty() ? ListMethods(**client) : Call(**client, flags, json);
}

}  // namespace

void AddCallCommand(CLI::App& app, Invocation& invocation) {
  auto flags = std::make_shared<Flags>();
  CLI::App* command = AddCommand(
      app, invocation, "call", "Call a method through the gateway; without one, list them all",
      "simpul call simpul.wifi.v1.HotspotService/ListHotspots '{\"pageSize\": 2}'",
      [flags, &invocation] { return Run(*flags, invocation.json); });
  AddGatewayFlags(*command, flags->gateway);
  command->add_option("method", flags->method, "SERVICE/METHOD, such as in the example");
  command->add_option("request", flags->request, "The request in JSON ({})");
}

}  // namespace simpul::cli
