#include "adapters/engine/position.h"

#include <cstring>
#include <limits>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "absl/time/civil_time.h"

namespace simpul::engine {

using sources::CellType;
using sources::TimeValue;
using sources::Value;

Position LowestPosition(const std::vector<OrderColumn>& order) {
  // The year 1000: before it MariaDB's DATETIME does not go.
  constexpr int64_t kLongAgo = -30610224000LL * 1'000'000;
  Position position;
  for (const OrderColumn& column : order) {
    switch (column.type) {
      case CellType::kText:
        position.emplace_back(std::string());
        break;
      case CellType::kTime:
        position.emplace_back(TimeValue{kLongAgo, true});
        break;
      default:
        position.emplace_back(std::numeric_limits<int64_t>::min());
    }
  }
  return position;
}

absl::StatusOr<Position> PositionOf(const std::vector<OrderColumn>& order,
                                    const sources::Batch& batch, size_t row) {
  Position position;
  for (const OrderColumn& column : order) {
    const int at = FindColumn(*batch.columns, column.name);
    if (at < 0) {
      return absl::InvalidArgumentError(
          absl::StrFormat("the query does not select its order column '%s'", column.name));
    }
    Value value = sources::ToValue(batch.row(row)[at]);
    if (std::holds_alternative<std::monostate>(value)) {
      return absl::InvalidArgumentError(
          absl::StrFormat("the order column '%s' is NULL in a row", column.name));
    }
    position.push_back(std::move(value));
  }
  return position;
}

void Bind(const std::vector<OrderColumn>& order, const Position& position,
          sources::Bindings& bindings) {
  for (size_t i = 0; i < order.size(); ++i) {
    bindings.values.emplace_back(order[i].parameter, position[i]);
  }
}

std::string PositionBytes(const Position& position) {
  std::string out;
  const auto number = [&](char kind, int64_t v) {
    out += kind;
    out.append(reinterpret_cast<const char*>(&v), sizeof v);
  };
  for (const Value& value : position) {
    if (const auto* integer = std::get_if<int64_t>(&value)) number('i', *integer);
    if (const auto* time = std::get_if<TimeValue>(&value)) {
      number(time->is_local ? 'l' : 't', time->micros);
    }
    if (const auto* text = std::get_if<std::string>(&value)) {
      number('s', static_cast<int64_t>(text->size()));
      out += *text;
    }
  }
  return out;
}

bool ParsePosition(std::string_view bytes, size_t columns, Position& position) {
  position.clear();
  while (!bytes.empty()) {
    int64_t number;
    if (bytes.size() < 1 + sizeof number) return false;
    const char kind = bytes[0];
    std::memcpy(&number, bytes.data() + 1, sizeof number);
    bytes.remove_prefix(1 + sizeof number);
    if (kind == 'i') {
      position.emplace_back(number);
    } else if (kind == 't' || kind == 'l') {
      position.emplace_back(TimeValue{number, kind == 'l'});
    } else if (kind == 's' && number >= 0 && static_cast<size_t>(number) <= bytes.size()) {
      position.emplace_back(std::string(bytes.substr(0, static_cast<size_t>(number))));
      bytes.remove_prefix(static_cast<size_t>(number));
    } else {
      return false;
    }
  }
  return position.size() == columns;
}

int FindColumn(const std::vector<std::string>& columns, std::string_view name) {
  for (size_t i = 0; i < columns.size(); ++i) {
    if (absl::EqualsIgnoreCase(columns[i], absl::string_view(name.data(), name.size()))) {
      return static_cast<int>(i);
    }
  }
  return -1;
}

}  // namespace simpul::engine
