#include "services/catalogue/contract.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "google/api/annotations.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "simpul/bus/v1/bus.pb.h"

namespace simpul::catalogue {
namespace {

// Keeps the first thing that is wrong.
class FirstError : public google::protobuf::DescriptorPool::ErrorCollector {
 public:
  void AddError(const std::string& file, const std::string& element,
                const google::protobuf::Message*, ErrorLocation,
                const std::string& message) override {
    if (text_.empty()) text_ = file + ": " + element + ": " + message;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

absl::StatusOr<Route> RouteOf(const google::api::HttpRule& rule) {
  switch (rule.pattern_case()) {
    case google::api::HttpRule::kGet:
      return Route::Parse("GET", rule.get());
    case google::api::HttpRule::kPut:
      return Route::Parse("PUT", rule.put());
    case google::api::HttpRule::kPost:
      return Route::Parse("POST", rule.post());
    case google::api::HttpRule::kDelete:
      return Route::Parse("DELETE", rule.delete_());
    case google::api::HttpRule::kPatch:
      return Route::Parse("PATCH", rule.patch());
    case google::api::HttpRule::kCustom:
      return Route::Parse(rule.custom().kind(), rule.custom().path());
    case google::api::HttpRule::PATTERN_NOT_SET:
      break;
  }
  return absl::InvalidArgumentError("a google.api.http option has no method and path; give it one");
}

absl::StatusOr<Contract::Service> ReadService(const google::protobuf::ServiceDescriptor& service) {
  Contract::Service read;
  read.is_public =
      service.options().GetExtension(simpul::bus::v1::exposure) == simpul::bus::v1::PUBLIC;
  for (int i = 0; i < service.method_count(); ++i) {
    const auto& options = service.method(i)->options();
    if (!options.HasExtension(google::api::http)) continue;
    const google::api::HttpRule& rule = options.GetExtension(google::api::http);
    auto route = RouteOf(rule);
    if (!route.ok()) return route.status();
    read.routes.push_back(*std::move(route));
    for (const google::api::HttpRule& more : rule.additional_bindings()) {
      route = RouteOf(more);
      if (!route.ok()) return route.status();
      read.routes.push_back(*std::move(route));
    }
  }
  return read;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Contract>> Contract::Read(std::string_view protoset) {
  google::protobuf::FileDescriptorSet files;
  if (!files.ParseFromArray(protoset.data(), static_cast<int>(protoset.size()))) {
    return absl::InvalidArgumentError(
        "the protoset is no google.protobuf.FileDescriptorSet; make it with protoc "
        "--descriptor_set_out --include_imports --include_source_info");
  }
  auto contract = std::make_shared<Contract>();
  google::protobuf::DescriptorPool pool;
  for (const auto& proto : files.file()) {
    FirstError error;
    const auto* file = pool.BuildFileCollectingErrors(proto, &error);
    if (file == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrFormat("the protoset does not build: %s; its files must stand in the order of "
                          "their imports, with all of them",
                          error.text()));
    }
    for (int i = 0; i < file->service_count(); ++i) {
      auto service = ReadService(*file->service(i));
      if (!service.ok()) return service.status();
      contract->services_.emplace(file->service(i)->full_name(), *std::move(service));
    }
    for (int i = 0; i < file->message_type_count(); ++i) {
      const std::string& name = file->message_type(i)->full_name();
      if (name.ends_with("Event")) contract->events_.insert(name);
    }
  }
  return contract;
}

const Contract::Service* Contract::FindService(std::string_view full_name) const {
  const auto found = services_.find(full_name);
  return found == services_.end() ? nullptr : &found->second;
}

}  // namespace simpul::catalogue
