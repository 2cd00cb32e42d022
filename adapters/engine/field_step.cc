// How a field of a mapping is compiled.
#include "adapters/engine/field_step.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_format.h"
#include "adapters/engine/wire.h"
#include "bus/config/yaml.h"
#include "simpul/mapping/v1/mapping.pb.h"

namespace simpul::engine {
namespace {

using google::protobuf::FieldDescriptor;
using sources::Cell;

int64_t UnitNanos(mapping::v1::Unit unit) {
  switch (unit) {
    case mapping::v1::MILLISECONDS:
      return 1'000'000;
    case mapping::v1::MICROSECONDS:
      return 1'000;
    case mapping::v1::MINUTES:
      return 60'000'000'000;
    case mapping::v1::HOURS:
      return 3'600'000'000'000;
    default:
      return 1'000'000'000;
  }
}

struct WireShape {
  FieldDescriptor::Type type;
  FieldKind kind;
  int wire_type;
  int64_t min = 0;  // of a whole number
  int64_t max = 0;
};

constexpr int64_t kMin32 = std::numeric_limits<int32_t>::min();
constexpr int64_t kMax32 = std::numeric_limits<int32_t>::max();
constexpr int64_t kMin64 = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax64 = std::numeric_limits<int64_t>::max();
constexpr int64_t kMaxU32 = std::numeric_limits<uint32_t>::max();

// A number above kMax64 does not come from a database as a number.
constexpr WireShape kShapes[] = {
    {FieldDescriptor::TYPE_INT32, FieldKind::kInt, wire::kVarint, kMin32, kMax32},
    {FieldDescriptor::TYPE_INT64, FieldKind::kInt, wire::kVarint, kMin64, kMax64},
    {FieldDescriptor::TYPE_UINT32, FieldKind::kInt, wire::kVarint, 0, kMaxU32},
    {FieldDescriptor::TYPE_UINT64, FieldKind::kInt, wire::kVarint, 0, kMax64},
    {FieldDescriptor::TYPE_SINT32, FieldKind::kZigzag, wire::kVarint, kMin32, kMax32},
    {FieldDescriptor::TYPE_SINT64, FieldKind::kZigzag, wire::kVarint, kMin64, kMax64},
    {FieldDescriptor::TYPE_FIXED32, FieldKind::kFixed32, wire::kFixed32, 0, kMaxU32},
    {FieldDescriptor::TYPE_SFIXED32, FieldKind::kFixed32, wire::kFixed32, kMin32, kMax32},
    {FieldDescriptor::TYPE_FIXED64, FieldKind::kFixed64, wire::kFixed64, 0, kMax64},
    {FieldDescriptor::TYPE_SFIXED64, FieldKind::kFixed64, wire::kFixed64, kMin64, kMax64},
    {FieldDescriptor::TYPE_BOOL, FieldKind::kBool, wire::kVarint, 0, 1},
    {FieldDescriptor::TYPE_DOUBLE, FieldKind::kDouble, wire::kFixed64},
    {FieldDescriptor::TYPE_FLOAT, FieldKind::kFloat, wire::kFixed32},
    {FieldDescriptor::TYPE_STRING, FieldKind::kText, wire::kBytes},
    {FieldDescriptor::TYPE_BYTES, FieldKind::kBytes, wire::kBytes},
    {FieldDescriptor::TYPE_ENUM, FieldKind::kEnum, wire::kVarint},
};

// Null: a field of this type cannot be filled.
const WireShape* ShapeOf(const FieldDescriptor& field) {
  static constexpr WireShape kTimestamp = {FieldDescriptor::TYPE_MESSAGE, FieldKind::kTimestamp,
                                           wire::kBytes};
  static constexpr WireShape kDuration = {FieldDescriptor::TYPE_MESSAGE, FieldKind::kDuration,
                                          wire::kBytes};
  if (field.type() == FieldDescriptor::TYPE_MESSAGE) {
    const std::string& type = field.message_type()->full_name();
    if (type == "google.protobuf.Timestamp") return &kTimestamp;
    if (type == "google.protobuf.Duration") return &kDuration;
  }
  for (const WireShape& shape : kShapes) {
    if (shape.type == field.type()) return &shape;
  }
  return nullptr;
}

absl::Status TakeShape(const FieldDescriptor& field, FieldStep& step) {
  if (field.is_repeated()) {
    return absl::InvalidArgumentError("expected a field that is not repeated");
  }
  const WireShape* shape = ShapeOf(field);
  if (shape == nullptr) {
    return absl::InvalidArgumentError(
        "expected a number, text, bytes, enum, Timestamp or Duration field");
  }
  step.name = field.name();
  step.has_presence = field.has_presence();
  step.kind = shape->kind;
  step.tag = wire::Tag(field.number(), shape->wire_type);
  step.min = shape->min;
  step.max = shape->max;
  if (shape->kind != FieldKind::kEnum) return absl::OkStatus();
  for (int i = 0; i < field.enum_type()->value_count(); ++i) {
    const auto* value = field.enum_type()->value(i);
    step.enum_values.emplace(value->name(), value->number());
  }
  return absl::OkStatus();
}

// A value of the field as a mapping writes it, with its tag.
absl::StatusOr<std::string> Literal(const FieldStep& step, const std::string& text) {
  std::string out(FieldStep::kMaxNumber + text.size(), '\0');
  const char* reason = nullptr;
  char* end = nullptr;
  absl::Duration duration;
  if (step.kind == FieldKind::kDuration && config::ParseDuration(text, duration)) {
    const int64_t seconds = absl::ToInt64Seconds(duration);
    end = wire::PutSecondsNanos(
        out.data(), step.tag, seconds,
        static_cast<int32_t>(absl::ToInt64Nanoseconds(duration - absl::Seconds(seconds))));
  } else if (step.kind == FieldKind::kDuration) {
    reason = "is no duration such as 5m";
  } else if (step.kind == FieldKind::kBool && text != "true" && text != "false") {
    reason = "is neither true nor false";
  } else {
    FieldStep plain = step;  // without the column's scale, codes and format
    plain.scale = 0;
    plain.has_codes = false;
    plain.format.clear();
    end = WriteField(plain, Cell::Text(text), out.data(), reason);
  }
  if (end == nullptr) return absl::InvalidArgumentError(absl::StrFormat("'%s' %s", text, reason));
  out.resize(static_cast<size_t>(end - out.data()));
  return out;
}

// Writes `text` into `out`. INVALID_ARGUMENT: it is no value of the field; `part` becomes `where`.
absl::Status TakeLiteral(const std::string& text, const std::string& where, FieldStep& step,
                         std::string& out, std::string& part) {
  auto bytes = Literal(step, text);
  if (!bytes.ok()) {
    part = where;
    return absl::InvalidArgumentError(absl::StrFormat("expected a value of the field '%s': %s",
                                                      step.name,
                                                      std::string(bytes.status().message())));
  }
  step.longest = std::max(step.longest, bytes->size());
  out = *std::move(bytes);
  return absl::OkStatus();
}

absl::Status TakeSource(const mapping::v1::Field& mapping, FieldStep& step, std::string& part) {
  if (mapping.from_case() == mapping::v1::Field::FROM_NOT_SET ||
      (mapping.has_column() && mapping.column().empty())) {
    return absl::InvalidArgumentError("expected 'column' or 'constant'");
  }
  step.column = mapping.column();
  step.required = mapping.required();
  if (!mapping.has_constant()) return absl::OkStatus();
  return TakeLiteral(mapping.constant(), "constant", step, step.fixed, part);
}

absl::Status TakeUnits(const mapping::v1::Field& mapping, FieldStep& step, std::string& part) {
  if (mapping.scale() < 0) {
    part = "scale";
    return absl::InvalidArgumentError("expected a number above 0");
  }
  step.scale = mapping.scale();
  step.unit_nanos = UnitNanos(mapping.unit());
  if (!mapping.time().zone().empty() && !absl::LoadTimeZone(mapping.time().zone(), &step.zone)) {
    part = "time.zone";
    return absl::InvalidArgumentError("expected a zone of the tz database, such as Asia/Jakarta");
  }
  if (mapping.has_time() && step.kind != FieldKind::kTimestamp) {
    part = "time";
    return absl::InvalidArgumentError("expected 'time' only where the field is a Timestamp");
  }
  step.format = mapping.time().format();
  return absl::OkStatus();
}

absl::Status TakeCodes(const mapping::v1::Field& mapping, FieldStep& step, std::string& part) {
  step.has_codes = !mapping.codes().empty();
  for (const auto& [code, text] : mapping.codes()) {
    auto s = TakeLiteral(text, "codes." + code, step, step.codes[code], part);
    if (!s.ok()) return s;
  }
  if (mapping.other().empty()) return absl::OkStatus();
  if (!step.has_codes) {
    part = "other";
    return absl::InvalidArgumentError("expected 'other' only beside 'codes'");
  }
  step.has_other = true;
  return TakeLiteral(mapping.other(), "other", step, step.other, part);
}

absl::Status TakeDefault(const mapping::v1::Field& mapping, FieldStep& step, std::string& part) {
  if (mapping.default_().empty()) return absl::OkStatus();
  std::string out(step.room() + mapping.default_().size(), '\0');
  const char* reason = nullptr;
  const char* end = WriteField(step, Cell::Text(mapping.default_()), out.data(), reason);
  if (end == nullptr) {
    part = "default";
    return absl::InvalidArgumentError(
        absl::StrFormat("expected what the column could say; this %s", reason));
  }
  out.resize(static_cast<size_t>(end - out.data()));
  step.longest = std::max(step.longest, out.size());
  step.absent = std::move(out);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<FieldStep> MakeStep(const FieldDescriptor& field, const mapping::v1::Field& mapping,
                                   const absl::TimeZone& zone, std::string& part) {
  FieldStep step;
  step.zone = zone;
  part.clear();
  if (auto s = TakeShape(field, step); !s.ok()) return s;
  if (auto s = TakeSource(mapping, step, part); !s.ok()) return s;
  if (auto s = TakeUnits(mapping, step, part); !s.ok()) return s;
  if (auto s = TakeCodes(mapping, step, part); !s.ok()) return s;
  if (auto s = TakeDefault(mapping, step, part); !s.ok()) return s;
  return step;
}

}  // namespace simpul::engine
