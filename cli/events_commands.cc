#include "cli/events_commands.h"

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "bus/kafka/relay.h"
#include "bus/rpc/status.h"
#include "bus/store/store.h"
#include "cli/event_watch.h"
#include "cli/json.h"
#include "cli/operator_client.h"
#include "cli/part_commands.h"
#include "grpcpp/client_context.h"
#include "simpul/bus/v1/part.grpc.pb.h"

namespace simpul::cli {
namespace {

using bus::v1::PartService;

constexpr absl::Duration kResendPatience = absl::Minutes(5);

struct WhichPart {
  OperatorFlags operator_flags;
  std::string part;
};

struct ResendFlags : WhichPart {
  std::string since;
  std::string store;
};

// "wifi" is "service/wifi"; an adapter is "adapter/diskominfo".
std::string PathOf(const std::string& part) {
  return part.find('/') == std::string::npos ? "service/" + part : part;
}

absl::StatusOr<std::unique_ptr<PartService::Stub>> ServiceOf(const WhichPart& flags) {
  const auto client = OperatorClient::Open(flags.operator_flags);
  if (!client.ok()) return client.status();
  auto channel = (*client)->ChannelTo(PathOf(flags.part));
  if (!channel.ok()) return channel.status();
  return PartService::NewStub(*channel);
}

// From the part's own store, which it must not have open if that is SQLite.
absl::StatusOr<int64_t> ResendWhileStopped(const ResendFlags& flags, absl::Time since) {
  const std::string path = PathOf(flags.part);
  const std::string name =
      path.starts_with("service/") ? path.substr(8) : absl::StrReplaceAll(path, {{"/", "-"}});
  const auto store = store::Store::Open({.url = flags.store, .part = name});
  if (!store.ok()) return store.status();
  return kafka::Resend(**store, since);
}

absl::StatusOr<int64_t> ResendWhileRunning(const ResendFlags& flags, absl::Time since) {
  const auto service = ServiceOf(flags);
  if (!service.ok()) return service.status();
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + kResendPatience));
  bus::v1::ResendEventsRequest request;
  request.mutable_since()->set_seconds(absl::ToUnixSeconds(since));
  bus::v1::ResendEventsResponse response;
  const grpc::Status status = (*service)->ResendEvents(&context, request, &response);
  if (!status.ok()) return rpc::FromGrpc(status);
  return response.events();
}

absl::Status Resend(const ResendFlags& flags, bool json) {
  absl::Duration since;
  if (!absl::ParseDuration(flags.since, &since) || since <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("--since %s is no duration; write 90m or 1h30m", flags.since));
  }
  const absl::Time from = absl::Now() - since;
  const auto count =
      flags.store.empty() ? ResendWhileRunning(flags, from) : ResendWhileStopped(flags, from);
  if (!count.ok()) return count.status();
  if (json) {
    absl::PrintF("{\"events\":%d}\n", *count);
  } else {
    absl::PrintF("%d events of %s are sent again%s\n", *count, PathOf(flags.part),
                 flags.store.empty() ? "" : " once it runs");
  }
  return absl::OkStatus();
}

absl::Status ListParked(const WhichPart& flags, bool json) {
  const auto service = ServiceOf(flags);
  if (!service.ok()) return service.status();
  grpc::ClientContext context;
  bus::v1::ListParkedEventsResponse response;
  const grpc::Status status = (*service)->ListParkedEvents(&context, {}, &response);
  if (!status.ok()) return rpc::FromGrpc(status);
  for (const auto& event : response.events()) {
    if (json) {
      absl::PrintF("%s\n", ToJsonLine(event));
      continue;
    }
    const std::string place = event.event_id().empty()
                                  ? absl::StrFormat("%d@%d", event.partition(), event.offset())
                                  : event.event_id();
    absl::PrintF("%s %s %s: %s (%s)\n", event.topic(), place, event.key(), event.reason(),
                 ToText(event.park_time()));
  }
  return absl::OkStatus();
}

void AddWatch(CLI::App& group, Invocation& invocation) {
  auto flags = std::make_shared<EventWatchFlags>();
  CLI::App* watch =
      AddCommand(group, invocation, "watch", "Print events as they happen, through the gateway",
                 "simpul events watch simpul.wifi.v1.SessionEvent --prefix departments/diskominfo/",
                 [flags, &invocation] { return WatchEvents(*flags, invocation.json); });
  AddGatewayFlags(*watch, flags->gateway);
  watch->add_option("type", flags->types, "Full names of event types (all)");
  watch->add_option("--prefix", flags->prefix, "Only resources whose name begins with this");
  watch->add_option("--from", flags->from, "latest, earliest, or a resume token (latest)");
  watch->add_option("--subscription", flags->subscription,
                    "A durable subscription's id; with types it is made if it is missing");
  watch->add_option("--count", flags->count, "End after so many events; 0: never")
      ->check(CLI::NonNegativeNumber);
}

void AddResend(CLI::App& group, Invocation& invocation) {
  auto flags = std::make_shared<ResendFlags>();
  CLI::App* resend = AddCommand(
      group, invocation, "resend",
      "Have a part send its recent events again, with their ids, as after Kafka lost some",
      "simpul events resend --part wifi --since 1h",
      [flags, &invocation] { return Resend(*flags, invocation.json); });
  AddOperatorFlags(*resend, flags->operator_flags);
  resend->add_option("--part", flags->part, "Whose events: wifi, or adapter/diskominfo")
      ->required();
  resend->add_option("--since", flags->since, "How far back, such as 1h; at most 7 days are kept")
      ->required();
  resend->add_option("--store", flags->store,
                     "Of a part that is stopped: its store, such as sqlite:.simpul/state");
}

void AddParked(CLI::App& group, Invocation& invocation) {
  auto flags = std::make_shared<WhichPart>();
  CLI::App* parked = AddCommand(
      group, invocation, "parked",
      "List the events that a part could not apply, or that Kafka refused: key and reason, no data",
      "simpul events parked --part wifi",
      [flags, &invocation] { return ListParked(*flags, invocation.json); });
  AddOperatorFlags(*parked, flags->operator_flags);
  parked->add_option("--part", flags->part, "Which part: wifi, or adapter/diskominfo")->required();
}

}  // namespace

void AddEventsCommands(CLI::App& app, Invocation& invocation) {
  CLI::App* group = AddGroup(app, "events", "Watch events, send them again, run the events service",
                             "simpul events watch simpul.wifi.v1.SessionEvent");
  AddWatch(*group, invocation);
  AddResend(*group, invocation);
  AddParked(*group, invocation);
  AddEventsPartCommand(*group, invocation);
}

}  // namespace simpul::cli
