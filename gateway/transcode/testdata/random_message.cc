#include "gateway/transcode/testdata/random_message.h"

#include <bit>
#include <cmath>
#include <limits>

#include "gateway/transcode/testdata/zoo.pb.h"
#include "google/protobuf/any.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/field_mask.pb.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace simpul::transcode {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

uint64_t RandomMessage::Bits() {
  switch (Below(5)) {
    case 0:
      return Below(3);
    case 1:
      return Below(1000);
    case 2:
      return ~uint64_t{0} - Below(3);
    case 3:
      return uint64_t{1} << Below(64);
    default:
      return random_();
  }
}

double RandomMessage::Double() {
  switch (Below(7)) {
    case 0:
      return Below(2) ? 0.0 : -0.0;
    case 1:
      return (static_cast<double>(Below(2000)) - 1000) / 8;
    case 2: {
      double any = std::bit_cast<double>(random_());
      return std::isnan(any) ? 1.5 : any;
    }
    case 3:
      return Below(2) ? std::numeric_limits<double>::infinity()
                      : -std::numeric_limits<double>::infinity();
    case 4:
      return std::numeric_limits<double>::quiet_NaN();
    case 5:
      return static_cast<double>(Below(100000000)) / 1e6;
    default:
      return static_cast<double>(random_()) * 1e3;
  }
}

float RandomMessage::Float() {
  switch (Below(4)) {
    case 0:
      return Below(2) ? 1.5F : 0.0F;
    case 1: {
      float any = std::bit_cast<float>(static_cast<uint32_t>(random_()));
      return std::isnan(any) ? std::numeric_limits<float>::quiet_NaN() : any;
    }
    case 2:
      return -std::numeric_limits<float>::infinity();
    default:
      return static_cast<float>(Below(100000)) / 100;
  }
}

std::string RandomMessage::Text() {
  static const char* const kParts[] = {
      "a",  "hello world", "\"", "\\",     "\n",     "\x01", "\x7f", "<b>",
      "é",  "漢字",        "😀", "\u2028", "\u200b", "/",    "\t",   "0123456789abcdef0123",
      "&'", "\b\f\r"};
  std::string text;
  for (uint64_t n = Below(6); n > 0; --n) text += kParts[Below(std::size(kParts))];
  return text;
}

std::string RandomMessage::Bytes() {
  std::string bytes;
  for (uint64_t n = Below(40); n > 0; --n) bytes += static_cast<char>(random_());
  return bytes;
}

void RandomMessage::Set(Message& message, const FieldDescriptor& field, int depth) {
  const Reflection& r = *message.GetReflection();
  bool many = field.is_repeated();
  for (uint64_t n = many ? Below(5) : 1; n > 0; --n) {
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32: {
        int32_t v = static_cast<int32_t>(Bits());
        many ? r.AddInt32(&message, &field, v) : r.SetInt32(&message, &field, v);
        break;
      }
      case FieldDescriptor::CPPTYPE_INT64: {
        int64_t v = static_cast<int64_t>(Bits());
        many ? r.AddInt64(&message, &field, v) : r.SetInt64(&message, &field, v);
        break;
      }
      case FieldDescriptor::CPPTYPE_UINT32: {
        uint32_t v = static_cast<uint32_t>(Bits());
        many ? r.AddUInt32(&message, &field, v) : r.SetUInt32(&message, &field, v);
        break;
      }
      case FieldDescriptor::CPPTYPE_UINT64: {
        uint64_t v = Bits();
        many ? r.AddUInt64(&message, &field, v) : r.SetUInt64(&message, &field, v);
        break;
      }
      case FieldDescriptor::CPPTYPE_DOUBLE: {
        double v = Double();
        many ? r.AddDouble(&message, &field, v) : r.SetDouble(&message, &field, v);
        break;
      }
      case FieldDescriptor::CPPTYPE_FLOAT: {
        float v = Float();
        many ? r.AddFloat(&message, &field, v) : r.SetFloat(&message, &field, v);
        break;
      }
      case FieldDescriptor::CPPTYPE_BOOL: {
        bool v = Below(2) != 0;
        many ? r.AddBool(&message, &field, v) : r.SetBool(&message, &field, v);
        break;
      }
      case FieldDescriptor::CPPTYPE_ENUM: {
        const auto& type = *field.enum_type();
        bool open = type.full_name() != "google.protobuf.NullValue" && Below(4) == 0;
        int count = type.value_count();
        int v = open ? static_cast<int>(Below(200)) - 50
                     : type.value(static_cast<int>(Below(static_cast<uint64_t>(count))))->number();
        many ? r.AddEnumValue(&message, &field, v) : r.SetEnumValue(&message, &field, v);
        break;
      }
      case FieldDescriptor::CPPTYPE_STRING: {
        std::string v = field.type() == FieldDescriptor::TYPE_BYTES ? Bytes() : Text();
        many ? r.AddString(&message, &field, v) : r.SetString(&message, &field, v);
        break;
      }
      case FieldDescriptor::CPPTYPE_MESSAGE:
        Fill(many ? *r.AddMessage(&message, &field) : *r.MutableMessage(&message, &field),
             depth + 1);
        break;
    }
  }
}

