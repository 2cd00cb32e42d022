#include "bus/rpc/server.h"

#include <mutex>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "bus/observe/log.h"
#include "grpc/support/log.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/generic/async_generic_service.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"

namespace simpul::rpc {
namespace {

constexpr absl::Duration kDestructorGrace = absl::Seconds(2);

// While a server starts on this thread its failure is our caller's to tell.
thread_local bool starting = false;

// gRPC speaks of itself in our log, and only when something is wrong.
void LogForGrpc(gpr_log_func_args* args) {
  if (args->severity < GPR_LOG_SEVERITY_ERROR || starting) return;
  observe::Log(observe::Severity::kWarning, "grpc", args->message);
}

// Health and reflection add themselves to every server built afterwards, so once is enough.
void PrepareProcess() {
  static std::once_flag once;
  std::call_once(once, [] {
#ifdef NDEBUG
    // Debian builds Abseil with its debug checks, so every lock of gRPC looks for deadlocks.
    absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
#endif
    gpr_set_log_function(LogForGrpc);
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  });
}

class GrpcServer : public Server {
 public:
  GrpcServer(std::unique_ptr<grpc::Server> server, std::string address)
      : server_(std::move(server)), address_(std::move(address)) {}

  ~GrpcServer() override { Shutdown(kDestructorGrace); }

  void Shutdown(absl::Duration grace) override {
    std::call_once(shutdown_, [&] {
      server_->Shutdown(absl::ToChronoTime(absl::Now() + grace));
      server_->Wait();
    });
  }

  std::string address() const override { return address_; }

 private:
  std::once_flag shutdown_;
  const std::unique_ptr<grpc::Server> server_;
  const std::string address_;
};

constexpr int kMaxThreads = 64;

void SetLimits(grpc::ServerBuilder& builder, const ServerOptions& options) {
  builder.SetMaxReceiveMessageSize(options.max_receive_bytes);
  // Calls that wait for a store have a thread each while they last; beyond kMaxThreads they are
  // told RESOURCE_EXHAUSTED. Streams are by callback, and have none.
  builder.SetResourceQuota(grpc::ResourceQuota("part").SetMaxThreads(kMaxThreads));
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MIN_POLLERS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 2);
  // Two processes on one port would each get half of the calls, and nobody would notice.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 15'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 1'000);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options) {
  const size_t colon = options.address.rfind(':');
  if (colon == std::string::npos) {
    return absl::FailedPreconditionError(
        absl::StrFormat("%s is no address; write host:port", options.address));
  }
  PrepareProcess();
  grpc::ServerBuilder builder;
  SetLimits(builder, options);
  int port = 0;
  builder.AddListeningPort(options.address, options.credentials->ForServer(), &port);
  for (grpc::Service* service : options.services) builder.RegisterService(service);
  if (options.generic != nullptr) builder.RegisterCallbackGenericService(options.generic);
  starting = true;
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  starting = false;
  if (server == nullptr || port == 0) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "cannot listen on %s: the port is in use or the address is not this machine's; "
        "choose another by --listen",
        options.address));
  }
  return std::make_unique<GrpcServer>(
      std::move(server), absl::StrFormat("%s:%d", options.address.substr(0, colon), port));
}

}  // namespace simpul::rpc
