#include "gateway/transcode/contract.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "google/api/annotations.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "simpul/bus/v1/bus.pb.h"

namespace simpul::transcode {

namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;
using google::protobuf::FileDescriptorSet;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

// Keeps the first of protobuf's complaints about a file.
class FirstError : public DescriptorPool::ErrorCollector {
 public:
  void AddError(const std::string& file, const std::string& element,
                const google::protobuf::Message*, ErrorLocation, const std::string& why) override {
    if (text_.empty()) text_ = absl::StrFormat("%s: %s: %s", file, element, why);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

HttpRule RuleOf(const google::api::HttpRule& option) {
  HttpRule rule;
  rule.body = option.body();
  rule.response_body = option.response_body();
  switch (option.pattern_case()) {
    case google::api::HttpRule::kGet:
      rule.verb = "GET";
      rule.path = option.get();
      break;
    case google::api::HttpRule::kPut:
      rule.verb = "PUT";
      rule.path = option.put();
      break;
    case google::api::HttpRule::kPost:
      rule.verb = "POST";
      rule.path = option.post();
      break;
    case google::api::HttpRule::kDelete:
      rule.verb = "DELETE";
      rule.path = option.delete_();
      break;
    case google::api::HttpRule::kPatch:
      rule.verb = "PATCH";
      rule.path = option.patch();
      break;
    case google::api::HttpRule::kCustom:
      rule.verb = option.custom().kind();
      rule.path = option.custom().path();
      break;
    case google::api::HttpRule::PATTERN_NOT_SET:
      break;  // The router refuses it by name.
  }
  return rule;
}

std::vector<HttpRule> RulesOf(const MethodDescriptor& method) {
  std::vector<HttpRule> rules;
  if (!method.options().HasExtension(google::api::http)) return rules;
  const google::api::HttpRule& option = method.options().GetExtension(google::api::http);
  rules.push_back(RuleOf(option));
  for (const google::api::HttpRule& more : option.additional_bindings()) {
    rules.push_back(RuleOf(more));
  }
  return rules;
}

absl::StatusOr<Method> MethodOf(const MethodDescriptor& descriptor, Plans& plans) {
  Method method;
  method.service = descriptor.service()->full_name();
  method.name = descriptor.name();
  method.path = "/" + method.service + "/" + method.name;
  method.client_streaming = descriptor.client_streaming();
  method.server_streaming = descriptor.server_streaming();
  method.rules = RulesOf(descriptor);
  absl::StatusOr<const MessagePlan*> request = plans.Compile(*descriptor.input_type());
  if (!request.ok()) return request.status();
  absl::StatusOr<const MessagePlan*> response = plans.Compile(*descriptor.output_type());
  if (!response.ok()) return response.status();
  method.request = *request;
  method.response = *response;
  return method;
}

absl::StatusOr<Service> ServiceOf(const ServiceDescriptor& descriptor, Plans& plans) {
  Service service;
  service.full_name = descriptor.full_name();
  service.is_public =
      descriptor.options().GetExtension(simpul::bus::v1::exposure) == simpul::bus::v1::PUBLIC;
  for (int i = 0; i < descriptor.method_count(); ++i) {
    absl::StatusOr<Method> method = MethodOf(*descriptor.method(i), plans);
    if (!method.ok()) return method.status();
    service.methods.push_back(*std::move(method));
  }
  return service;
}

// Messages that no method names may come in an Any. One that JSON cannot carry is left out: in
// an Any it is refused.
void CompileAll(const Descriptor& message, Plans& plans) {
  if (message.options().map_entry()) return;
  (void)plans.Compile(message);
  for (int i = 0; i < message.nested_type_count(); ++i) CompileAll(*message.nested_type(i), plans);
}

}  // namespace

Contract::Contract() : pool_(std::make_unique<DescriptorPool>()) {}
Contract::~Contract() = default;

absl::StatusOr<std::shared_ptr<const Contract>> Contract::Load(std::string_view protoset) {
  FileDescriptorSet set;
  if (protoset.size() > INT32_MAX ||
      !set.ParseFromArray(protoset.data(), static_cast<int>(protoset.size()))) {
    return absl::InvalidArgumentError(
        "not a protoset: pass what protoc --include_imports --descriptor_set_out writes");
  }
  std::shared_ptr<Contract> contract(new Contract);
  for (const auto& proto : set.file()) {
    FirstError error;
    const FileDescriptor* file = contract->pool_->BuildFileCollectingErrors(proto, &error);
    if (file == nullptr) return absl::InvalidArgumentError(error.text());
    contract->files_.push_back(file->name());
  }
  for (const std::string& name : contract->files_) {
    const FileDescriptor* file = contract->pool_->FindFileByName(name);
    for (int i = 0; i < file->service_count(); ++i) {
      absl::StatusOr<Service> service = ServiceOf(*file->service(i), contract->plans_);
      if (!service.ok()) return service.status();
      contract->services_.push_back(*std::move(service));
    }
    for (int i = 0; i < file->message_type_count(); ++i) {
      CompileAll(*file->message_type(i), contract->plans_);
    }
  }
  contract->plans_.FindPersonal();
  std::sort(contract->services_.begin(), contract->services_.end(),
            [](const Service& a, const Service& b) { return a.full_name < b.full_name; });
  return std::shared_ptr<const Contract>(std::move(contract));
}

const Service* Contract::FindService(std::string_view full_name) const {
  auto it = std::lower_bound(
      services_.begin(), services_.end(), full_name,
      [](const Service& service, std::string_view name) { return service.full_name < name; });
  return it == services_.end() || it->full_name != full_name ? nullptr : &*it;
}

const Method* Contract::FindMethod(std::string_view path) const {
  if (!path.starts_with('/')) return nullptr;
  size_t slash = path.find('/', 1);
  if (slash == path.npos) return nullptr;
  const Service* service = FindService(path.substr(1, slash - 1));
  if (service == nullptr) return nullptr;
  for (const Method& method : service->methods) {
    if (method.path == path) return &method;
  }
  return nullptr;
}

}  // namespace simpul::transcode