bool RandomMessage::FillWellKnown(Message& message, int depth) {
  static constexpr int32_t kNanos[] = {0, 0, 500000000, 120000, 7, 999999999};
  if (auto* time = dynamic_cast<google::protobuf::Timestamp*>(&message)) {
    time->set_seconds(Below(3) ? static_cast<int64_t>(Below(2000000000))
                               : static_cast<int64_t>(Below(315537897600)) - 62135596800);
    time->set_nanos(kNanos[Below(6)]);
    return true;
  }
  if (auto* duration = dynamic_cast<google::protobuf::Duration*>(&message)) {
    duration->set_seconds(sign_ *
                          static_cast<int64_t>(Below(3) ? Below(100) : Below(315576000000)));
    duration->set_nanos(sign_ * kNanos[Below(6)]);
    return true;
  }
  if (auto* mask = dynamic_cast<google::protobuf::FieldMask*>(&message)) {
    static const char* const kPaths[] = {"name", "display_name", "a.b_c.d", "x1"};
    for (uint64_t n = Below(4); n > 0; --n) mask->add_paths(kPaths[Below(4)]);
    return true;
  }
  if (auto* any = dynamic_cast<google::protobuf::Any*>(&message)) {
    if (depth > 4) return true;
    if (Below(2)) {
      test::Scalars inside;
      Fill(inside, depth + 1);
      any->PackFrom(inside);
    } else {
      google::protobuf::Duration inside;
      inside.set_seconds(static_cast<int64_t>(Below(1000)) + 1);  // Protobuf leaves out "0s" here.
      any->PackFrom(inside);
    }
    return true;
  }
  if (auto* value = dynamic_cast<google::protobuf::Value*>(&message)) {
    switch (depth > 8 ? Below(4) : Below(6)) {
      case 0:
        value->set_null_value(google::protobuf::NULL_VALUE);
        break;
      case 1:
        value->set_number_value(static_cast<double>(Below(1000000)) / 64 - 1000);
        break;
      case 2:
        value->set_string_value(Text());
        break;
      case 3:
        value->set_bool_value(Below(2) != 0);
        break;
      case 4:
        Fill(*value->mutable_struct_value(), depth + 1);
        break;
      default:
        Fill(*value->mutable_list_value(), depth + 1);
        break;
    }
    return true;
  }
  return false;
}

void RandomMessage::Fill(Message& message, int depth) {
  if (FillWellKnown(message, depth)) return;
  const auto& descriptor = *message.GetDescriptor();
  bool everything = descriptor.options().map_entry() ||
                    descriptor.full_name() == "google.protobuf.Struct" ||
                    descriptor.full_name() == "google.protobuf.ListValue";
  for (int i = 0; i < descriptor.field_count(); ++i) {
    const FieldDescriptor& field = *descriptor.field(i);
    if (depth > 3 && field.message_type() == &descriptor) continue;
    if (everything || Below(depth < 2 ? 2 : 4) == 0) Set(message, field, depth);
  }
}

}  // namespace simpul::transcode
