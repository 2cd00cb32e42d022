// One read as a mapping writes it: what is asked, where its rows stand, and how it comes in pages.
#ifndef SIMPUL_ADAPTERS_SOURCES_REST_QUERY_H_
#define SIMPUL_ADAPTERS_SOURCES_REST_QUERY_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "adapters/sources/rest/pointer.h"
#include "adapters/sources/rest/request.h"
#include "adapters/sources/rest/rows.h"
#include "adapters/sources/rest/window.h"
#include "adapters/sources/source.h"

namespace simpul::sources::rest {

enum class PageBy {
  kNothing,  // all rows come at once
  kOffset,   // a query parameter says how many rows to pass over
  kNumber,   // a query parameter says which page
  kLink,     // the answer has the address of the next page
};

// How a list comes in pages, as a mapping writes it. Rows must be sorted by `key`.
struct PagingText {
  PageBy by = PageBy::kNothing;
  std::string position;   // the query parameter of the offset or number
  int first_number = 1;   // of the first page
  std::string size_name;  // the query parameter of the page's size
  int size = 0;           // rows a page; not more than the application gives
  std::string next;       // pointer to the next page's address
  std::string total;      // pointer to the number of all rows; empty: it does not say
  std::string key;        // column
};

struct QueryText {
  RequestText request;
  RowsText rows;
  PagingText paging;
  std::vector<OrderText> order;
  std::string etag;  // pointer to an item's ETag, for those who send no ETag header
};

// A paging that was checked.
struct Paging {
  PageBy by = PageBy::kNothing;
  std::string position;
  int first_number = 1;
  std::string size_name;
  int size = 0;
  Pointer next;
  bool has_total = false;
  Pointer total;
  int key = -1;  // index of its column
};

// Immutable, thread-safe.
class Query final : public sources::Query {
 public:
  // INVALID_ARGUMENT: the text says which part is wrong and what was expected there.
  static absl::StatusOr<Query> Parse(const QueryText& text);

  const Request& request() const { return request_; }
  const RowShape& shape() const { return shape_; }
  const Paging& paging() const { return paging_; }
  const Window& window() const { return window_; }
  // Whether it asks for one item, so that 404 says that there is none.
  bool names_item() const { return names_item_; }
  // The item's ETag in its answer; empty if it has none there.
  std::string EtagIn(const Document& answer) const;

 private:
  Request request_;
  RowShape shape_;
  Paging paging_;
  Window window_;
  bool names_item_ = false;
  bool has_etag_ = false;
  Pointer etag_;
};

// One write. `rows` are those of its answer; without columns the answer is not looked at.
struct CommandText {
  RequestText request;
  RowsText rows;
};

// Immutable, thread-safe.
class Command {
 public:
  // INVALID_ARGUMENT: as Query::Parse.
  static absl::StatusOr<Command> Parse(const CommandText& text);

  const Request& request() const { return request_; }
  bool has_answer() const { return has_answer_; }
  const RowShape& shape() const { return shape_; }

 private:
  Request request_;
  bool has_answer_ = false;
  RowShape shape_;
};

}  // namespace simpul::sources::rest

#endif  // SIMPUL_ADAPTERS_SOURCES_REST_QUERY_H_
