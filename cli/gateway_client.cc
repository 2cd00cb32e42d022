#include "cli/gateway_client.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "cli/files.h"
#include "cli/part_flags.h"
#include "cli/raw_call.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/type_resolver_util.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/channel_arguments.h"

namespace simpul::cli {
namespace {

constexpr char kTypePrefix[] = "type.googleapis.com";

std::string TypeUrl(const google::protobuf::Descriptor& type) {
  return absl::StrFormat("%s/%s", kTypePrefix, type.full_name());
}

absl::StatusOr<std::string> ReadText(const std::string& path, std::string_view what) {
  auto text = ReadFile(path);
  if (!text.ok()) {
    return absl::InvalidArgumentError(absl::StrFormat("%s %s cannot be read", what, path));
  }
  return text;
}

std::shared_ptr<grpc::Channel> Dial(const std::string& address,
                                    const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 20'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1'000);
  arguments.SetInt(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, 64 << 20);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(address, credentials, arguments);
}

}  // namespace

void AddGatewayFlags(CLI::App& command, GatewayFlags& flags) {
  AddDataOption(command, flags.data);
  command.add_option("--address", flags.address,
                     "host:port of the gateway (that of `simpul up` on --data)");
  command.add_option("--key-file", flags.key_file, "File of the API key (api-key below --data)");
  command.add_option("--tls-ca", flags.tls_ca, "Speak TLS, and believe the CA in this PEM file");
}

absl::StatusOr<std::unique_ptr<GatewayClient>> GatewayClient::Open(const GatewayFlags& flags) {
  auto key =
      ReadText(flags.key_file.empty() ? flags.data + "/api-key" : flags.key_file, "the API key in");
  if (!key.ok()) return key.status();
  std::string address = flags.address;
  if (address.empty()) {
    auto running =
        RunningAddress(flags.data, flags.tls_ca.empty() ? "gateway" : "gateway-tls", "--address");
    if (!running.ok()) return running.status();
    address = *std::move(running);
  }
  std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials();
  if (!flags.tls_ca.empty()) {
    auto ca = ReadText(flags.tls_ca, "the CA in");
    if (!ca.ok()) return ca.status();
    credentials = grpc::SslCredentials({.pem_root_certs = *std::move(ca)});
  }
  return std::unique_ptr<GatewayClient>(new GatewayClient(
      address, Dial(address, credentials), std::string(absl::StripAsciiWhitespace(*key))));
}

GatewayClient::GatewayClient(std::string address, std::shared_ptr<grpc::Channel> channel,
                             std::string key)
    : address_(std::move(address)),
      channel_(std::move(channel)),
      key_(std::move(key)),
      reflection_(channel_, key_),
      pool_(&reflection_),
      types_(google::protobuf::util::NewTypeResolverForDescriptorPool(kTypePrefix, &pool_)) {}

absl::Status GatewayClient::Explain(absl::Status status) const {
  const bool is_connected = channel_->GetState(/*try_to_connect=*/false) == GRPC_CHANNEL_READY;
  if (!absl::IsUnavailable(status) || is_connected) return status;
  return absl::UnavailableError(absl::StrFormat(
      "no gateway answers on %s; start the platform by `make run` or `simpul up`, or say by "
      "--address where it is",
      address_));
}

absl::StatusOr<std::vector<std::string>> GatewayClient::ListServices() {
  auto names = reflection_.ListServices();
  if (!names.ok()) return Explain(names.status());
  std::sort(names->begin(), names->end());
  return names;
}

absl::StatusOr<const google::protobuf::ServiceDescriptor*> GatewayClient::FindService(
    const std::string& name) {
  const google::protobuf::ServiceDescriptor* service = pool_.FindServiceByName(name);
  if (service != nullptr) return service;
  if (const absl::Status s = reflection_.status(); !s.ok()) return Explain(s);
  return absl::NotFoundError(absl::StrFormat("the gateway shows no service %s", name));
}

absl::StatusOr<const google::protobuf::MethodDescriptor*> GatewayClient::FindMethod(
    const std::string& name) {
  std::string full_name = name;
  std::replace(full_name.begin(), full_name.end(), '/', '.');
  const google::protobuf::MethodDescriptor* method = pool_.FindMethodByName(full_name);
  if (method != nullptr) return method;
  if (const absl::Status s = reflection_.status(); !s.ok()) return Explain(s);
  return absl::NotFoundError(absl::StrFormat(
      "the gateway shows no method %s; `simpul call` alone lists those it has", name));
}

absl::StatusOr<const google::protobuf::Descriptor*> GatewayClient::FindMessage(
    const std::string& name) {
  const google::protobuf::Descriptor* message = pool_.FindMessageTypeByName(name);
  if (message != nullptr) return message;
  if (const absl::Status s = reflection_.status(); !s.ok()) return Explain(s);
  return absl::NotFoundError(absl::StrFormat("the gateway shows no message %s", name));
}

absl::StatusOr<std::string> GatewayClient::FromJson(const google::protobuf::Descriptor& type,
                                                    const std::string& json) {
  std::string bytes;
  const auto status =
      google::protobuf::util::JsonToBinaryString(types_.get(), TypeUrl(type), json, &bytes);
  if (!status.ok()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "the request is no %s in JSON: %s", type.full_name(), status.message().as_string()));
  }
  return bytes;
}

absl::StatusOr<std::string> GatewayClient::ToJson(const google::protobuf::Descriptor& type,
                                                  const std::string& bytes, bool pretty) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = pretty;
  std::string json;
  const auto status = google::protobuf::util::BinaryToJsonString(types_.get(), TypeUrl(type), bytes,
                                                                 &json, options);
  if (!status.ok()) {
    return absl::DataLossError(absl::StrFormat("the answer is no %s that can be shown as JSON: %s",
                                               type.full_name(), status.message().as_string()));
  }
  while (!json.empty() && json.back() == '\n') json.pop_back();
  return json;
}

absl::Status GatewayClient::Call(const google::protobuf::MethodDescriptor& method,
                                 const std::string& request,
                                 const std::function<bool(const std::string&)>& each) {
  grpc::ClientContext context;
  context.AddMetadata("x-api-key", key_);
  RawCall call(channel_, context,
               absl::StrFormat("/%s/%s", method.service()->full_name(), method.name()));
  call.Write(request);
  call.WritesDone();
  while (const std::optional<std::string> answer = call.Read()) {
    if (!each(*answer)) return absl::OkStatus();
  }
  return Explain(call.Finish());
}

}  // namespace simpul::cli
