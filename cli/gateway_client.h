// The gateway as an agency sees it: an address, a key, and contracts by reflection.
#ifndef SIMPUL_CLI_GATEWAY_CLIENT_H_
#define SIMPUL_CLI_GATEWAY_CLIENT_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/command.h"
#include "cli/reflection_database.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/util/type_resolver.h"
#include "grpcpp/channel.h"

namespace simpul::cli {

struct GatewayFlags {
  std::string data;
  std::string address;   // that of `simpul up` on <data> if empty
  std::string key_file;  // <data>/api-key if empty
  std::string tls_ca;    // speaks TLS and believes this CA
};

void AddGatewayFlags(CLI::App& command, GatewayFlags& flags);

// Thread-safe.
class GatewayClient {
 public:
  // INVALID_ARGUMENT: a file of the flags cannot be read, or no address is known.
  static absl::StatusOr<std::unique_ptr<GatewayClient>> Open(const GatewayFlags& flags);

  // The public services, sorted. As for the gateway's reflection.
  absl::StatusOr<std::vector<std::string>> ListServices();

  // NOT_FOUND: the gateway shows no such service.
  absl::StatusOr<const google::protobuf::ServiceDescriptor*> FindService(const std::string& name);

  // "package.Service/Method" or "package.Service.Method". NOT_FOUND: the gateway shows no such
  // method.
  absl::StatusOr<const google::protobuf::MethodDescriptor*> FindMethod(const std::string& name);

  // NOT_FOUND: the gateway shows no such message.
  absl::StatusOr<const google::protobuf::Descriptor*> FindMessage(const std::string& name);

  // The wire bytes of a message in JSON. INVALID_ARGUMENT: it is none of that type.
  absl::StatusOr<std::string> FromJson(const google::protobuf::Descriptor& type,
                                       const std::string& json);
  // The reverse; Any fields too, as far as the gateway knows their types.
  absl::StatusOr<std::string> ToJson(const google::protobuf::Descriptor& type,
                                     const std::string& bytes, bool pretty);

  // Calls with one request and gives each answer to `each` until it returns false. Returns how the
  // call ended; OK if `each` ended it.
  absl::Status Call(const google::protobuf::MethodDescriptor& method, const std::string& request,
                    const std::function<bool(const std::string&)>& each);

 private:
  GatewayClient(std::string address, std::shared_ptr<grpc::Channel> channel, std::string key);

  // Says that nobody answers there, and what to do, where that is why a call failed.
  absl::Status Explain(absl::Status status) const;

  const std::string address_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::string key_;
  ReflectionDatabase reflection_;
  google::protobuf::DescriptorPool pool_;
  const std::unique_ptr<google::protobuf::util::TypeResolver> types_;
};

}  // namespace simpul::cli

#endif  // SIMPUL_CLI_GATEWAY_CLIENT_H_
