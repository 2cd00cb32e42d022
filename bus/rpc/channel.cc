#include "grpcpp/channel.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "bus/rpc/server.h"
#include "grpcpp/alarm.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/support/channel_arguments.h"
#include "grpcpp/support/client_interceptor.h"

namespace simpul::rpc {
namespace {

namespace interception = grpc::experimental;

// Ends one call when its time is up. Shared by the call and the alarm, which may outlive it.
class CallTimer {
 public:
  explicit CallTimer(grpc::ClientContext* context) : context_(context) {}

  void Expire() {
    std::lock_guard lock(mutex_);
    if (context_ == nullptr) return;
    expired_ = true;
    context_->TryCancel();
  }

  // The call is over; returns whether it was us who ended it.
  bool Stop() {
    std::lock_guard lock(mutex_);
    context_ = nullptr;
    return expired_;
  }

 private:
  std::mutex mutex_;
  grpc::ClientContext* context_;
  bool expired_ = false;
};

// A call's deadline is fixed before interceptors see it, and a service config's timeout fires early
// in this gRPC; so an alarm cancels the call, and its status then says why.
class DeadlineInterceptor : public interception::Interceptor {
 public:
  DeadlineInterceptor(grpc::ClientContext* context, absl::Duration deadline)
      : timer_(std::make_shared<CallTimer>(context)) {
    alarm_.Set(absl::ToChronoTime(absl::Now() + deadline), [timer = timer_](bool fired) {
      if (fired) timer->Expire();
    });
  }
  ~DeadlineInterceptor() override { timer_->Stop(); }

  void Intercept(interception::InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(
            interception::InterceptionHookPoints::POST_RECV_STATUS)) {
      grpc::Status* status = methods->GetRecvStatus();
      if (timer_->Stop() && status->error_code() == grpc::StatusCode::CANCELLED) {
        *status = grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, "no answer came in time");
      }
      alarm_.Cancel();
    }
    methods->Proceed();
  }

 private:
  const std::shared_ptr<CallTimer> timer_;
  grpc::Alarm alarm_;
};

class DeadlineInterceptorFactory : public interception::ClientInterceptorFactoryInterface {
 public:
  explicit DeadlineInterceptorFactory(absl::Duration deadline) : deadline_(deadline) {}

  interception::Interceptor* CreateClientInterceptor(interception::ClientRpcInfo* info) override {
    const bool unary = info->type() == interception::ClientRpcInfo::Type::UNARY;
    const bool bounded =
        info->client_context()->deadline() != std::chrono::system_clock::time_point::max();
    if (!unary || bounded) return nullptr;
    return new DeadlineInterceptor(info->client_context(), deadline_);
  }

 private:
  const absl::Duration deadline_;
};

}  // namespace

std::shared_ptr<grpc::Channel> Connect(const std::string& address, const Credentials& credentials,
                                       const Identity& expected, absl::Duration default_deadline) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 10'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  // A part that was killed is back within a second; be there when it is.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 5'000);  // the time a handshake may take
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1'000);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  std::vector<std::unique_ptr<interception::ClientInterceptorFactoryInterface>> interceptors;
  interceptors.push_back(std::make_unique<DeadlineInterceptorFactory>(default_deadline));
  return interception::CreateCustomChannelWithInterceptors(
      address, credentials.ForChannel(expected), arguments, std::move(interceptors));
}

}  // namespace simpul::rpc
