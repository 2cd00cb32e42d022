// Reads a list that comes in pages while others add and remove rows: again, until it stands still.
#ifndef SIMPUL_ADAPTERS_SOURCES_REST_PAGING_H_
#define SIMPUL_ADAPTERS_SOURCES_REST_PAGING_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "adapters/sources/rest/query.h"

namespace simpul::sources::rest {

// Asks for an address of the site: a path with its query, or a link that an answer had.
using Fetch = absl::FunctionRef<absl::StatusOr<Document>(const std::string& target)>;

// All rows of a list, once: every row that was there all the time is among them exactly once.
// Pages by offset overlap by the row at their border, so what moved is noticed. Where pages have
// numbers, that row is asked for again after each; where they have links, all is read until two
// readings have the same keys. Both of these hold only if new rows have keys above all others and a
// row that left does not return between two pages. One thread.
class PagedReading {
 public:
  static constexpr int kTries = 5;

  // All outlive it. `target` is that of the first page, without position and size.
  PagedReading(const Query& query, std::string target, int max_rows, Fetch fetch)
      : query_(query),
        paging_(query.paging()),
        target_(std::move(target)),
        max_rows_(static_cast<size_t>(max_rows)),
        fetch_(fetch) {}

  // ABORTED: it kept changing for kTries readings. RESOURCE_EXHAUSTED: more than `max_rows`.
  // FAILED_PRECONDITION: the rows are not sorted by the key, or pages do not have the size that was
  // asked for. DATA_LOSS: a row has no key, or a key is there twice. Else what `fetch` returns.
  absl::StatusOr<Rows> Read();

 private:
  struct Page {
    Rows rows;
    int64_t total = -1;
    std::string next;  // a link
  };
  enum class Step { kMore, kDone, kMoved };

  absl::StatusOr<Page> Ask(const std::string& address) const;
  absl::StatusOr<Page> AskAt(size_t position, int size) const;
  // One reading, to its end or until something moved.
  absl::StatusOr<Step> ReadCounted();
  absl::StatusOr<Step> ReadLinked();
  absl::StatusOr<Step> Take(Page page, size_t skip);
  absl::StatusOr<Step> IsOver(size_t rows, size_t fresh);
  absl::StatusOr<bool> BorderStands(const Page& page) const;
  absl::Status CheckKeys(const Rows& rows) const;
  std::string KeyOf(const Cell* row) const;
  std::vector<std::string> Keys() const;

  const Query& query_;
  const Paging& paging_;
  const std::string target_;
  const size_t max_rows_;
  const Fetch fetch_;

  Rows all_;
  int64_t total_ = -1;
  std::string last_key_;
  int pages_ = 0;
  bool was_short_ = false;
  int other_sizes_ = 0;  // readings that met pages of another size
};

}  // namespace simpul::sources::rest

#endif  // SIMPUL_ADAPTERS_SOURCES_REST_PAGING_H_
