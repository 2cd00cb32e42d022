#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "bus/rpc/protoset.h"
#include "bus/rpc/server.h"
#include "google/protobuf/descriptor.pb.h"
#include "grpcpp/channel.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/support/channel_arguments.h"

namespace simpul::rpc {
namespace {

// `{"service":…,"method":…}` of every rpc without streams.
const std::string& UnaryMethods() {
  static const std::string& methods = *new std::string([] {
    google::protobuf::FileDescriptorSet files;
    const std::string_view protoset = BuiltInProtoset();
    files.ParseFromArray(protoset.data(), static_cast<int>(protoset.size()));
    std::vector<std::string> names;
    for (const auto& file : files.file()) {
      for (const auto& service : file.service()) {
        for (const auto& method : service.method()) {
          if (method.client_streaming() || method.server_streaming()) continue;
          names.push_back(absl::StrFormat(R"({"service":"%s.%s","method":"%s"})", file.package(),
                                          service.name(), method.name()));
        }
      }
    }
    return absl::StrJoin(names, ",");
  }());
  return methods;
}

std::string ServiceConfig(absl::Duration deadline) {
  return absl::StrFormat(R"({"methodConfig":[{"name":[%s],"timeout":"%.3fs"}]})", UnaryMethods(),
                         absl::ToDoubleSeconds(deadline));
}

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
  arguments.SetServiceConfigJSON(ServiceConfig(default_deadline));
  return grpc::CreateCustomChannel(address, credentials.ForChannel(expected), arguments);
}

}  // namespace simpul::rpc
