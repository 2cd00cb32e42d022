#include "adapters/sources/rest/rows.h"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "absl/strings/str_format.h"

namespace simpul::sources::rest {
namespace {

using Kind = Document::Kind;
using Node = Document::Node;

// False: it is an object or array.
bool ToCell(const Node& node, Cell& cell) {
  switch (node.kind) {
    case Kind::kNull:
      cell = Cell::Null();
      return true;
    case Kind::kBool:
    case Kind::kInt:
      cell = Cell::Int(node.integer);
      return true;
    case Kind::kDouble:
      cell = Cell::Real(node.real);
      return true;
    case Kind::kText:
      cell = node.text.size() > kMaxText ? Cell::TooLong() : Cell::Text(node.text);
      return true;
    default:
      return false;
  }
}

void AppendCell(const Cell& cell, std::string& out) {
  char buffer[32];
  if (cell.type == CellType::kInt64) {
    out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, cell.integer).ptr);
  } else if (cell.type == CellType::kDouble) {
    out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, cell.real).ptr);
  } else {
    out += cell.text;
  }
}

}  // namespace

void Rows::Erase(size_t begin, size_t end) {
  const auto at = [&](size_t row) {
    return cells_.begin() + static_cast<std::ptrdiff_t>(row * width_);
  };
  cells_.erase(at(begin), at(end));
}

void Rows::Append(Rows rows) {
  width_ = rows.width_;
  cells_.insert(cells_.end(), rows.cells_.begin(), rows.cells_.end());
  std::move(rows.answers_.begin(), rows.answers_.end(), std::back_inserter(answers_));
  texts_.splice(texts_.end(), rows.texts_);
}

absl::StatusOr<RowShape> RowShape::Parse(const RowsText& text) {
  RowShape out;
  const auto wrong = [](const std::string& where, const absl::Status& status) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s: %s", where, std::string(status.message())));
  };
  auto pointer = Pointer::Parse(text.pointer);
  if (!pointer.ok()) return wrong("rows", pointer.status());
  out.pointer_ = *std::move(pointer);
  out.where_ = text.pointer.empty() ? "the whole answer" : text.pointer;
  if (text.columns.empty()) return absl::InvalidArgumentError("columns: expected at least one");
  for (const ColumnText& column : text.columns) {
    if (column.name.empty() || out.Find(column.name) >= 0) {
      return absl::InvalidArgumentError(
          absl::StrFormat("columns: expected a name for each, once: '%s'", column.name));
    }
    auto at = Pointer::Parse(column.pointer);
    if (!at.ok()) return wrong("columns." + column.name, at.status());
    auto each = Pointer::Parse(column.each);
    if (!each.ok()) return wrong("columns." + column.name + ".each", each.status());
    if (!column.is_list && !column.each.empty()) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "columns.%s.each: expected only where the column is a list", column.name));
    }
    out.names_.push_back(column.name);
    out.columns_.push_back({*std::move(at), column.is_list, *std::move(each), column.separator});
  }
  return out;
}

int RowShape::Find(std::string_view column) const {
  const auto found = std::find(names_.begin(), names_.end(), column);
  return found == names_.end() ? -1 : static_cast<int>(found - names_.begin());
}

absl::StatusOr<Rows> RowShape::Read(Document answer) const {
  Rows out;
  out.width_ = names_.size();
  const Document& document = out.answers_.emplace_back(std::move(answer));
  const Node* rows = pointer_.Find(document, document.root());
  if (rows == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrFormat("has nothing at %s, where its rows should be", where_));
  }
  if (rows->kind == Kind::kObject) {
    if (auto s = AddRow(document, *rows, out); !s.ok()) return s;
    return out;
  }
  if (rows->kind != Kind::kArray) {
    return absl::DataLossError(absl::StrFormat(
        "has neither an array nor an object at %s, where its rows should be", where_));
  }
  for (const Node* row = document.First(*rows); row != nullptr; row = document.Next(*row)) {
    if (auto s = AddRow(document, *row, out); !s.ok()) return s;
  }
  return out;
}

absl::Status RowShape::AddRow(const Document& answer, const Node& node, Rows& out) const {
  if (node.kind != Kind::kObject) {
    return absl::DataLossError(absl::StrFormat("has a row at %s that is no object", where_));
  }
  for (size_t i = 0; i < columns_.size(); ++i) {
    const Column& column = columns_[i];
    const Node* value = column.pointer.Find(answer, node);
    Cell& cell = out.cells_.emplace_back();
    if (value == nullptr || value->kind == Kind::kNull) continue;
    if (column.is_list ? !ReadList(answer, *value, column, out, cell) : !ToCell(*value, cell)) {
      return absl::DataLossError(
          absl::StrFormat("has %s in the column '%s', where %s should be",
                          value->kind == Kind::kObject  ? "an object"
                          : value->kind != Kind::kArray ? "one value"
                          : column.is_list              ? "an array of another kind"
                                                        : "an array",
                          names_[i], column.is_list ? "an array of values" : "one value"));
    }
  }
  return absl::OkStatus();
}

bool RowShape::ReadList(const Document& answer, const Node& node, const Column& column, Rows& out,
                        Cell& cell) {
  if (node.kind != Kind::kArray) return false;
  std::string text;
  bool is_empty = true;
  for (const Node* element = answer.First(node); element != nullptr;
       element = answer.Next(*element)) {
    const Node* value = column.each.Find(answer, *element);
    Cell part;
    if (value != nullptr && !ToCell(*value, part)) return false;
    if (part.type == CellType::kNull) continue;
    if (part.type == CellType::kTooLong || text.size() + part.text.size() > kMaxText) {
      cell = Cell::TooLong();
      return true;
    }
    if (!is_empty) text += column.separator;
    is_empty = false;
    AppendCell(part, text);
  }
  if (!is_empty) cell = Cell::Text(out.texts_.emplace_back(std::move(text)));
  return true;
}

}  // namespace simpul::sources::rest
