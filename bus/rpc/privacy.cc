#include "bus/rpc/privacy.h"

#include <memory>
#include <string>
#include <vector>

#include "google/protobuf/any.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "simpul/privacy/v1/privacy.pb.h"

namespace simpul::rpc {
namespace {

namespace pb = google::protobuf;

bool IsPersonal(const pb::FieldDescriptor& field) {
  return field.options().GetExtension(privacy::v1::privacy_class) !=
         privacy::v1::PRIVACY_CLASS_UNSPECIFIED;
}

// What an Any holds is cleared too; if its type is not linked in, nobody can tell what is in it.
void ClearPacked(pb::Message& message) {
  pb::Any any;
  any.ParsePartialFromString(message.SerializePartialAsString());
  const std::string type = any.type_url().substr(any.type_url().rfind('/') + 1);
  const pb::Descriptor* descriptor =
      pb::DescriptorPool::generated_pool()->FindMessageTypeByName(type);
  std::unique_ptr<pb::Message> packed;
  if (descriptor != nullptr) {
    packed.reset(pb::MessageFactory::generated_factory()->GetPrototype(descriptor)->New());
  }
  if (packed == nullptr || !packed->ParseFromString(any.value())) {
    any.clear_value();
  } else {
    ClearPersonalFields(*packed);
    any.set_value(packed->SerializeAsString());
  }
  message.ParsePartialFromString(any.SerializePartialAsString());
}

}  // namespace

void ClearPersonalFields(pb::Message& message) {
  const pb::Reflection& reflection = *message.GetReflection();
  reflection.MutableUnknownFields(&message)->Clear();
  // By name: a dynamic message has descriptors of its own.
  if (message.GetDescriptor()->full_name() == pb::Any::descriptor()->full_name()) {
    ClearPacked(message);
    return;
  }
  std::vector<const pb::FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const pb::FieldDescriptor* field : fields) {
    if (IsPersonal(*field)) {
      reflection.ClearField(&message, field);
    } else if (field->cpp_type() != pb::FieldDescriptor::CPPTYPE_MESSAGE) {
      continue;
    } else if (field->is_repeated()) {
      for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
        ClearPersonalFields(*reflection.MutableRepeatedMessage(&message, field, i));
      }
    } else {
      ClearPersonalFields(*reflection.MutableMessage(&message, field));
    }
  }
}

}  // namespace simpul::rpc
