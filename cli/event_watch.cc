#include "cli/event_watch.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "cli/json.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "simpul/events/v1/events.pb.h"

namespace simpul::cli {
namespace {

using events::v1::SubscribeRequest;
using events::v1::SubscribeResponse;

constexpr char kService[] = "simpul.events.v1.EventService/";
constexpr absl::Duration kPatience = absl::Minutes(5);  // with a gateway that is away

class Watch {
 public:
  Watch(GatewayClient& client, const EventWatchFlags& flags, bool json)
      : client_(client), flags_(flags), json_(json) {}

  absl::Status Run();

 private:
  absl::Status Subscribe();
  absl::Status MakeSubscription();
  absl::Status Acknowledge();
  SubscribeRequest Request() const;
  absl::Status Take(const SubscribeResponse& response);
  absl::Status Print(const events::v1::Event& event);
  absl::Status CallUnary(const std::string& method, const google::protobuf::Message& request);

  GatewayClient& client_;
  const EventWatchFlags& flags_;
  const bool json_;
  std::string token_;
  int printed_ = 0;
  bool opened_ = false;
};

SubscribeRequest Watch::Request() const {
  SubscribeRequest request;
  if (!flags_.subscription.empty()) {
    // Acknowledged is what was printed, so the server knows where to go on.
    request.set_subscription("subscriptions/" + flags_.subscription);
    return request;
  }
  request.mutable_types()->Assign(flags_.types.begin(), flags_.types.end());
  request.set_name_prefix(flags_.prefix);
  if (!token_.empty()) {
    request.set_resume_token(token_);
  } else if (flags_.from == "latest") {
    request.set_start(events::v1::LATEST);
  } else if (flags_.from == "earliest") {
    request.set_start(events::v1::EARLIEST);
  } else {
    request.set_resume_token(flags_.from);
  }
  return request;
}

absl::Status Watch::CallUnary(const std::string& method, const google::protobuf::Message& request) {
  const auto descriptor = client_.FindMethod(absl::StrFormat("%s%s", kService, method));
  if (!descriptor.ok()) return descriptor.status();
  return client_.Call(**descriptor, request.SerializeAsString(),
                      [](const std::string&) { return true; });
}

absl::Status Watch::MakeSubscription() {
  if (flags_.subscription.empty() || flags_.types.empty()) return absl::OkStatus();
  events::v1::CreateSubscriptionRequest request;
  request.set_subscription_id(flags_.subscription);
  auto& subscription = *request.mutable_subscription();
  subscription.mutable_types()->Assign(flags_.types.begin(), flags_.types.end());
  subscription.set_name_prefix(flags_.prefix);
  subscription.set_start(flags_.from == "earliest" ? events::v1::EARLIEST : events::v1::LATEST);
  return CallUnary("CreateSubscription", request);
}

absl::Status Watch::Acknowledge() {
  if (flags_.subscription.empty() || token_.empty()) return absl::OkStatus();
  events::v1::AcknowledgeRequest request;
  request.set_subscription("subscriptions/" + flags_.subscription);
  request.set_resume_token(token_);
  return CallUnary("Acknowledge", request);
}

absl::Status Watch::Print(const events::v1::Event& event) {
  const auto type = client_.FindMessage(event.type());
  if (!type.ok()) return type.status();
  const auto data = client_.ToJson(**type, event.data().value(), false);
  if (!data.ok()) return data.status();
  if (json_) {
    events::v1::Event attributes = event;
    attributes.clear_data();
    std::string line = ToJsonLine(attributes);
    line.pop_back();
    absl::PrintF("%s,\"data\":%s,\"resumeToken\":\"%s\"}\n", line, *data, token_);
  } else {
    absl::PrintF("%s  %s  %s\n  %s\n", ToText(event.time()), event.type(), event.subject(), *data);
  }
  // Printed is what whoever reads us has; only then may it be acknowledged.
  if (std::fflush(stdout) != 0) return absl::AbortedError("nobody reads the output any more");
  ++printed_;
  return absl::OkStatus();
}

absl::Status Watch::Take(const SubscribeResponse& response) {
  opened_ = true;
  token_ = response.resume_token();
  if (!response.has_event()) return absl::OkStatus();
  if (auto status = Print(response.event()); !status.ok()) return status;
  return Acknowledge();
}

absl::Status Watch::Subscribe() {
  const auto method = client_.FindMethod(absl::StrFormat("%sSubscribe", kService));
  if (!method.ok()) return method.status();
  absl::Status taken;
  const absl::Status ended =
      client_.Call(**method, Request().SerializeAsString(), [&](const std::string& bytes) {
        SubscribeResponse response;
        taken = response.ParseFromString(bytes) ? Take(response)
                                                : absl::DataLossError("the answer is no event");
        return taken.ok() && (flags_.count == 0 || printed_ < flags_.count);
      });
  return taken.ok() ? ended : taken;
}

absl::Status Watch::Run() {
  if (auto status = MakeSubscription(); !status.ok()) return status;
  absl::Time away_since = absl::InfiniteFuture();
  absl::Duration wait;
  while (true) {
    opened_ = false;
    const absl::Status status = Subscribe();
    if (flags_.count > 0 && printed_ >= flags_.count) return absl::OkStatus();
    if (!status.ok() && !absl::IsUnavailable(status)) return status;
    if (opened_) {
      away_since = absl::InfiniteFuture();
      wait = absl::Milliseconds(100);
    }
    away_since = std::min(away_since, absl::Now());
    // Never connected: the address is wrong, or nothing runs there.
    if (token_.empty() && !opened_) return status;
    if (absl::Now() - away_since > kPatience) return status;
    absl::SleepFor(wait);
    wait = std::min(wait * 2, absl::Seconds(2));
  }
}

// Every `<Noun>Event` message beside a public service.
absl::StatusOr<std::vector<std::string>> AllTypes(GatewayClient& client) {
  const auto services = client.ListServices();
  if (!services.ok()) return services.status();
  std::vector<std::string> types;
  for (const std::string& name : *services) {
    const auto service = client.FindService(name);
    if (!service.ok()) continue;
    const google::protobuf::FileDescriptor* file = (*service)->file();
    for (int i = 0; i < file->message_type_count(); ++i) {
      const google::protobuf::Descriptor* message = file->message_type(i);
      const auto* change = message->FindFieldByName("change");
      if (change != nullptr && change->message_type() == nullptr && change->number() == 1 &&
          message->FindFieldByName("revision") != nullptr) {
        types.push_back(message->full_name());
      }
    }
  }
  std::sort(types.begin(), types.end());
  types.erase(std::unique(types.begin(), types.end()), types.end());
  if (types.empty()) return absl::NotFoundError("no part publishes events yet");
  return types;
}

}  // namespace

absl::Status WatchEvents(const EventWatchFlags& flags, bool json) {
  const auto client = GatewayClient::Open(flags.gateway);
  if (!client.ok()) return client.status();
  EventWatchFlags whole = flags;
  if (whole.types.empty() && whole.subscription.empty()) {
    auto types = AllTypes(**client);
    if (!types.ok()) return types.status();
    whole.types = *std::move(types);
  }
  const absl::Status status = Watch(**client, whole, json).Run();
  if (status.ok()) return status;
  return absl::Status(
      status.code(),
      absl::StrFormat("%s: %s", absl::StatusCodeToString(status.code()), status.message()));
}

}  // namespace simpul::cli
