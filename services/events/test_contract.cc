#include "services/events/test_contract.h"

#include "google/protobuf/descriptor.pb.h"
#include "simpul/privacy/v1/privacy.pb.h"

namespace simpul::events {
namespace {

using google::protobuf::FieldDescriptorProto;

FieldDescriptorProto* AddField(google::protobuf::DescriptorProto& message,
                               const std::string& name) {
  FieldDescriptorProto* field = message.add_field();
  field->set_name(name);
  field->set_number(message.field_size());
  field->set_type(FieldDescriptorProto::TYPE_STRING);
  field->set_label(FieldDescriptorProto::LABEL_OPTIONAL);
  return field;
}

void AppendField(std::string& data, char tag, const std::string& value) {
  data.push_back(tag);
  size_t size = value.size();
  for (; size >= 0x80; size >>= 7) data.push_back(static_cast<char>(size | 0x80));
  data.push_back(static_cast<char>(size));
  data.append(value);
}

}  // namespace

std::string TestProtoset(const std::string& package, const std::vector<std::string>& messages) {
  google::protobuf::FileDescriptorSet files;
  google::protobuf::FileDescriptorProto::descriptor()->file()->CopyTo(files.add_file());
  privacy::v1::PrivacyClass_descriptor()->file()->CopyTo(files.add_file());
  google::protobuf::FileDescriptorProto* file = files.add_file();
  file->set_name(package + ".proto");
  file->set_package(package);
  file->set_syntax("proto3");
  for (int i = 0; i < 2; ++i) file->add_dependency(files.file(i).name());
  for (const std::string& message : messages) {
    google::protobuf::DescriptorProto* type = file->add_message_type();
    type->set_name(message);
    AddField(*type, "note");
    AddField(*type, "who")
        ->mutable_options()
        ->SetExtension(privacy::v1::privacy_class, privacy::v1::PERSONAL);
  }
  return files.SerializeAsString();
}

std::string TestData(const std::string& note, const std::string& who) {
  std::string data;
  AppendField(data, '\x0a', note);
  AppendField(data, '\x12', who);
  return data;
}

}  // namespace simpul::events
