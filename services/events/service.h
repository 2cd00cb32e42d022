// simpul.events.v1.EventService: who asks, for what, and what he is answered.
#ifndef SIMPUL_SERVICES_EVENTS_SERVICE_H_
#define SIMPUL_SERVICES_EVENTS_SERVICE_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/events/opener.h"
#include "services/events/position.h"
#include "services/events/public_types.h"
#include "services/events/stream.h"
#include "services/events/streams.h"
#include "services/events/subscriptions.h"
#include "simpul/events/v1/events.grpc.pb.h"

namespace simpul::events {

// Subscribe is answered by reactors and takes no thread, and its answers are written as bytes so
// that streams share them; the others wait for the store and are few. Thread-safe.
class Service final
    : public v1::EventService::WithRawCallbackMethod_Subscribe<v1::EventService::Service> {
 public:
  // All outlive it.
  Service(const PublicTypes& types, Subscriptions& subscriptions, Opener& opener, Streams& streams,
          const Feed& feed)
      : types_(types),
        subscriptions_(subscriptions),
        opener_(opener),
        streams_(streams),
        feed_(feed) {}

  grpc::ServerWriteReactor<grpc::ByteBuffer>* Subscribe(grpc::CallbackServerContext* context,
                                                        const grpc::ByteBuffer* request) override;
  grpc::Status CreateSubscription(grpc::ServerContext* context,
                                  const v1::CreateSubscriptionRequest* request,
                                  v1::Subscription* response) override;
  grpc::Status GetSubscription(grpc::ServerContext* context,
                               const v1::GetSubscriptionRequest* request,
                               v1::Subscription* response) override;
  grpc::Status ListSubscriptions(grpc::ServerContext* context,
                                 const v1::ListSubscriptionsRequest* request,
                                 v1::ListSubscriptionsResponse* response) override;
  grpc::Status DeleteSubscription(grpc::ServerContext* context,
                                  const v1::DeleteSubscriptionRequest* request,
                                  v1::DeleteSubscriptionResponse* response) override;
  grpc::Status Acknowledge(grpc::ServerContext* context, const v1::AcknowledgeRequest* request,
                           v1::Subscription* response) override;

 private:
  // How a stream's beginning is found: its types first, then, once Kafka has answered, the rest.
  struct Plan {
    std::function<absl::StatusOr<std::vector<std::string>>()> types;
    std::function<absl::StatusOr<Beginning>(Kept)> begin;
  };

  absl::StatusOr<std::shared_ptr<Stream>> Start(const grpc::ServerContextBase& context,
                                                const grpc::ByteBuffer& request);
  absl::StatusOr<Plan> PlanFor(const std::string& agency,
                               const v1::SubscribeRequest& request) const;
  absl::StatusOr<Plan> PlanStateless(const std::string& agency,
                                     const v1::SubscribeRequest& request) const;
  absl::StatusOr<Plan> PlanDurable(const std::string& agency,
                                   const v1::SubscribeRequest& request) const;
  absl::StatusOr<StoredSubscription> Create(const std::string& agency,
                                            const v1::CreateSubscriptionRequest& request);
  absl::StatusOr<Kept> FindKept(const std::vector<std::string>& types);
  absl::StatusOr<v1::ListSubscriptionsResponse> List(
      const std::string& agency, const v1::ListSubscriptionsRequest& request) const;

  const PublicTypes& types_;
  Subscriptions& subscriptions_;
  Opener& opener_;
  Streams& streams_;
  const Feed feed_;
};

}  // namespace simpul::events

#endif  // SIMPUL_SERVICES_EVENTS_SERVICE_H_
