#include "gateway/transcode/plan.h"

#include <algorithm>
#include <set>
#include <span>

#include "absl/strings/str_format.h"
#include "google/protobuf/descriptor.h"
#include "simpul/privacy/v1/privacy.pb.h"

namespace simpul::transcode {

namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;

struct WireForm {
  Kind kind;
  WireType wire_type;
};

WireForm WireFormOf(FieldDescriptor::Type type) {
  switch (type) {
    case FieldDescriptor::TYPE_DOUBLE:
      return {Kind::kDouble, kFixed64Bits};
    case FieldDescriptor::TYPE_FLOAT:
      return {Kind::kFloat, kFixed32Bits};
    case FieldDescriptor::TYPE_INT32:
      return {Kind::kInt32, kVarint};
    case FieldDescriptor::TYPE_INT64:
      return {Kind::kInt64, kVarint};
    case FieldDescriptor::TYPE_UINT32:
      return {Kind::kUint32, kVarint};
    case FieldDescriptor::TYPE_UINT64:
      return {Kind::kUint64, kVarint};
    case FieldDescriptor::TYPE_SINT32:
      return {Kind::kSint32, kVarint};
    case FieldDescriptor::TYPE_SINT64:
      return {Kind::kSint64, kVarint};
    case FieldDescriptor::TYPE_FIXED32:
      return {Kind::kFixed32, kFixed32Bits};
    case FieldDescriptor::TYPE_FIXED64:
      return {Kind::kFixed64, kFixed64Bits};
    case FieldDescriptor::TYPE_SFIXED32:
      return {Kind::kSfixed32, kFixed32Bits};
    case FieldDescriptor::TYPE_SFIXED64:
      return {Kind::kSfixed64, kFixed64Bits};
    case FieldDescriptor::TYPE_BOOL:
      return {Kind::kBool, kVarint};
    case FieldDescriptor::TYPE_STRING:
      return {Kind::kString, kLengthDelimited};
    case FieldDescriptor::TYPE_BYTES:
      return {Kind::kBytes, kLengthDelimited};
    case FieldDescriptor::TYPE_ENUM:
      return {Kind::kEnum, kVarint};
    case FieldDescriptor::TYPE_MESSAGE:
    case FieldDescriptor::TYPE_GROUP:  // Refused before.
      return {Kind::kMessage, kLengthDelimited};
  }
  return {Kind::kBytes, kLengthDelimited};
}

// A type with a JSON form of its own, and the fields it must have for the codecs to be right.
struct WellKnown {
  const char* name;
  Kind kind;
  const char* fields;
};

constexpr WellKnown kWellKnown[] = {
    {"google.protobuf.Timestamp", Kind::kTimestamp, "1:int64 2:int32"},
    {"google.protobuf.Duration", Kind::kDuration, "1:int64 2:int32"},
    {"google.protobuf.FieldMask", Kind::kFieldMask, "1:string*"},
    {"google.protobuf.DoubleValue", Kind::kWrapper, "1:double"},
    {"google.protobuf.FloatValue", Kind::kWrapper, "1:float"},
    {"google.protobuf.Int64Value", Kind::kWrapper, "1:int64"},
    {"google.protobuf.UInt64Value", Kind::kWrapper, "1:uint64"},
    {"google.protobuf.Int32Value", Kind::kWrapper, "1:int32"},
    {"google.protobuf.UInt32Value", Kind::kWrapper, "1:uint32"},
    {"google.protobuf.BoolValue", Kind::kWrapper, "1:bool"},
    {"google.protobuf.StringValue", Kind::kWrapper, "1:string"},
    {"google.protobuf.BytesValue", Kind::kWrapper, "1:bytes"},
    {"google.protobuf.Struct", Kind::kStruct, "1:google.protobuf.Struct.FieldsEntry*"},
    {"google.protobuf.Struct.FieldsEntry", Kind::kMessage, "1:string 2:google.protobuf.Value"},
    {"google.protobuf.Value", Kind::kValue,
     "1:google.protobuf.NullValue 2:double 3:string 4:bool 5:google.protobuf.Struct "
     "6:google.protobuf.ListValue"},
    {"google.protobuf.ListValue", Kind::kListValue, "1:google.protobuf.Value*"},
    {"google.protobuf.Any", Kind::kAny, "1:string 2:bytes"},
};

const WellKnown* FindWellKnown(const Descriptor& message) {
  for (const WellKnown& known : kWellKnown) {
    if (message.full_name() == known.name) return &known;
  }
  return nullptr;
}

// What kWellKnown is compared with: "1:int64 2:int32", an asterisk behind what repeats.
std::string FieldsOf(const Descriptor& message) {
  std::string text;
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    std::string type = field.type_name();
    if (field.message_type() != nullptr) type = field.message_type()->full_name();
    if (field.enum_type() != nullptr) type = field.enum_type()->full_name();
    absl::StrAppendFormat(&text, "%s%d:%s%s", text.empty() ? "" : " ", field.number(), type,
                          field.is_repeated() ? "*" : "");
  }
  return text;
}

