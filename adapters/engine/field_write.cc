// How a cell becomes a field on the wire.
#include <charconv>
#include <cmath>

#include "absl/strings/numbers.h"
#include "adapters/engine/field_step.h"
#include "adapters/engine/text_value.h"
#include "adapters/engine/wire.h"

namespace simpul::engine {
namespace {

using sources::Cell;
using sources::CellType;

constexpr int64_t kMicrosPerSecond = 1'000'000;
// The years 1 to 9999, google.protobuf.Timestamp's range; and Duration's.
constexpr int64_t kMinSeconds = -62135596800;
constexpr int64_t kMaxSeconds = 253402300799;
constexpr int64_t kMaxDurationSeconds = 315'576'000'000;

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

char* WriteCode(const FieldStep& step, const Cell& cell, char* p, const char*& reason) {
  char buffer[24];
  std::string_view text;
  reason = "is not in its code table";
  if (!CodeText(cell, buffer, text)) return nullptr;
  const auto it = step.codes.find(text);
  if (it != step.codes.end()) return wire::PutBytes(p, it->second);
  return step.has_other ? wire::PutBytes(p, step.other) : nullptr;
}

char* WriteText(const FieldStep& step, const Cell& cell, char* p, const char*& reason) {
  char buffer[24];
  std::string_view text;
  const bool is_bytes = step.kind == FieldKind::kBytes;
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

// A truth value as text, or any whole number as text.
bool ParseWhole(const FieldStep& step, std::string_view text, int64_t& value) {
  if (step.kind == FieldKind::kBool && (text == "true" || text == "t")) {
    value = 1;
    return true;
  }
  if (step.kind == FieldKind::kBool && (text == "false" || text == "f")) {
    value = 0;
    return true;
  }
  return ParseInteger(text, value);
}

bool ToScaled(const FieldStep& step, const Cell& cell, int64_t& value, const char*& reason) {
  double real = 0;
  reason = "is no number";
  if (!ToDouble(cell, real)) return false;
  real = std::round(real * step.scale);
  reason = "is out of range";
  if (real < -9.2e18 || real > 9.2e18) return false;
  value = static_cast<int64_t>(real);
  return true;
}

bool ToWhole(const FieldStep& step, const Cell& cell, int64_t& value, const char*& reason) {
  if (step.scale != 0) return ToScaled(step, cell, value, reason);
  reason = "is no whole number";
  switch (cell.type) {
    case CellType::kInt64:
      value = cell.integer;
      return true;
    case CellType::kText:
      return ParseWhole(step, cell.text, value);
    case CellType::kDouble:
      if (cell.real != std::trunc(cell.real) || std::abs(cell.real) > 9.0e15) return false;
      value = static_cast<int64_t>(cell.real);
      return true;
    default:
      return false;
  }
}

char* WriteEnum(const FieldStep& step, const Cell& cell, char* p, const char*& reason) {
  reason = "is no value of the enum; map it with codes";
  if (cell.type != CellType::kText) return nullptr;
  const auto it = step.enum_values.find(cell.text);
  if (it == step.enum_values.end()) return nullptr;
  if (it->second == 0 && !step.has_presence) return p;
  return wire::PutVarint(wire::PutVarint(p, step.tag),
                         static_cast<uint64_t>(static_cast<int64_t>(it->second)));
}

char* WriteNumber(const FieldStep& step, const Cell& cell, char* p, const char*& reason) {
  int64_t value = 0;
  if (!ToWhole(step, cell, value, reason)) return nullptr;
  if (value < step.min || value > step.max) {
    reason = "is out of range";
    return nullptr;
  }
  if (value == 0 && !step.has_presence) return p;
  p = wire::PutVarint(p, step.tag);
  const auto bits = static_cast<uint64_t>(value);
  switch (step.kind) {
    case FieldKind::kZigzag:
      return wire::PutVarint(p, bits << 1 ^ static_cast<uint64_t>(value >> 63));
    case FieldKind::kFixed32:
      return wire::PutBytes(p, {reinterpret_cast<const char*>(&bits), 4});
    case FieldKind::kFixed64:
      return wire::PutBytes(p, {reinterpret_cast<const char*>(&bits), 8});
    default:
      return wire::PutVarint(p, bits);
  }
}

char* WriteReal(const FieldStep& step, const Cell& cell, char* p, const char*& reason) {
  double value = 0;
  reason = "is no number";
  if (!ToDouble(cell, value)) return nullptr;
  if (step.scale != 0) value *= step.scale;
  const auto single = static_cast<float>(value);
  if (step.kind == FieldKind::kFloat ? !std::isfinite(single) : !std::isfinite(value)) {
    reason = "is out of range";
    return nullptr;
  }
  if (value == 0 && !std::signbit(value) && !step.has_presence) return p;
  p = wire::PutVarint(p, step.tag);
  if (step.kind == FieldKind::kFloat) {
    return wire::PutBytes(p, {reinterpret_cast<const char*>(&single), sizeof single});
  }
  return wire::PutBytes(p, {reinterpret_cast<const char*>(&value), sizeof value});
}

// False: the cell is no time of the step's format.
bool ToTime(const FieldStep& step, const Cell& cell, IsoTime& time) {
  if (cell.type == CellType::kTime || cell.type == CellType::kLocalTime) {
    time.seconds = cell.integer / kMicrosPerSecond - (cell.integer % kMicrosPerSecond < 0);
    time.nanos = static_cast<int32_t>(cell.integer - time.seconds * kMicrosPerSecond) * 1000;
    time.has_offset = cell.type == CellType::kTime;
    return true;
  }
  if (step.format == "unix") {
    double value = 0;
    if (!ToDouble(cell, value) || std::abs(value) > 1e12) return false;
    time.seconds = static_cast<int64_t>(std::floor(value));
    time.nanos = static_cast<int32_t>(std::lround((value - std::floor(value)) * 1e6)) * 1000;
    time.has_offset = true;
    return true;
  }
  if (cell.type != CellType::kText) return false;
  if (step.format.empty()) return ParseIsoTime(cell.text, time);
  absl::Time parsed;
  if (!absl::ParseTime(step.format, absl::string_view(cell.text.data(), cell.text.size()),
                       step.zone, &parsed, nullptr)) {
    return false;
  }
  time.seconds = absl::ToUnixSeconds(parsed);
  time.nanos =
      static_cast<int32_t>(absl::ToInt64Nanoseconds(parsed - absl::FromUnixSeconds(time.seconds)));
  time.has_offset = true;
  return true;
}

char* WriteTimestamp(const FieldStep& step, const Cell& cell, char* p, const char*& reason) {
  IsoTime time;
  reason = "is no time of its format";
  if (!ToTime(step, cell, time)) return nullptr;
  if (!time.has_offset) {
    const auto civil =
        absl::ToCivilSecond(absl::FromUnixSeconds(time.seconds), absl::UTCTimeZone());
    time.seconds = absl::ToUnixSeconds(absl::FromCivil(civil, step.zone));
  }
  if (time.seconds < kMinSeconds || time.seconds > kMaxSeconds) {
    reason = "is out of range";
    return nullptr;
  }
  return wire::PutSecondsNanos(p, step.tag, time.seconds, time.nanos);
}

char* WriteDuration(const FieldStep& step, const Cell& cell, char* p, const char*& reason) {
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

}  // namespace

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

char* WriteField(const FieldStep& step, const Cell& cell, char* p, const char*& reason) {
  if (step.has_codes) return WriteCode(step, cell, p, reason);
  switch (step.kind) {
    case FieldKind::kName:
    case FieldKind::kText:
    case FieldKind::kBytes:
      return WriteText(step, cell, p, reason);
    case FieldKind::kDouble:
    case FieldKind::kFloat:
      return WriteReal(step, cell, p, reason);
    case FieldKind::kTimestamp:
      return WriteTimestamp(step, cell, p, reason);
    case FieldKind::kDuration:
      return WriteDuration(step, cell, p, reason);
    case FieldKind::kEnum:
      return WriteEnum(step, cell, p, reason);
    default:
      return WriteNumber(step, cell, p, reason);
  }
}

}  // namespace simpul::engine
