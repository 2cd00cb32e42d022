#include "adapters/engine/field_plan.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "adapters/engine/text_value.h"
#include "adapters/engine/wire.h"
#include "bus/config/yaml.h"
#include "simpul/mapping/v1/mapping.pb.h"

namespace simpul::engine {
namespace {

using google::protobuf::FieldDescriptor;
using sources::sql::Cell;
using sources::sql::CellType;

constexpr int64_t kMicrosPerSecond = 1'000'000;
// The years 1 to 9999, google.protobuf.Timestamp's range; and Duration's.
constexpr int64_t kMinSeconds = -62135596800;
constexpr int64_t kMaxSeconds = 253402300799;
constexpr int64_t kMaxDurationSeconds = 315'576'000'000;
constexpr size_t kMaxNumber = 32;  // of a number as text or as any wire type, with its tag

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

// What a code table is asked with. False: the cell is no code.
bool CodeText(const Cell& cell, char (&buffer)[24], std::string_view& text) {
  if (cell.type == CellType::kText) {
    text = cell.text;
    return true;
  }
  if (cell.type != CellType::kInt64) return false;
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, cell.integer).ptr;
  text = {buffer, static_cast<size_t>(end - buffer)};
  return true;
}

bool ToDouble(const Cell& cell, double& value) {
  switch (cell.type) {
    case CellType::kInt64:
      value = static_cast<double>(cell.integer);
      return true;
    case CellType::kDouble:
      value = cell.real;
      return std::isfinite(value);
    case CellType::kText:
      return absl::SimpleAtod(absl::string_view(cell.text.data(), cell.text.size()), &value) &&
             std::isfinite(value);
    default:
      return false;
  }
}

bool IsKeyCharacter(char c) {
  return absl::ascii_isalnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

}  // namespace

FieldPlan::FieldPlan(const google::protobuf::Descriptor& message, std::string name_prefix,
                     std::string key_column, bool key_is_text)
    : message_(&message),
      name_prefix_(std::move(name_prefix)),
      key_column_(std::move(key_column)),
      key_is_text_(key_is_text) {
  if (const FieldDescriptor* name = message.FindFieldByName("name")) {
    steps_.push_back({.kind = Kind::kName,
                      .name = "name",
                      .column = key_column_,
                      .tag = wire::Tag(name->number(), wire::kBytes)});
  }
}

absl::Status FieldPlan::Prepare(Step& step, const FieldDescriptor& field) {
  const auto integer = [&](Kind kind, int type, int64_t min, int64_t max) {
    step.kind = kind;
    step.tag = wire::Tag(field.number(), type);
    step.min = min;
    step.max = max;
    return absl::OkStatus();
  };
  constexpr int64_t kMin32 = std::numeric_limits<int32_t>::min();
  constexpr int64_t kMax32 = std::numeric_limits<int32_t>::max();
  constexpr int64_t kMin64 = std::numeric_limits<int64_t>::min();
  constexpr int64_t kMax64 = std::numeric_limits<int64_t>::max();
  constexpr int64_t kMaxU32 = std::numeric_limits<uint32_t>::max();
  if (field.is_repeated())
    return absl::InvalidArgumentError("expected a field that is not repeated");
  switch (field.type()) {
    case FieldDescriptor::TYPE_INT32:
      return integer(Kind::kInt, wire::kVarint, kMin32, kMax32);
    case FieldDescriptor::TYPE_INT64:
      return integer(Kind::kInt, wire::kVarint, kMin64, kMax64);
    case FieldDescriptor::TYPE_UINT32:
      return integer(Kind::kInt, wire::kVarint, 0, kMaxU32);
    case FieldDescriptor::TYPE_UINT64:
      return integer(Kind::kInt, wire::kVarint, 0, kMax64);
    case FieldDescriptor::TYPE_SINT32:
      return integer(Kind::kZigzag, wire::kVarint, kMin32, kMax32);
    case FieldDescriptor::TYPE_SINT64:
      return integer(Kind::kZigzag, wire::kVarint, kMin64, kMax64);
    case FieldDescriptor::TYPE_FIXED32:
      return integer(Kind::kFixed32, wire::kFixed32, 0, kMaxU32);
    case FieldDescriptor::TYPE_SFIXED32:
      return integer(Kind::kFixed32, wire::kFixed32, kMin32, kMax32);
    case FieldDescriptor::TYPE_FIXED64:
      return integer(Kind::kFixed64, wire::kFixed64, 0, kMax64);
    case FieldDescriptor::TYPE_SFIXED64:
      return integer(Kind::kFixed64, wire::kFixed64, kMin64, kMax64);
    case FieldDescriptor::TYPE_BOOL:
      return integer(Kind::kBool, wire::kVarint, 0, 1);
    case FieldDescriptor::TYPE_DOUBLE:
      return integer(Kind::kDouble, wire::kFixed64, 0, 0);
    case FieldDescriptor::TYPE_FLOAT:
      return integer(Kind::kFloat, wire::kFixed32, 0, 0);
    case FieldDescriptor::TYPE_STRING:
      return integer(Kind::kText, wire::kBytes, 0, 0);
    case FieldDescriptor::TYPE_BYTES:
      return integer(Kind::kBytes, wire::kBytes, 0, 0);
    case FieldDescriptor::TYPE_ENUM:
      for (int i = 0; i < field.enum_type()->value_count(); ++i) {
        const auto* value = field.enum_type()->value(i);
        step.enum_values.emplace(value->name(), value->number());
      }
      return integer(Kind::kEnum, wire::kVarint, 0, 0);
    case FieldDescriptor::TYPE_MESSAGE: {
      const std::string& type = field.message_type()->full_name();
      if (type == "google.protobuf.Timestamp") return integer(Kind::kTimestamp, wire::kBytes, 0, 0);
      if (type == "google.protobuf.Duration") return integer(Kind::kDuration, wire::kBytes, 0, 0);
      break;
    }
    default:
      break;
  }
  return absl::InvalidArgumentError(
      "expected a number, text, bytes, enum, Timestamp or Duration field");
}

// A value of the field as a mapping writes it, with its tag.
absl::StatusOr<std::string> FieldPlan::Literal(const Step& step, const std::string& text) {
  std::string out(kMaxNumber + text.size(), '\0');
  const char* reason = nullptr;
  char* end = nullptr;
  absl::Duration duration;
  if (step.kind == Kind::kDuration && config::ParseDuration(text, duration)) {
    const int64_t seconds = absl::ToInt64Seconds(duration);
    end = wire::PutSecondsNanos(
        out.data(), step.tag, seconds,
        static_cast<int32_t>(absl::ToInt64Nanoseconds(duration - absl::Seconds(seconds))));
  } else if (step.kind == Kind::kDuration) {
    reason = "is no duration such as 5m";
  } else if (step.kind == Kind::kBool && text != "true" && text != "false") {
    reason = "is neither true nor false";
  } else {
    Step plain = step;  // without the column's scale, codes and format
    plain.scale = 0;
    plain.has_codes = false;
    plain.format.clear();
    end = Write(plain, Cell::Text(text), out.data(), reason);
  }
  if (end == nullptr) return absl::InvalidArgumentError(absl::StrFormat("'%s' %s", text, reason));
  out.resize(static_cast<size_t>(end - out.data()));
  return out;
}

absl::Status FieldPlan::Add(const FieldDescriptor& field, const mapping::v1::Field& mapping,
                            const absl::TimeZone& zone, std::string& part) {
  Step step{.kind = Kind::kText, .name = field.name()};
  step.zone = zone;
  step.has_presence = field.has_presence();
  step.required = mapping.required();
  step.scale = mapping.scale();
  step.unit_nanos = UnitNanos(mapping.unit());
  step.format = mapping.time().format();
  step.column = mapping.column();
  part.clear();
  if (auto s = Prepare(step, field); !s.ok()) return s;
  const auto literal = [&](const std::string& text, std::string_view where, std::string& out) {
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
  };
  if (mapping.from_case() == mapping::v1::Field::FROM_NOT_SET ||
      (mapping.has_column() && mapping.column().empty())) {
    return absl::InvalidArgumentError("expected 'column' or 'constant'");
  }
  if (mapping.has_constant()) {
    if (auto s = literal(mapping.constant(), "constant", step.fixed); !s.ok()) return s;
  }
  if (mapping.scale() < 0) {
    part = "scale";
    return absl::InvalidArgumentError("expected a number above 0");
  }
  if (!mapping.time().zone().empty() && !absl::LoadTimeZone(mapping.time().zone(), &step.zone)) {
    part = "time.zone";
    return absl::InvalidArgumentError("expected a zone of the tz database, such as Asia/Jakarta");
  }
  if (mapping.has_time() && step.kind != Kind::kTimestamp) {
    part = "time";
    return absl::InvalidArgumentError("expected 'time' only where the field is a Timestamp");
  }
  step.has_codes = !mapping.codes().empty();
  for (const auto& [code, text] : mapping.codes()) {
    if (auto s = literal(text, "codes." + code, step.codes[code]); !s.ok()) return s;
  }
  if (!mapping.other().empty()) {
    if (!step.has_codes) {
      part = "other";
      return absl::InvalidArgumentError("expected 'other' only beside 'codes'");
    }
    step.has_other = true;
    if (auto s = literal(mapping.other(), "other", step.other); !s.ok()) return s;
  }
  if (!mapping.default_().empty()) {
    const Cell cell = Cell::Text(mapping.default_());
    std::string out(Bound(step, cell), '\0');
    const char* reason = nullptr;
    const char* end = Write(step, cell, out.data(), reason);
    if (end == nullptr) {
      part = "default";
      return absl::InvalidArgumentError(
          absl::StrFormat("expected what the column could say; this %s", reason));
    }
    out.resize(static_cast<size_t>(end - out.data()));
    step.absent = std::move(out);
    step.longest = std::max(step.longest, step.absent.size());
  }
  steps_.push_back(std::move(step));
  return absl::OkStatus();
}

void FieldPlan::Finish() {
  std::sort(steps_.begin(), steps_.end(),
            [](const Step& a, const Step& b) { return a.tag < b.tag; });
}

PlanColumns FieldPlan::Bind(const std::vector<std::string>& columns) const {
  const auto find = [&](const std::string& name) {
    for (size_t i = 0; i < columns.size(); ++i) {
      if (absl::EqualsIgnoreCase(columns[i], name)) return static_cast<int>(i);
    }
    return -1;
  };
  PlanColumns bound;
  bound.key = find(key_column_);
  if (bound.key < 0) bound.missing = key_column_;
  for (const Step& step : steps_) {
    bound.columns.push_back(step.column.empty() ? -1 : find(step.column));
    if (!step.column.empty() && bound.columns.back() < 0 && bound.missing.empty()) {
      bound.missing = step.column;
    }
  }
  return bound;
}

bool FieldPlan::AppendKey(const Cell& cell, std::string& out) const {
  if (!key_is_text_) {
    int64_t number = cell.integer;
    if (cell.type == CellType::kText && !ParseInteger(cell.text, number)) return false;
    if (cell.type != CellType::kText && cell.type != CellType::kInt64) return false;
    out += std::to_string(number);
    return true;
  }
  char buffer[24];
  std::string_view text;
  if (!CodeText(cell, buffer, text) || text.empty() || text.size() > 200) return false;
  if (!std::all_of(text.begin(), text.end(), IsKeyCharacter)) return false;
  out += text;
  return true;
}

size_t FieldPlan::Bound(const Step& step, const Cell& cell) {
  return kMaxNumber + step.longest + cell.text.size();
}

bool FieldPlan::Encode(const PlanColumns& columns, const Cell* row, std::string& out,
                       Misfit& misfit) const {
  const size_t begin = out.size();
  size_t bound = name_prefix_.size();
  for (size_t i = 0; i < steps_.size(); ++i) {
    const int column = columns.columns[i];
    bound += Bound(steps_[i], column < 0 ? Cell() : row[column]);
  }
  out.resize(begin + bound);
  char* p = out.data() + begin;
  for (size_t i = 0; i < steps_.size(); ++i) {
    const Step& step = steps_[i];
    const char* reason = "is no key: letters, digits and -._~ only";
    char* end = nullptr;
    if (step.column.empty()) {
      end = wire::PutBytes(p, step.fixed);
    } else if (const Cell& cell = row[columns.columns[i]]; step.kind == Kind::kName) {
      std::string name = name_prefix_;
      if (AppendKey(cell, name)) {
        end = wire::PutBytes(wire::PutVarint(wire::PutVarint(p, step.tag), name.size()), name);
      }
    } else if (cell.type == CellType::kNull) {
      reason = "is NULL";
      if (!step.required) end = wire::PutBytes(p, step.absent);
    } else if (cell.type == CellType::kTooLong) {
      reason = "is longer than 1 MiB";
    } else {
      end = Write(step, cell, p, reason);
    }
    if (end == nullptr) {
      misfit = {step.name, reason};
      out.resize(begin);
      return false;
    }
    p = end;
  }
  out.resize(static_cast<size_t>(p - out.data()));
  return true;
}

char* FieldPlan::Write(const Step& step, const Cell& cell, char* p, const char*& reason) {
  if (step.has_codes) return WriteCode(step, cell, p, reason);
  switch (step.kind) {
    case Kind::kName:
    case Kind::kText:
    case Kind::kBytes:
      return WriteText(step, cell, p, reason);
    case Kind::kDouble:
    case Kind::kFloat:
      return WriteReal(step, cell, p, reason);
    case Kind::kTimestamp:
      return WriteTimestamp(step, cell, p, reason);
    case Kind::kDuration:
      return WriteDuration(step, cell, p, reason);
    default:
      return WriteNumber(step, cell, p, reason);
  }
}

char* FieldPlan::WriteCode(const Step& step, const Cell& cell, char* p, const char*& reason) {
  char buffer[24];
  std::string_view text;
  reason = "is not in its code table";
  if (!CodeText(cell, buffer, text)) return nullptr;
  const auto it = step.codes.find(text);
  if (it != step.codes.end()) return wire::PutBytes(p, it->second);
  return step.has_other ? wire::PutBytes(p, step.other) : nullptr;
}

char* FieldPlan::WriteText(const Step& step, const Cell& cell, char* p, const char*& reason) {
  char buffer[24];
  std::string_view text;
  const bool is_bytes = step.kind == Kind::kBytes;
  if (is_bytes && cell.type == CellType::kBytes) {
    text = cell.text;
  } else if (!CodeText(cell, buffer, text)) {
    reason = "is no text; cast it in the query";
    return nullptr;
  }
  if (!is_bytes && !IsUtf8(text)) {
    reason = "is not UTF-8";
    return nullptr;
  }
  if (text.empty() && !step.has_presence) return p;
  return wire::PutBytes(wire::PutVarint(wire::PutVarint(p, step.tag), text.size()), text);
}

char* FieldPlan::WriteNumber(const Step& step, const Cell& cell, char* p, const char*& reason) {
  int64_t value = cell.integer;
  reason = "is no whole number";
  if (step.kind == Kind::kEnum) {
    reason = "is no value of the enum; map it with codes";
    const auto it =
        cell.type == CellType::kText ? step.enum_values.find(cell.text) : step.enum_values.end();
    if (it == step.enum_values.end()) return nullptr;
    value = it->second;
  } else if (step.scale != 0) {
    double real = 0;
    reason = "is no number";
    if (!ToDouble(cell, real)) return nullptr;
    real = std::round(real * step.scale);
    reason = "is out of range";
    if (real < -9.2e18 || real > 9.2e18) return nullptr;
    value = static_cast<int64_t>(real);
  } else if (cell.type == CellType::kText) {
    if (step.kind == Kind::kBool && (cell.text == "true" || cell.text == "t")) {
      value = 1;
    } else if (step.kind == Kind::kBool && (cell.text == "false" || cell.text == "f")) {
      value = 0;
    } else if (!ParseInteger(cell.text, value)) {
      return nullptr;
    }
  } else if (cell.type == CellType::kDouble) {
    if (cell.real != std::trunc(cell.real) || std::abs(cell.real) > 9.0e15) return nullptr;
    value = static_cast<int64_t>(cell.real);
  } else if (cell.type != CellType::kInt64) {
    return nullptr;
  }
  if (step.kind != Kind::kEnum && (value < step.min || value > step.max)) {
    reason = "is out of range";
    return nullptr;
  }
  if (value == 0 && !step.has_presence) return p;
  p = wire::PutVarint(p, step.tag);
  const auto bits = static_cast<uint64_t>(value);
  switch (step.kind) {
    case Kind::kZigzag:
      return wire::PutVarint(p, bits << 1 ^ static_cast<uint64_t>(value >> 63));
    case Kind::kFixed32:
      return wire::PutBytes(p, {reinterpret_cast<const char*>(&bits), 4});
    case Kind::kFixed64:
      return wire::PutBytes(p, {reinterpret_cast<const char*>(&bits), 8});
    default:
      return wire::PutVarint(p, bits);
  }
}

char* FieldPlan::WriteReal(const Step& step, const Cell& cell, char* p, const char*& reason) {
  double value = 0;
  reason = "is no number";
  if (!ToDouble(cell, value)) return nullptr;
  if (step.scale != 0) value *= step.scale;
  const auto single = static_cast<float>(value);
  if (step.kind == Kind::kFloat ? !std::isfinite(single) : !std::isfinite(value)) {
    reason = "is out of range";
    return nullptr;
  }
  if (value == 0 && !std::signbit(value) && !step.has_presence) return p;
  p = wire::PutVarint(p, step.tag);
  if (step.kind == Kind::kFloat) {
    return wire::PutBytes(p, {reinterpret_cast<const char*>(&single), sizeof single});
  }
  return wire::PutBytes(p, {reinterpret_cast<const char*>(&value), sizeof value});
}

char* FieldPlan::WriteTimestamp(const Step& step, const Cell& cell, char* p, const char*& reason) {
  int64_t seconds = 0;
  int32_t nanos = 0;
  bool is_local = false;
  reason = "is no time of its format";
  if (cell.type == CellType::kTime || cell.type == CellType::kLocalTime) {
    seconds = cell.integer / kMicrosPerSecond - (cell.integer % kMicrosPerSecond < 0);
    nanos = static_cast<int32_t>(cell.integer - seconds * kMicrosPerSecond) * 1000;
    is_local = cell.type == CellType::kLocalTime;
  } else if (step.format == "unix") {
    double value = 0;
    if (!ToDouble(cell, value) || std::abs(value) > 1e12) return nullptr;
    seconds = static_cast<int64_t>(std::floor(value));
    nanos = static_cast<int32_t>(std::lround((value - std::floor(value)) * 1e6)) * 1000;
  } else if (cell.type == CellType::kText && step.format.empty()) {
    IsoTime time;
    if (!ParseIsoTime(cell.text, time)) return nullptr;
    seconds = time.seconds;
    nanos = time.nanos;
    is_local = !time.has_offset;
  } else if (cell.type == CellType::kText) {
    absl::Time time;
    if (!absl::ParseTime(step.format, absl::string_view(cell.text.data(), cell.text.size()),
                         step.zone, &time, nullptr)) {
      return nullptr;
    }
    seconds = absl::ToUnixSeconds(time);
    nanos = static_cast<int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds)));
  } else {
    return nullptr;
  }
  if (is_local) {
    const auto civil = absl::ToCivilSecond(absl::FromUnixSeconds(seconds), absl::UTCTimeZone());
    seconds = absl::ToUnixSeconds(absl::FromCivil(civil, step.zone));
  }
  if (seconds < kMinSeconds || seconds > kMaxSeconds) {
    reason = "is out of range";
    return nullptr;
  }
  return wire::PutSecondsNanos(p, step.tag, seconds, nanos);
}

char* FieldPlan::WriteDuration(const Step& step, const Cell& cell, char* p, const char*& reason) {
  reason = "is no number";
  int64_t whole = cell.integer;
  __int128 total = 0;
  const bool is_whole =
      step.scale == 0 && (cell.type == CellType::kInt64 ||
                          (cell.type == CellType::kText && ParseInteger(cell.text, whole)));
  if (is_whole) {
    total = static_cast<__int128>(whole) * step.unit_nanos;
  } else {
    double value = 0;
    if (!ToDouble(cell, value)) return nullptr;
    value *= (step.scale == 0 ? 1 : step.scale) * static_cast<double>(step.unit_nanos);
    reason = "is out of range";
    if (std::abs(value) > 1e24) return nullptr;
    total = static_cast<__int128>(std::round(value));
  }
  const __int128 seconds = total / 1'000'000'000;
  if (seconds > kMaxDurationSeconds || seconds < -kMaxDurationSeconds) {
    reason = "is out of range";
    return nullptr;
  }
  return wire::PutSecondsNanos(p, step.tag, static_cast<int64_t>(seconds),
                               static_cast<int32_t>(total - seconds * 1'000'000'000));
}

}  // namespace simpul::engine
