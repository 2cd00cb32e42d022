#include "adapters/engine/page.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "adapters/engine/wire.h"

namespace simpul::engine {
namespace {

constexpr size_t kMaxBytes = 3 << 20;
constexpr size_t kFirstRoom = 16 << 10;

}  // namespace

absl::Status FindColumns(const ResourcePlan& plan, const sources::Batch& batch,
                         PlanColumns& columns) {
  if (!columns.columns.empty()) return absl::OkStatus();
  columns = plan.fields.Bind(*batch.columns);
  if (columns.missing.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrFormat("the query does not select the column '%s'", columns.missing));
}

Page::Page(const ResourcePlan& plan, int limit)
    : plan_(plan), limit_(limit), tag_(wire::Tag(plan.list_field->number(), wire::kBytes)) {}

bool Page::IsFull() const { return rows_ >= limit_ || size_ > kMaxBytes; }

absl::Status Page::Take(const sources::Batch& batch) {
  if (batch.rows == 0) return absl::OkStatus();
  if (auto s = FindColumns(plan_, batch, columns_); !s.ok()) return s;
  for (size_t i = 0; i < batch.rows; ++i) {
    if (IsFull()) {
      has_more_ = true;
      return is_cut() ? absl::CancelledError("the page is full") : absl::OkStatus();
    }
    if (auto s = Add(batch, i); !s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::Status Page::Add(const sources::Batch& batch, size_t i) {
  const sources::Cell* row = batch.row(i);
  Misfit misfit{"name", kTwice};
  key_.clear();
  plan_.fields.AppendKey(row[columns_.key], key_);
  const bool is_twice = rows_ > 0 && key_ == last_key_;
  if (is_twice || !Write(row, misfit)) {
    return unfit_ = absl::DataLossError(plan_.fields.Describe(misfit, row[columns_.key]));
  }
  last_key_.swap(key_);
  ++rows_;
  if (!IsFull()) return absl::OkStatus();
  auto last = PositionOf(plan_.order, batch, i);
  if (!last.ok()) return absl::FailedPreconditionError(std::string(last.status().message()));
  position_ = *std::move(last);
  return absl::OkStatus();
}

// The row goes where it is if its length takes two bytes, as most do, and else is moved.
bool Page::Write(const sources::Cell* row, Misfit& misfit) {
  constexpr size_t kLength = 2;
  const size_t room = size_ + 2 * wire::kMaxVarint + plan_.fields.Room(columns_, row);
  if (bytes_.size() < room) bytes_.resize(std::max({2 * bytes_.size(), room, kFirstRoom}));
  char* length = wire::PutVarint(bytes_.data() + size_, tag_);
  char* begin = length + kLength;
  const char* end = plan_.fields.Write(columns_, row, begin, misfit);
  if (end == nullptr) return false;
  const auto size = static_cast<size_t>(end - begin);
  char* place = length + wire::VarintSize(size);
  if (place != begin) std::memmove(place, begin, size);
  wire::PutVarint(length, size);
  size_ = static_cast<size_t>(place + size - bytes_.data());
  return true;
}

std::string Page::Release() {
  bytes_.resize(size_);
  return std::move(bytes_);
}

}  // namespace simpul::engine
