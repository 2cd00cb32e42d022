#include "adapters/sources/rest/window.h"

#include <algorithm>
#include <limits>
#include <variant>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"

namespace simpul::sources::rest {
namespace {

// What a row is put in order by: of the same kind as the parameter's value.
using Place = std::vector<std::variant<int64_t, std::string>>;

std::variant<int64_t, std::string> PlaceOf(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  const auto* number = std::get_if<int64_t>(&value);
  return number == nullptr ? 0 : *number;
}

bool PlaceOf(const Cell& cell, bool is_text, Place& place) {
  int64_t number = cell.integer;
  if (is_text) {
    place.emplace_back(cell.type == CellType::kInt64 ? std::to_string(number)
                                                     : std::string(cell.text));
    return cell.type == CellType::kInt64 || cell.type == CellType::kText;
  }
  const bool is_number =
      cell.type == CellType::kInt64 ||
      (cell.type == CellType::kText &&
       absl::SimpleAtoi(absl::string_view(cell.text.data(), cell.text.size()), &number));
  place.emplace_back(number);
  return is_number;
}

}  // namespace

absl::StatusOr<Window> Window::Parse(const std::vector<OrderText>& order, const RowShape& shape) {
  Window out;
  for (const OrderText& text : order) {
    const int index = shape.Find(text.column);
    if (index < 0) {
      return absl::InvalidArgumentError(
          absl::StrFormat("columns: expected '%s' among them, to go on from", text.column));
    }
    out.order_.push_back({static_cast<size_t>(index), text.parameter});
  }
  return out;
}

absl::Status Window::Cut(const Batch& batch, const Bindings& bindings, EachBatch each) const {
  if (order_.empty()) return each(batch);
  Place seen;
  for (const Column& column : order_) {
    const Value* value = bindings.Find(column.parameter);
    if (value == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrFormat("the parameter '%s' has no value", column.parameter));
    }
    seen.push_back(PlaceOf(*value));
  }
  std::vector<std::pair<Place, size_t>> rows;
  for (size_t i = 0; i < batch.rows; ++i) {
    Place place;
    bool is_placed = true;
    for (size_t k = 0; k < order_.size(); ++k) {
      const bool is_text = std::holds_alternative<std::string>(seen[k]);
      is_placed &= PlaceOf(batch.row(i)[order_[k].index], is_text, place);
    }
    if (!is_placed) place.clear();
    if (!is_placed || place > seen) rows.emplace_back(std::move(place), i);
  }
  std::sort(rows.begin(), rows.end());
  const Value* limit = bindings.Find("limit");
  const auto* most = limit == nullptr ? nullptr : std::get_if<int64_t>(limit);
  if (most != nullptr) rows.resize(std::min(rows.size(), static_cast<size_t>(*most)));
  std::vector<Cell> cells;
  cells.reserve(rows.size() * batch.width());
  for (const auto& [place, i] : rows) {
    cells.insert(cells.end(), batch.row(i), batch.row(i) + batch.width());
  }
  return each({.columns = batch.columns, .cells = cells.data(), .rows = rows.size()});
}

}  // namespace simpul::sources::rest
