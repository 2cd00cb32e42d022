// What a part says it serves: a protoset, loaded once and compiled.
#ifndef SIMPUL_GATEWAY_TRANSCODE_CONTRACT_H_
#define SIMPUL_GATEWAY_TRANSCODE_CONTRACT_H_

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "gateway/transcode/plan.h"

namespace google::protobuf {
class DescriptorPool;
}

namespace simpul::transcode {

// One binding of google.api.http; additional_bindings stand beside their first.
struct HttpRule {
  std::string verb;           // "GET", "POST", or the kind of a custom rule.
  std::string path;           // The template, such as "/v1/{name=departments/*/hotspots/*}".
  std::string body;           // "", "*" or the name of a field.
  std::string response_body;  // "" or the name of a field.
};

struct Method {
  std::string path;     // As HTTP/2 carries it: "/simpul.wifi.v1.HotspotService/GetHotspot".
  std::string service;  // "simpul.wifi.v1.HotspotService".
  std::string name;     // "GetHotspot".
  const MessagePlan* request = nullptr;
  const MessagePlan* response = nullptr;
  bool client_streaming = false;
  bool server_streaming = false;
  std::vector<HttpRule> rules;

  // REST serves it by GET alone, which changes nothing and may be asked twice (RFC 9110, 9.2.2).
  bool only_reads() const {
    return !rules.empty() && std::all_of(rules.begin(), rules.end(),
                                         [](const HttpRule& rule) { return rule.verb == "GET"; });
  }
};

struct Service {
  std::string full_name;
  bool is_public = false;  // option (simpul.bus.v1.exposure) = PUBLIC
  std::vector<Method> methods;
};

// Immutable after Load; thread-safe. Everything it points to lives as long as it.
class Contract {
 public:
  // `protoset` is a serialized google.protobuf.FileDescriptorSet with all imports, in dependency
  // order (as protoc writes it). INVALID_ARGUMENT: it is none, a file does not hold together, or a
  // method's messages use what JSON
  //   cannot carry (Plans::Compile). The message names the file and what is wrong there.
  static absl::StatusOr<std::shared_ptr<const Contract>> Load(std::string_view protoset);

  Contract(const Contract&) = delete;
  ~Contract();

  // Sorted by full name.
  std::span<const Service> services() const { return services_; }
  // By full name, or null.
  const Service* FindService(std::string_view full_name) const;
  // By "/package.Service/Method", or null.
  const Method* FindMethod(std::string_view path) const;
  // The plan of a message by full name; null when the contract has none such or JSON cannot carry
  // it.
  const MessagePlan* Plan(std::string_view full_name) const { return plans_.Find(full_name); }

  // The names of all files, imports too, in the protoset's order.
  std::span<const std::string> files() const { return files_; }
  const google::protobuf::DescriptorPool& pool() const { return *pool_; }

 private:
  Contract();

  std::unique_ptr<google::protobuf::DescriptorPool> pool_;
  std::vector<std::string> files_;
  Plans plans_;
  std::vector<Service> services_;
};

}  // namespace simpul::transcode

#endif  // SIMPUL_GATEWAY_TRANSCODE_CONTRACT_H_
