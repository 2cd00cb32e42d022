#include "adapters/engine/watch_shape.h"

#include <vector>

#include "absl/strings/str_cat.h"

namespace simpul::engine {
namespace {

std::string Columns(const std::vector<OrderColumn>& columns) {
  std::string text;
  for (const OrderColumn& column : columns) {
    const char* type = column.type == sources::CellType::kText   ? "STRING"
                       : column.type == sources::CellType::kTime ? "TIME"
                                                                 : "NUMBER";
    absl::StrAppend(&text, text.empty() ? "" : ", ", column.name, " ", type);
  }
  return text;
}

}  // namespace

WatchShape ShapeOf(const ResourcePlan& plan) {
  return {.names = absl::StrCat(plan.name_prefix, "{", plan.key_column, "} ",
                                plan.key_is_text ? "TEXT" : "INTEGER"),
          .cursor = Columns(plan.watch.cursor),
          .order = Columns(plan.order),
          .cursor_columns = plan.watch.cursor.size(),
          .order_columns = plan.order.size()};
}

}  // namespace simpul::engine
