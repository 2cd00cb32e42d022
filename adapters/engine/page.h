// One page of a List, as it comes from the legacy row by row.
#ifndef SIMPUL_ADAPTERS_ENGINE_PAGE_H_
#define SIMPUL_ADAPTERS_ENGINE_PAGE_H_

#include <string>

#include "absl/status/status.h"
#include "adapters/engine/mapping.h"
#include "adapters/engine/position.h"

namespace simpul::engine {

// Said of a key that two rows of one answer have.
inline constexpr char kTwice[] = "is that of another row too: the query answers a key twice";

// Finds the plan's columns in the first batch of an answer. FAILED_PRECONDITION: one is missing; it
// is named.
absl::Status FindColumns(const ResourcePlan& plan, const sources::Batch& batch,
                         PlanColumns& columns);

// Writes rows straight into the answer's bytes. Full at `limit` rows, or where the message would
// come near the 4 MiB that gRPC takes. One thread.
class Page {
 public:
  // `plan` outlives the page.
  Page(const ResourcePlan& plan, int limit);

  // FAILED_PRECONDITION: the answer lacks a column, or an order column is NULL; it is named.
  // DATA_LOSS: a row does not fit, and `unfit` says so. CANCELLED: the bytes are enough, no more
  // rows are wanted, and `is_cut` says so.
  absl::Status Take(const sources::Batch& batch);

  // The row that does not fit, its field and why; OK if there is none.
  const absl::Status& unfit() const { return unfit_; }
  bool is_cut() const { return has_more_ && rows_ < limit_; }
  // Whether rows were left over; `position` is that of the last one that was not.
  bool has_more() const { return has_more_; }
  const Position& position() const { return position_; }
  // The message. To be called once.
  std::string Release();

 private:
  bool IsFull() const;
  absl::Status Add(const sources::Batch& batch, size_t i);
  bool Write(const sources::Cell* row, Misfit& misfit);

  const ResourcePlan& plan_;
  const int limit_;
  const uint32_t tag_;
  PlanColumns columns_;
  std::string bytes_;  // has room beyond size_
  size_t size_ = 0;
  int rows_ = 0;
  bool has_more_ = false;
  std::string key_;
  std::string last_key_;
  Position position_;
  absl::Status unfit_;
};

}  // namespace simpul::engine

#endif  // SIMPUL_ADAPTERS_ENGINE_PAGE_H_
