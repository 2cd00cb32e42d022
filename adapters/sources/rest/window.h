// The next rows of a list behind those that were seen: where an application can give only all of
// them, or those from a time on.
#ifndef SIMPUL_ADAPTERS_SOURCES_REST_WINDOW_H_
#define SIMPUL_ADAPTERS_SOURCES_REST_WINDOW_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "adapters/sources/rest/rows.h"
#include "adapters/sources/source.h"

namespace simpul::sources::rest {

// A column that rows are put in order by, and the parameter with its value in the last row seen.
struct OrderText {
  std::string column;
  std::string parameter;
};

// Immutable, thread-safe.
class Window {
 public:
  Window() = default;  // all rows as they come

  // INVALID_ARGUMENT: a column is none of the shape's.
  static absl::StatusOr<Window> Parse(const std::vector<OrderText>& order, const RowShape& shape);

  // Gives `each` the rows behind the parameters' values, in order, at most `limit` of them. Numbers
  // are in order of size, texts in order of bytes. Rows that have no such value are left in front,
  // where what comes next refuses them.
  absl::Status Cut(const Batch& batch, const Bindings& bindings, EachBatch each) const;

 private:
  struct Column {
    size_t index = 0;
    std::string parameter;
  };
  std::vector<Column> order_;
};

}  // namespace simpul::sources::rest

#endif  // SIMPUL_ADAPTERS_SOURCES_REST_WINDOW_H_
