#include "services/events/contract.h"

#include <set>
#include <utility>

#include "absl/strings/str_format.h"
#include "bus/rpc/privacy.h"
#include "google/protobuf/descriptor.pb.h"
#include "simpul/privacy/v1/privacy.pb.h"

namespace simpul::events {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

// Whether a field with a privacy class can occur in `message`, at any depth; an Any may hold any.
bool HasPersonalFields(const Descriptor& message, std::set<const Descriptor*>& seen) {
  if (!seen.insert(&message).second) return false;
  if (message.full_name() == "google.protobuf.Any") return true;
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    if (field.options().GetExtension(privacy::v1::privacy_class) !=
        privacy::v1::PRIVACY_CLASS_UNSPECIFIED) {
      return true;
    }
    if (field.message_type() != nullptr && HasPersonalFields(*field.message_type(), seen)) {
      return true;
    }
  }
  return false;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Contract>> Contract::Load(std::string_view protoset,
                                                               const std::string& type) {
  google::protobuf::FileDescriptorSet files;
  if (!files.ParseFromArray(protoset.data(), static_cast<int>(protoset.size()))) {
    return absl::InvalidArgumentError("the contract is no FileDescriptorSet");
  }
  std::shared_ptr<Contract> contract(new Contract);
  for (const google::protobuf::FileDescriptorProto& file : files.file()) {
    if (contract->pool_.BuildFile(file) == nullptr) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "the contract's file %s does not stand with those before it", file.name()));
    }
  }
  const Descriptor* descriptor = contract->pool_.FindMessageTypeByName(type);
  if (descriptor == nullptr) {
    return absl::NotFoundError(absl::StrFormat("the contract has no message %s", type));
  }
  contract->prototype_ = contract->factory_.GetPrototype(descriptor);
  std::set<const Descriptor*> seen;
  contract->has_personal_fields_ = HasPersonalFields(*descriptor, seen);
  return contract;
}

absl::StatusOr<std::string> Contract::WithoutPersonal(std::string data) const {
  if (!has_personal_fields_) return data;
  std::unique_ptr<google::protobuf::Message> message(prototype_->New());
  if (!message->ParseFromString(data)) {
    return absl::DataLossError(
        absl::StrFormat("the event's data is no %s", prototype_->GetDescriptor()->full_name()));
  }
  rpc::ClearPersonalFields(*message);
  return message->SerializeAsString();
}

}  // namespace simpul::events
