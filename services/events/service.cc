#include "services/events/service.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/synchronization/notification.h"
#include "bus/rpc/access.h"
#include "bus/rpc/identity.h"
#include "bus/rpc/status.h"
#include "grpcpp/support/proto_buffer_reader.h"
#include "services/events/request.h"
#include "simpul/bus/v1/bus.pb.h"

namespace simpul::events {
namespace {

constexpr int kDefaultPage = 100;
constexpr int kMaxPage = 1000;
constexpr std::string_view kPageScope = "events.ListSubscriptions/";

constexpr char kTokenTooOld[] =
    "resume_token: older than the events that are kept. List first, then start at LATEST";

// The agency that calls.
absl::StatusOr<std::string> AgencyOf(const grpc::ServerContextBase& context) {
  absl::StatusOr<bus::v1::Caller> caller = rpc::CallerOf(context);
  if (!caller.ok()) return caller.status();
  if (caller->agency().empty()) {
    return absl::UnauthenticatedError(
        "the call does not say for which agency it is; call through the gateway with an API key");
  }
  return caller->agency();
}

absl::StatusOr<v1::SubscribeRequest> Parse(const grpc::ByteBuffer& bytes) {
  grpc::ByteBuffer copy(bytes);  // the reader wants one that it may change
  grpc::ProtoBufferReader reader(&copy);
  v1::SubscribeRequest request;
  if (!request.ParseFromZeroCopyStream(&reader)) {
    return absl::InvalidArgumentError("the request is no simpul.events.v1.SubscribeRequest");
  }
  return request;
}

template <class Message>
grpc::Status Answer(absl::StatusOr<Message> result, Message* response) {
  if (!result.ok()) return rpc::ToGrpc(result.status());
  *response = *std::move(result);
  return grpc::Status::OK;
}

grpc::Status Answer(const absl::StatusOr<StoredSubscription>& result, v1::Subscription* response) {
  if (!result.ok()) return rpc::ToGrpc(result.status());
  *response = result->ToProto();
  return grpc::Status::OK;
}

}  // namespace

grpc::ServerWriteReactor<grpc::ByteBuffer>* Service::Subscribe(grpc::CallbackServerContext* context,
                                                               const grpc::ByteBuffer* request) {
  absl::StatusOr<std::shared_ptr<Stream>> stream = Start(*context, *request);
  if (!stream.ok()) return rpc::Refuse<grpc::ByteBuffer>(stream.status());
  return stream->get();  // owns itself
}

absl::StatusOr<std::shared_ptr<Stream>> Service::Start(const grpc::ServerContextBase& context,
                                                       const grpc::ByteBuffer& bytes) {
  absl::StatusOr<std::string> agency = AgencyOf(context);
  if (!agency.ok()) return agency.status();
  absl::StatusOr<v1::SubscribeRequest> request = Parse(bytes);
  if (!request.ok()) return request.status();
  absl::StatusOr<Plan> plan = PlanFor(*agency, *request);
  if (!plan.ok()) return plan.status();
  absl::StatusOr<std::shared_ptr<Stream>> stream = streams_.Open(feed_, *agency);
  if (!stream.ok()) return stream;
  opener_.Add({std::move(plan->types),
               [stream = *stream, begin = std::move(plan->begin)](absl::StatusOr<Kept> kept) {
                 if (kept.ok()) return stream->Begin(begin(*std::move(kept)));
                 stream->Begin(kept.status());
               }});
  return stream;
}

absl::StatusOr<Service::Plan> Service::PlanFor(const std::string& agency,
                                               const v1::SubscribeRequest& request) const {
  if (request.begin_case() == v1::SubscribeRequest::kSubscription) {
    return PlanDurable(agency, request);
  }
  return PlanStateless(agency, request);
}

absl::StatusOr<Service::Plan> Service::PlanStateless(const std::string& agency,
                                                     const v1::SubscribeRequest& request) const {
  absl::StatusOr<std::vector<std::string>> types = ReadTypes(request.types());
  if (!types.ok()) return types.status();
  absl::Status good = CheckPrefix(request.name_prefix());
  if (good.ok()) good = types_.Check(*types);
  if (!good.ok()) return good;
  Beginning beginning;
  beginning.types = *types;
  beginning.prefix = request.name_prefix();
  beginning.scope = StatelessScope(agency, *types, request.name_prefix());
  beginning.too_old = kTokenTooOld;
  const bool has_token = request.begin_case() == v1::SubscribeRequest::kResumeToken;
  if (has_token) {
    absl::StatusOr<Position> position =
        feed_.tokens.Open(beginning.scope, request.resume_token(), types->size());
    if (!position.ok()) return position.status();
    beginning.position = *std::move(position);
  } else if (request.start() != v1::LATEST && request.start() != v1::EARLIEST) {
    return absl::InvalidArgumentError(
        "start: say LATEST or EARLIEST, or give a resume_token or a subscription");
  }
  const bool earliest = request.start() == v1::EARLIEST;
  return Plan{[types = *std::move(types)] { return types; },
              [beginning = std::move(beginning), has_token,
               earliest](Kept kept) mutable -> absl::StatusOr<Beginning> {
                if (!has_token) beginning.position = earliest ? kept.low : kept.high;
                if (!CheckKept(beginning.position, kept).ok()) {
                  return absl::OutOfRangeError(beginning.too_old);
                }
                beginning.high = std::move(kept.high);
                return std::move(beginning);
              }};
}

absl::StatusOr<Service::Plan> Service::PlanDurable(const std::string& agency,
                                                   const v1::SubscribeRequest& request) const {
  if (!request.types().empty() || !request.name_prefix().empty()) {
    return absl::InvalidArgumentError(
        "types, name_prefix: a subscription has its own; leave them empty");
  }
  absl::StatusOr<std::string> id = ReadSubscriptionName("subscription", request.subscription());
  if (!id.ok()) return id.status();
  auto beginning = std::make_shared<Beginning>();
  return Plan{[this, agency, id = *id, beginning]() -> absl::StatusOr<std::vector<std::string>> {
                absl::StatusOr<StoredSubscription> stored = subscriptions_.Get(agency, id);
                if (!stored.ok()) return stored.status();
                beginning->types = stored->types;
                beginning->prefix = stored->prefix;
                beginning->scope = DurableScope(agency, id, stored->uid);
                beginning->position = stored->position;
                return stored->types;
              },
              [id = *id, beginning](Kept kept) -> absl::StatusOr<Beginning> {
                beginning->too_old = absl::StrFormat(
                    "subscriptions/%s: what follows its last acknowledgement is no longer kept. "
                    "Delete it and create it anew at LATEST, subscribe, then List",
                    id);
                if (!CheckKept(beginning->position, kept).ok()) {
                  return absl::OutOfRangeError(beginning->too_old);
                }
                beginning->high = std::move(kept.high);
                return *beginning;
              }};
}

absl::StatusOr<Kept> Service::FindKept(const std::vector<std::string>& types) {
  absl::StatusOr<Kept> answer = absl::UnknownError("no answer");
  absl::Notification answered;
  opener_.Add({[&types] { return types; },
               [&](absl::StatusOr<Kept> kept) {
                 answer = std::move(kept);
                 answered.Notify();
               }});
  answered.WaitForNotification();  // the opener answers in bounded time
  return answer;
}

grpc::Status Service::CreateSubscription(grpc::ServerContext* context,
                                         const v1::CreateSubscriptionRequest* request,
                                         v1::Subscription* response) {
  absl::StatusOr<std::string> agency = AgencyOf(*context);
  if (!agency.ok()) return rpc::ToGrpc(agency.status());
  return Answer(Create(*agency, *request), response);
}

absl::StatusOr<StoredSubscription> Service::Create(const std::string& agency,
                                                   const v1::CreateSubscriptionRequest& request) {
  absl::Status good = CheckSubscriptionId(request.subscription_id());
  if (!good.ok()) return good;
  const v1::Subscription& asked = request.subscription();
  absl::StatusOr<std::vector<std::string>> types = ReadTypes(asked.types());
  if (!types.ok()) return types.status();
  good = CheckPrefix(asked.name_prefix());
  if (good.ok()) good = types_.Check(*types);
  if (!good.ok()) return good;
  if (!v1::Start_IsValid(asked.start())) {
    return absl::InvalidArgumentError("start: say LATEST or EARLIEST");
  }
  absl::StatusOr<Kept> kept = FindKept(*types);
  if (!kept.ok()) return kept.status();
  StoredSubscription wanted;
  wanted.id = request.subscription_id();
  wanted.types = *std::move(types);
  wanted.prefix = asked.name_prefix();
  wanted.start = asked.start() == v1::EARLIEST ? v1::EARLIEST : v1::LATEST;
  // The place is fixed now: what happens before the first Subscribe belongs to the subscription.
  wanted.position = wanted.start == v1::EARLIEST ? std::move(kept->low) : std::move(kept->high);
  return subscriptions_.Create(agency, std::move(wanted));
}

grpc::Status Service::GetSubscription(grpc::ServerContext* context,
                                      const v1::GetSubscriptionRequest* request,
                                      v1::Subscription* response) {
  absl::StatusOr<std::string> agency = AgencyOf(*context);
  if (!agency.ok()) return rpc::ToGrpc(agency.status());
  absl::StatusOr<std::string> id = ReadSubscriptionName("name", request->name());
  if (!id.ok()) return rpc::ToGrpc(id.status());
  return Answer(subscriptions_.Get(*agency, *id), response);
}

grpc::Status Service::ListSubscriptions(grpc::ServerContext* context,
                                        const v1::ListSubscriptionsRequest* request,
                                        v1::ListSubscriptionsResponse* response) {
  absl::StatusOr<std::string> agency = AgencyOf(*context);
  if (!agency.ok()) return rpc::ToGrpc(agency.status());
  return Answer(List(*agency, *request), response);
}

absl::StatusOr<v1::ListSubscriptionsResponse> Service::List(
    const std::string& agency, const v1::ListSubscriptionsRequest& request) const {
  if (request.page_size() < 0) {
    return absl::InvalidArgumentError("page_size: negative; leave it 0 for 100");
  }
  const std::string scope = std::string(kPageScope) + agency;
  std::string after;
  if (!request.page_token().empty()) {
    absl::StatusOr<std::string> opened = feed_.tokens.key().Open(scope, request.page_token());
    if (!opened.ok()) {
      return absl::InvalidArgumentError("page_token: not one of ours; begin without it");
    }
    after = *std::move(opened);
  }
  absl::StatusOr<std::vector<StoredSubscription>> all = subscriptions_.List(agency);
  if (!all.ok()) return all.status();
  const int size =
      request.page_size() == 0 ? kDefaultPage : std::min<int>(request.page_size(), kMaxPage);
  v1::ListSubscriptionsResponse response;
  for (const StoredSubscription& subscription : *all) {
    if (subscription.id <= after) continue;
    if (response.subscriptions_size() == size) {
      response.set_next_page_token(feed_.tokens.key().Seal(scope, after));
      break;
    }
    *response.add_subscriptions() = subscription.ToProto();
    after = subscription.id;
  }
  return response;
}

grpc::Status Service::DeleteSubscription(grpc::ServerContext* context,
                                         const v1::DeleteSubscriptionRequest* request,
                                         v1::DeleteSubscriptionResponse*) {
  absl::StatusOr<std::string> agency = AgencyOf(*context);
  if (!agency.ok()) return rpc::ToGrpc(agency.status());
  absl::StatusOr<std::string> id = ReadSubscriptionName("name", request->name());
  if (!id.ok()) return rpc::ToGrpc(id.status());
  return rpc::ToGrpc(subscriptions_.Delete(*agency, *id));
}

grpc::Status Service::Acknowledge(grpc::ServerContext* context,
                                  const v1::AcknowledgeRequest* request,
                                  v1::Subscription* response) {
  absl::StatusOr<std::string> agency = AgencyOf(*context);
  if (!agency.ok()) return rpc::ToGrpc(agency.status());
  absl::StatusOr<std::string> id = ReadSubscriptionName("subscription", request->subscription());
  if (!id.ok()) return rpc::ToGrpc(id.status());
  absl::StatusOr<StoredSubscription> stored = subscriptions_.Get(*agency, *id);
  if (!stored.ok()) return rpc::ToGrpc(stored.status());
  absl::StatusOr<Position> position = feed_.tokens.Open(
      DurableScope(*agency, *id, stored->uid), request->resume_token(), stored->types.size());
  if (!position.ok()) return rpc::ToGrpc(position.status());
  return Answer(subscriptions_.Acknowledge(*agency, *id, stored->uid, *position), response);
}

}  // namespace simpul::events
