#include "cli/reflection_database.h"

#include <optional>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "cli/raw_call.h"
#include "google/protobuf/descriptor.pb.h"

namespace simpul::cli {
namespace {

using gateway::reflection::Request;
using gateway::reflection::Response;

constexpr char kMethod[] = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
constexpr absl::Duration kDeadline = absl::Seconds(10);

}  // namespace

absl::StatusOr<Response> ReflectionDatabase::Ask(const Request& request) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + kDeadline));
  if (!key_.empty()) context.AddMetadata("x-api-key", key_);
  RawCall call(channel_, context, kMethod);
  call.Write(request.SerializeAsString());
  call.WritesDone();
  const std::optional<std::string> answer = call.Read();
  const absl::Status ended = call.Finish();
  if (!ended.ok()) return ended;
  Response response;
  if (!answer.has_value() || !response.ParseFromString(*answer)) {
    return absl::InternalError("the server's reflection gave no answer");
  }
  if (response.has_error_response()) {
    return absl::Status(static_cast<absl::StatusCode>(response.error_response().error_code()),
                        response.error_response().error_message());
  }
  return response;
}

absl::StatusOr<std::vector<std::string>> ReflectionDatabase::ListServices() {
  Request request;
  request.set_list_services("*");
  const auto response = Ask(request);
  if (!response.ok()) return response.status();
  std::vector<std::string> names;
  for (const auto& service : response->list_services_response().service()) {
    names.push_back(service.name());
  }
  return names;
}

bool ReflectionDatabase::Fetch(const Request& request) {
  const auto response = Ask(request);
  if (!response.ok()) {
    if (!absl::IsNotFound(response.status())) status_ = response.status();
    return false;
  }
  for (const std::string& bytes : response->file_descriptor_response().file_descriptor_proto()) {
    google::protobuf::FileDescriptorProto file;
    google::protobuf::FileDescriptorProto known;
    if (!file.ParseFromString(bytes)) return false;
    if (!known_.FindFileByName(file.name(), &known)) known_.Add(file);
  }
  return true;
}

bool ReflectionDatabase::FindFileByName(const std::string& name,
                                        google::protobuf::FileDescriptorProto* file) {
  std::lock_guard lock(mutex_);
  if (known_.FindFileByName(name, file)) return true;
  Request request;
  request.set_file_by_filename(name);
  return Fetch(request) && known_.FindFileByName(name, file);
}

bool ReflectionDatabase::FindFileContainingSymbol(const std::string& symbol,
                                                  google::protobuf::FileDescriptorProto* file) {
  std::lock_guard lock(mutex_);
  if (known_.FindFileContainingSymbol(symbol, file)) return true;
  Request request;
  request.set_file_containing_symbol(symbol);
  return Fetch(request) && known_.FindFileContainingSymbol(symbol, file);
}

bool ReflectionDatabase::FindFileContainingExtension(const std::string& type, int number,
                                                     google::protobuf::FileDescriptorProto* file) {
  std::lock_guard lock(mutex_);
  return known_.FindFileContainingExtension(type, number, file);
}

absl::Status ReflectionDatabase::status() {
  std::lock_guard lock(mutex_);
  return status_;
}

}  // namespace simpul::cli
