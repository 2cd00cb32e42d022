#include "adapters/engine/field_plan.h"

#include <algorithm>
#include <charconv>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "adapters/engine/text_value.h"
#include "adapters/engine/wire.h"

namespace simpul::engine {
namespace {

using google::protobuf::FieldDescriptor;
using sources::Cell;
using sources::CellType;

bool IsKeyCharacter(char c) {
  return absl::ascii_isalnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

}  // namespace

FieldPlan::FieldPlan(const google::protobuf::Descriptor& message, std::string name_prefix,
                     std::string key_column, bool key_is_text)
    : name_prefix_(std::move(name_prefix)),
      key_column_(std::move(key_column)),
      key_is_text_(key_is_text) {
  if (const FieldDescriptor* name = message.FindFieldByName("name")) {
    AddStep({.kind = FieldKind::kName,
             .name = "name",
             .column = key_column_,
             .tag = wire::Tag(name->number(), wire::kBytes),
             .longest = name_prefix_.size()});
  }
}

absl::Status FieldPlan::Add(const FieldDescriptor& field, const mapping::v1::Field& mapping,
                            const absl::TimeZone& zone, std::string& part) {
  auto step = MakeStep(field, mapping, zone, part);
  if (!step.ok()) return step.status();
  AddStep(*std::move(step));
  return absl::OkStatus();
}

void FieldPlan::AddStep(FieldStep step) {
  room_ += step.room();
  steps_.push_back(std::move(step));
}

void FieldPlan::Finish() {
  std::sort(steps_.begin(), steps_.end(),
            [](const FieldStep& a, const FieldStep& b) { return a.tag < b.tag; });
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
  for (const FieldStep& step : steps_) {
    bound.columns.push_back(step.column.empty() ? -1 : find(step.column));
    if (!step.column.empty() && bound.columns.back() < 0 && bound.missing.empty()) {
      bound.missing = step.column;
    }
  }
  return bound;
}

size_t FieldPlan::KeyText(const Cell& cell, char (&buffer)[kMaxKey]) const {
  if (!key_is_text_) {
    int64_t number = cell.integer;
    if (cell.type == CellType::kText && !ParseInteger(cell.text, number)) return 0;
    if (cell.type != CellType::kText && cell.type != CellType::kInt64) return 0;
    return static_cast<size_t>(std::to_chars(buffer, buffer + kMaxKey, number).ptr - buffer);
  }
  char digits[24];
  std::string_view text;
  if (!CodeText(cell, digits, text) || text.size() > kMaxKey) return 0;
  if (!std::all_of(text.begin(), text.end(), IsKeyCharacter)) return 0;
  std::copy(text.begin(), text.end(), buffer);
  return text.size();
}

bool FieldPlan::AppendKey(const Cell& cell, std::string& out) const {
  char buffer[kMaxKey];
  const size_t size = KeyText(cell, buffer);
  out.append(buffer, size);
  return size > 0;
}

std::string FieldPlan::Describe(const Misfit& misfit, const Cell& key) const {
  std::string name = name_prefix_;
  if (!AppendKey(key, name)) name = "a row without a key";
  return absl::StrFormat("the field '%s' of %s %s", misfit.field, name, misfit.reason);
}

char* FieldPlan::WriteName(const FieldStep& step, const Cell& cell, char* p) const {
  char key[kMaxKey];
  const size_t size = KeyText(cell, key);
  if (size == 0) return nullptr;
  p = wire::PutVarint(wire::PutVarint(p, step.tag), name_prefix_.size() + size);
  return wire::PutBytes(wire::PutBytes(p, name_prefix_), {key, size});
}

size_t FieldPlan::Room(const PlanColumns& columns, const Cell* row) const {
  size_t room = room_;
  for (const int column : columns.columns) room += column < 0 ? 0 : row[column].text.size();
  return room;
}

char* FieldPlan::Write(const PlanColumns& columns, const Cell* row, char* p, Misfit& misfit) const {
  for (size_t i = 0; i < steps_.size(); ++i) {
    const FieldStep& step = steps_[i];
    if (step.column.empty()) {
      p = wire::PutBytes(p, step.fixed);
      continue;
    }
    const Cell& cell = row[columns.columns[i]];
    const char* reason = nullptr;
    char* end = nullptr;
    if (step.kind == FieldKind::kName) {
      reason = "is no key: letters, digits and -._~ only";
      end = WriteName(step, cell, p);
    } else if (cell.type == CellType::kNull) {
      reason = "is NULL";
      if (!step.required) end = wire::PutBytes(p, step.absent);
    } else if (cell.type == CellType::kTooLong) {
      reason = "is longer than 1 MiB";
    } else {
      end = WriteField(step, cell, p, reason);
    }
    if (end == nullptr) {
      misfit = {step.name, reason};
      return nullptr;
    }
    p = end;
  }
  return p;
}

bool FieldPlan::Encode(const PlanColumns& columns, const Cell* row, std::string& out,
                       Misfit& misfit) const {
  const size_t begin = out.size();
  out.resize(begin + Room(columns, row));
  const char* end = Write(columns, row, out.data() + begin, misfit);
  out.resize(end == nullptr ? begin : static_cast<size_t>(end - out.data()));
  return end != nullptr;
}

}  // namespace simpul::engine