absl::Status Refuse(const Descriptor& message, const std::string& why) {
  return absl::InvalidArgumentError(
      absl::StrFormat("%s: %s: %s", message.file()->name(), message.full_name(), why));
}

absl::Status Supported(const Descriptor& message) {
  if (message.extension_range_count() > 0) {
    return Refuse(message, "has extensions, which JSON cannot carry; use fields");
  }
  if (message.options().message_set_wire_format()) {
    return Refuse(message, "is a message set, which JSON cannot carry; use fields");
  }
  for (int i = 0; i < message.field_count(); ++i) {
    if (message.field(i)->type() == FieldDescriptor::TYPE_GROUP) {
      return Refuse(
          message, absl::StrFormat("%s is a group; use a message field", message.field(i)->name()));
    }
  }
  if (const WellKnown* known = FindWellKnown(message);
      known != nullptr && FieldsOf(message) != known->fields) {
    return Refuse(message, "is not the type that this name stands for; import Google's own file");
  }
  return absl::OkStatus();
}

bool IsPersonal(const FieldDescriptor& field) {
  return field.options().GetExtension(privacy::v1::privacy_class) !=
         privacy::v1::PRIVACY_CLASS_UNSPECIFIED;
}

uint8_t PutTag(uint32_t number, uint32_t wire_type, char* to) {
  uint8_t size = 0;
  uint32_t tag = number << 3 | wire_type;
  for (; tag > 127; tag >>= 7) to[size++] = static_cast<char>(tag | 128);
  to[size++] = static_cast<char>(tag);
  return size;
}

}  // namespace

Plans::Plans() = default;
Plans::~Plans() = default;

absl::StatusOr<const MessagePlan*> Plans::Compile(const Descriptor& message) {
  // A list instead of recursion: types refer to each other in circles and may be nested deep.
  std::vector<const Descriptor*> needed = {&message};
  std::set<const Descriptor*> known = {&message};
  for (size_t i = 0; i < needed.size(); ++i) {
    if (absl::Status status = Supported(*needed[i]); !status.ok()) return status;
    for (int f = 0; f < needed[i]->field_count(); ++f) {
      const Descriptor* type = needed[i]->field(f)->message_type();
      if (type != nullptr && known.insert(type).second) needed.push_back(type);
    }
  }
  std::erase_if(needed, [&](const Descriptor* d) { return messages_.contains(d->full_name()); });
  for (const Descriptor* d : needed) {
    auto plan = std::make_unique<MessagePlan>();
    plan->full_name = d->full_name();
    plan->plans = this;
    if (const WellKnown* form = FindWellKnown(*d); form != nullptr) plan->kind = form->kind;
    messages_.emplace(d->full_name(), std::move(plan));
  }
  for (const Descriptor* d : needed) Fill(*d, *messages_.find(d->full_name())->second);
  return Find(message.full_name());
}

const MessagePlan* Plans::Find(std::string_view full_name) const {
  auto it = messages_.find(full_name);
  return it == messages_.end() ? nullptr : it->second.get();
}

void Plans::Fill(const Descriptor& message, MessagePlan& plan) {
  std::vector<const FieldDescriptor*> sorted;
  for (int i = 0; i < message.field_count(); ++i) sorted.push_back(message.field(i));
  std::sort(sorted.begin(), sorted.end(),
            [](auto* a, auto* b) { return a->number() < b->number(); });
  plan.oneof_count = static_cast<uint32_t>(message.real_oneof_decl_count());
  plan.fields.reserve(sorted.size());
  for (const FieldDescriptor* field : sorted) {
    FieldPlan made = MakeField(*field);
    made.index = static_cast<uint32_t>(plan.fields.size());
    plan.personal_in_oneof |= made.personal && made.oneof != FieldPlan::kNoOneof;
    plan.fields.push_back(std::move(made));
  }
  plan.Index();
}

