#include "cli/events_commands.h"

#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "bus/kafka/relay.h"
#include "bus/store/store.h"
#include "cli/event_watch.h"
#include "cli/part_commands.h"

namespace simpul::cli {
namespace {

struct ResendFlags {
  std::string data;
  std::string part;
  std::string since;
  std::string store;
};

absl::Status Resend(const ResendFlags& flags, bool json) {
  absl::Duration since;
  if (!absl::ParseDuration(flags.since, &since) || since <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("--since %s is no duration; write 90m or 1h30m", flags.since));
  }
  const auto store = store::Store::Open(
      {.url = flags.store.empty() ? absl::StrFormat("sqlite:%s/state", flags.data) : flags.store,
       .part = flags.part});
  if (!store.ok()) return store.status();
  const auto count = kafka::Resend(**store, absl::Now() - since);
  if (!count.ok()) return count.status();
  if (json) {
    absl::PrintF("{\"events\":%d}\n", *count);
  } else {
    absl::PrintF("%d events are sent again once the part runs\n", *count);
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
      "Have a part send its recent events again, as after Kafka lost some; with SQLite the part "
      "must be stopped",
      "simpul events resend --part wifi --since 1h",
      [flags, &invocation] { return Resend(*flags, invocation.json); });
  AddDataOption(*resend, flags->data);
  resend->add_option("--part", flags->part, "Whose events, such as wifi")->required();
  resend->add_option("--since", flags->since, "How far back, such as 1h; at most 7 days are kept")
      ->required();
  resend->add_option("--store", flags->store, "The part's store (sqlite: in state below --data)");
}

}  // namespace

void AddEventsCommands(CLI::App& app, Invocation& invocation) {
  CLI::App* group = AddGroup(app, "events", "Watch events, send them again, run the events service",
                             "simpul events watch simpul.wifi.v1.SessionEvent");
  AddWatch(*group, invocation);
  AddResend(*group, invocation);
  AddEventsPartCommand(*group, invocation);
}

}  // namespace simpul::cli
