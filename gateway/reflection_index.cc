#include "gateway/reflection_index.h"

#include <algorithm>
#include <utility>

#include "gateway/reflection.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"

namespace simpul::gateway {
namespace {

using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::FileDescriptor;

constexpr int kNotFound = 5;
constexpr int kInvalidArgument = 3;

void SetError(int code, std::string text, reflection::Response& response) {
  auto* error = response.mutable_error_response();
  error->set_error_code(code);
  error->set_error_message(std::move(text));
}

void Append(const FileDescriptor& file, std::set<std::string>& seen, reflection::Files& files) {
  if (!seen.insert(file.name()).second) return;
  ::google::protobuf::FileDescriptorProto proto;
  file.CopyTo(&proto);
  file.CopyJsonNameTo(&proto);
  file.CopySourceCodeInfoTo(&proto);
  proto.SerializeToString(files.add_file_descriptor_proto());
  for (int i = 0; i < file.dependency_count(); ++i) Append(*file.dependency(i), seen, files);
}

}  // namespace

void ReflectionIndex::Add(std::shared_ptr<const transcode::Contract> contract,
                          const std::string& service) {
  const auto* descriptor = contract->pool().FindServiceByName(service);
  if (descriptor == nullptr || !services_.insert(service).second) return;
  if (std::find(contracts_.begin(), contracts_.end(), contract) == contracts_.end()) {
    contracts_.push_back(std::move(contract));
  }
  AddFile(descriptor->file());
}

void ReflectionIndex::AddFile(const FileDescriptor* file) {
  if (!files_.emplace(file->name(), file).second) return;
  for (int i = 0; i < file->dependency_count(); ++i) AddFile(file->dependency(i));
}

bool ReflectionIndex::Shown(const FileDescriptor* file) const {
  return files_.contains(file->name());
}

const FileDescriptor* ReflectionIndex::FileOfSymbol(const std::string& symbol) const {
  for (const auto& contract : contracts_) {
    const FileDescriptor* file = contract->pool().FindFileContainingSymbol(symbol);
    if (file != nullptr && Shown(file)) return file;
  }
  return nullptr;
}

const FileDescriptor* ReflectionIndex::FileOfExtension(const std::string& type, int number) const {
  for (const auto& contract : contracts_) {
    const auto* message = contract->pool().FindMessageTypeByName(type);
    if (message == nullptr) continue;
    const FieldDescriptor* extension = contract->pool().FindExtensionByNumber(message, number);
    if (extension != nullptr && Shown(extension->file())) return extension->file();
  }
  return nullptr;
}

void ReflectionIndex::ListNumbers(const std::string& type, reflection::Response& response) const {
  std::set<int> numbers;
  bool known = false;
  for (const auto& contract : contracts_) {
    const auto* message = contract->pool().FindMessageTypeByName(type);
    if (message == nullptr) continue;
    known = known || Shown(message->file());
    std::vector<const FieldDescriptor*> extensions;
    contract->pool().FindAllExtensions(message, &extensions);
    for (const FieldDescriptor* extension : extensions) {
      if (Shown(extension->file())) numbers.insert(extension->number());
    }
  }
  if (!known) return SetError(kNotFound, "no public contract has a message of this name", response);
  auto* answer = response.mutable_all_extension_numbers_response();
  answer->set_base_type_name(type);
  for (const int number : numbers) answer->add_extension_number(number);
}

void ReflectionIndex::Describe(const FileDescriptor& file, reflection::Files& files) {
  std::set<std::string> seen;
  Append(file, seen, files);
}

reflection::Response ReflectionIndex::Answer(const reflection::Request& request) const {
  reflection::Response response;
  response.set_valid_host(request.host());
  *response.mutable_original_request() = request;
  const FileDescriptor* file = nullptr;
  switch (request.question_case()) {
    case reflection::Request::kListServices:
      for (const std::string& service : services_) {
        response.mutable_list_services_response()->add_service()->set_name(service);
      }
      response.mutable_list_services_response();  // also when there is none
      return response;
    case reflection::Request::kAllExtensionNumbersOfType:
      ListNumbers(request.all_extension_numbers_of_type(), response);
      return response;
    case reflection::Request::kFileByFilename:
      if (const auto it = files_.find(request.file_by_filename()); it != files_.end()) {
        file = it->second;
      }
      break;
    case reflection::Request::kFileContainingSymbol:
      file = FileOfSymbol(request.file_containing_symbol());
      break;
    case reflection::Request::kFileContainingExtension:
      file = FileOfExtension(request.file_containing_extension().containing_type(),
                             request.file_containing_extension().extension_number());
      break;
    default:
      SetError(kInvalidArgument, "the request asks for nothing that this server knows", response);
      return response;
  }
  if (file == nullptr) {
    SetError(kNotFound, "no public contract has it; list_services names what there is", response);
  } else {
    Describe(*file, *response.mutable_file_descriptor_response());
  }
  return response;
}

}  // namespace simpul::gateway