FieldPlan Plans::MakeField(const FieldDescriptor& field) {
  FieldPlan plan;
  WireForm form = WireFormOf(field.type());
  plan.kind = form.kind;
  plan.wire_type = form.wire_type;
  plan.number = static_cast<uint32_t>(field.number());
  plan.name = field.name();
  plan.json_name = field.json_name();
  plan.key = "\"" + field.json_name() + "\":";
  plan.shape = field.is_map()        ? Shape::kMap
               : field.is_repeated() ? Shape::kRepeated
                                     : Shape::kSingular;
  plan.packed = field.is_packed();
  plan.implicit = plan.shape == Shape::kSingular && !field.has_presence();
  plan.personal = IsPersonal(field);
  if (field.real_containing_oneof() != nullptr) {
    plan.oneof = static_cast<uint32_t>(field.real_containing_oneof()->index());
  }
  plan.tag_size = PutTag(plan.number, plan.wire_type, plan.tag);
  plan.packed_tag_size = PutTag(plan.number, kLengthDelimited, plan.packed_tag);
  if (field.message_type() != nullptr) {
    plan.message = Find(field.message_type()->full_name());
    plan.kind = plan.message->kind;
  }
  if (field.enum_type() != nullptr) {
    plan.enumeration = MakeEnum(*field.enum_type());
    if (plan.enumeration->full_name == "google.protobuf.NullValue") plan.kind = Kind::kNull;
  }
  return plan;
}

const EnumPlan* Plans::MakeEnum(const EnumDescriptor& enumeration) {
  std::unique_ptr<EnumPlan>& plan = enums_[enumeration.full_name()];
  if (plan != nullptr) return plan.get();
  plan = std::make_unique<EnumPlan>();
  plan->full_name = enumeration.full_name();
  std::vector<std::pair<std::string, uint32_t>> names;
  for (int i = 0; i < enumeration.value_count(); ++i) {
    int32_t number = enumeration.value(i)->number();
    std::string quoted = "\"" + enumeration.value(i)->name() + "\"";
    names.emplace_back(enumeration.value(i)->name(), static_cast<uint32_t>(plan->numbers.size()));
    plan->numbers.push_back(number);
    if (number < 0 || number > 127) {
      plan->remaining.emplace(number, quoted);
      continue;
    }
    size_t at = static_cast<size_t>(number);
    if (plan->small.size() <= at) plan->small.resize(at + 1);
    if (plan->small[at].empty()) plan->small[at] = quoted;
  }
  plan->names.Build(names);
  return plan.get();
}

// Over and over until nothing is new: types refer to each other in circles.
void Plans::FindPersonal() {
  for (bool changed = true; changed;) {
    changed = false;
    for (const auto& [name, plan] : messages_) {
      if (plan->may_hold_personal) continue;
      plan->may_hold_personal =
          plan->kind == Kind::kAny ||
          std::any_of(plan->fields.begin(), plan->fields.end(), [](const FieldPlan& field) {
            return field.personal || (field.message != nullptr && field.message->may_hold_personal);
          });
      changed |= plan->may_hold_personal;
    }
  }
}

void MessagePlan::Index() {
  std::vector<std::pair<std::string, uint32_t>> names;
  for (const FieldPlan& field : fields) names.emplace_back(field.json_name, field.index);
  for (const FieldPlan& field : fields) {
    if (field.name != field.json_name) names.emplace_back(field.name, field.index);
  }
  names_.Build(names);
  for (const FieldPlan& field : fields) {
    Insert(all_, &field);
    if (!field.personal) Insert(public_, &field);
  }
}

void MessagePlan::Insert(Numbers& numbers, const FieldPlan* field) {
  if (field->number > 255) {
    numbers.large.push_back(field);
    return;
  }
  if (numbers.small.size() <= field->number) numbers.small.resize(field->number + 1);
  numbers.small[field->number] = field;
}

const FieldPlan* MessagePlan::LookLarge(const Numbers& numbers, uint32_t number) {
  auto it = std::lower_bound(numbers.large.begin(), numbers.large.end(), number,
                             [](const FieldPlan* field, uint32_t n) { return field->number < n; });
  return it == numbers.large.end() || (*it)->number != number ? nullptr : *it;
}

}  // namespace simpul::transcode
