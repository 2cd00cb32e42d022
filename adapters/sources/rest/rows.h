// Rows of cells out of JSON answers, as a database gives them.
#ifndef SIMPUL_ADAPTERS_SOURCES_REST_ROWS_H_
#define SIMPUL_ADAPTERS_SOURCES_REST_ROWS_H_

#include <list>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "adapters/sources/rest/document.h"
#include "adapters/sources/rest/pointer.h"
#include "adapters/sources/rest/template.h"

namespace simpul::sources::rest {

// A column as a mapping writes it.
struct ColumnText {
  std::string name;
  std::string pointer;  // from the row on
  // For an array: its elements' texts, joined by `separator`.
  bool is_list = false;
  std::string each;  // from an element on; empty: the element
  std::string separator = "\n";
};

struct RowsText {
  std::string pointer;  // to the array of rows, or to the one row; empty: the whole answer
  std::vector<ColumnText> columns;
};

// Rows, and the answers that their texts are borrowed from. Movable.
class Rows {
 public:
  size_t size() const { return width_ == 0 ? 0 : cells_.size() / width_; }
  const Cell* row(size_t i) const { return cells_.data() + i * width_; }
  // All of them. `columns` are the shape's.
  Batch batch(const std::vector<std::string>& columns) const {
    return {&columns, cells_.data(), size()};
  }
  // Forgets the rows from `begin` to `end`; their texts stay.
  void Erase(size_t begin, size_t end);
  void Append(Rows rows);

 private:
  friend class RowShape;

  size_t width_ = 0;
  std::vector<Cell> cells_;
  std::vector<Document> answers_;
  std::list<std::string> texts_;  // of joined lists; a list, since a short text lies in its string
};

// Where rows and columns stand in an answer. Immutable, thread-safe.
class RowShape {
 public:
  // INVALID_ARGUMENT: no column, a name that is missing or there twice, a pointer that is none; the
  // text names the column.
  static absl::StatusOr<RowShape> Parse(const RowsText& text);

  const std::vector<std::string>& columns() const { return names_; }
  // -1 if there is none.
  int Find(std::string_view column) const;

  // The rows of an answer, in its order. What is missing in a row is NULL; true and false are 1
  // and 0; a text of more than kMaxText is kTooLong.
  // FAILED_PRECONDITION: the answer has nothing where the rows should be.
  // DATA_LOSS: what stands there is neither an array nor an object, a row is no object, or a column
  // is an object or array where a value should be; the text names the column, never the value.
  absl::StatusOr<Rows> Read(Document answer) const;

 private:
  struct Column {
    Pointer pointer;
    bool is_list = false;
    Pointer each;
    std::string separator;
  };

  absl::Status AddRow(const Document& answer, const Document::Node& node, Rows& out) const;
  static bool ReadList(const Document& answer, const Document::Node& node, const Column& column,
                       Rows& out, Cell& cell);

  std::string where_;
  Pointer pointer_;
  std::vector<std::string> names_;
  std::vector<Column> columns_;
};

}  // namespace simpul::sources::rest

#endif  // SIMPUL_ADAPTERS_SOURCES_REST_ROWS_H_
