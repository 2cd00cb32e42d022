#include "adapters/sources/rest/paging.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"

namespace simpul::sources::rest {
namespace {

using Kind = Document::Kind;

// Whether b may follow a. How an application sorts texts is its own affair; numbers ascend.
bool Ascends(const std::string& a, const std::string& b) {
  int64_t number = 0;
  int64_t next = 0;
  if (absl::SimpleAtoi(a, &number) && absl::SimpleAtoi(b, &next)) return number < next;
  return a != b;
}

constexpr char kOtherSize[] =
    "gives pages of another size than it was asked for; set paging.size to what it gives";

}  // namespace

absl::StatusOr<Rows> PagedReading::Read() {
  std::vector<std::string> before;
  for (int i = 0; i < kTries; ++i) {
    all_ = {};
    last_key_.clear();
    total_ = -1;
    pages_ = 0;
    was_short_ = false;
    auto step = paging_.by == PageBy::kLink ? ReadLinked() : ReadCounted();
    if (!step.ok()) return step.status();
    if (*step == Step::kMoved) {
      before.clear();
      continue;
    }
    if (paging_.by != PageBy::kLink || pages_ == 1) return std::move(all_);
    auto keys = Keys();
    if (keys == before) return std::move(all_);
    before = std::move(keys);
  }
  if (other_sizes_ == kTries) return absl::FailedPreconditionError(kOtherSize);
  return absl::AbortedError("changed all the time while it was read; try again later");
}

absl::StatusOr<PagedReading::Step> PagedReading::ReadCounted() {
  Step step = Step::kMore;
  while (step == Step::kMore) {
    const bool overlaps = paging_.by == PageBy::kOffset && all_.size() > 0;
    auto page =
        AskAt(paging_.by == PageBy::kOffset ? all_.size() - overlaps : static_cast<size_t>(pages_),
              paging_.size);
    if (!page.ok()) return page.status();
    if (page->rows.size() > static_cast<size_t>(paging_.size)) {
      return absl::FailedPreconditionError(kOtherSize);
    }
    auto stands = BorderStands(*page);
    if (!stands.ok()) return stands.status();
    if (!*stands) return Step::kMoved;
    auto taken = Take(*std::move(page), overlaps);
    if (!taken.ok()) return taken.status();
    step = *taken;
  }
  return step;
}

absl::StatusOr<PagedReading::Step> PagedReading::ReadLinked() {
  std::string next = target_;
  while (true) {
    auto page = Ask(next);
    if (!page.ok()) return page.status();
    next = page->next;
    const bool is_last = next.empty();
    const size_t before = all_.size();
    auto taken = Take(*std::move(page), 0);
    if (!taken.ok() || *taken == Step::kMoved) return taken;
    if (is_last) {
      const bool is_whole = !paging_.has_total || static_cast<int64_t>(all_.size()) == total_;
      return is_whole ? Step::kDone : Step::kMoved;
    }
    if (all_.size() == before) return Step::kMoved;  // and no circle of empty pages
  }
}

// Adds a page's rows. kMoved: it does not go on from what there is.
absl::StatusOr<PagedReading::Step> PagedReading::Take(Page page, size_t skip) {
  if (auto s = CheckKeys(page.rows); !s.ok()) return s;
  if (pages_++ == 0) total_ = page.total;
  if (page.total != total_) return Step::kMoved;
  const size_t rows = page.rows.size();
  page.rows.Erase(0, skip);
  if (page.rows.size() > 0) {
    if (all_.size() > 0 && !Ascends(last_key_, KeyOf(page.rows.row(0)))) return Step::kMoved;
    last_key_ = KeyOf(page.rows.row(page.rows.size() - 1));
  }
  all_.Append(std::move(page.rows));
  if (all_.size() > max_rows_) {
    return absl::ResourceExhaustedError(
        absl::StrFormat("has more than %d rows; raise limits.rows or ask for fewer", max_rows_));
  }
  return IsOver(rows, rows - skip);
}

absl::StatusOr<PagedReading::Step> PagedReading::IsOver(size_t rows, size_t fresh) {
  const bool is_short = rows < static_cast<size_t>(paging_.size);
  const bool is_numbered = paging_.by == PageBy::kNumber;
  if (paging_.by == PageBy::kLink) return Step::kMore;
  if (!paging_.has_total) {
    if (is_numbered && was_short_ && fresh > 0) {
      ++other_sizes_;  // or rows were added meanwhile: another reading tells
      return Step::kMoved;
    }
    was_short_ = is_short;
    return fresh == 0 ? Step::kDone : Step::kMore;
  }
  const auto count = static_cast<int64_t>(all_.size());
  if (count == total_) return Step::kDone;
  if (count > total_ || fresh == 0) return Step::kMoved;
  if (is_numbered && is_short) {
    // One page says of itself that there is more than it holds: no change did that.
    if (pages_ == 1) return absl::FailedPreconditionError(kOtherSize);
    return Step::kMoved;
  }
  return Step::kMore;
}

// Whether the last row that we have is where it was when we read it.
absl::StatusOr<bool> PagedReading::BorderStands(const Page& page) const {
  if (all_.size() == 0) return true;
  if (paging_.by == PageBy::kOffset) {
    return page.rows.size() > 0 && KeyOf(page.rows.row(0)) == last_key_;
  }
  auto border = AskAt(all_.size() - 1, 1);
  if (!border.ok()) return border.status();
  return border->rows.size() == 1 && KeyOf(border->rows.row(0)) == last_key_;
}

absl::StatusOr<PagedReading::Page> PagedReading::AskAt(size_t position, int size) const {
  std::string target = target_;
  const size_t first =
      paging_.by == PageBy::kNumber ? static_cast<size_t>(paging_.first_number) : 0;
  AppendQuery(paging_.position, std::to_string(position + first), target);
  AppendQuery(paging_.size_name, std::to_string(size), target);
  return Ask(target);
}

absl::StatusOr<PagedReading::Page> PagedReading::Ask(const std::string& address) const {
  auto answer = fetch_(address);
  if (!answer.ok()) return answer.status();
  Page page;
  if (paging_.has_total) {
    const auto* total = paging_.total.Find(*answer, answer->root());
    const bool is_number = total != nullptr && total->kind == Kind::kInt && total->integer >= 0;
    const bool is_text = total != nullptr && total->kind == Kind::kText &&
                         absl::SimpleAtoi(std::string(total->text), &page.total);
    if (!is_number && !is_text) {
      return absl::FailedPreconditionError("does not say how many rows there are, at paging.total");
    }
    if (is_number) page.total = total->integer;
  }
  if (paging_.by == PageBy::kLink) {
    const auto* next = paging_.next.Find(*answer, answer->root());
    if (next != nullptr && next->kind == Kind::kText) page.next = next->text;
  }
  auto rows = query_.shape().Read(*std::move(answer));
  if (!rows.ok()) return rows.status();
  page.rows = *std::move(rows);
  return page;
}

absl::Status PagedReading::CheckKeys(const Rows& rows) const {
  const std::string& column = query_.shape().columns()[static_cast<size_t>(paging_.key)];
  std::vector<std::string> keys;
  for (size_t i = 0; i < rows.size(); ++i) {
    keys.push_back(KeyOf(rows.row(i)));
    if (keys.back().empty()) {
      return absl::DataLossError(
          absl::StrFormat("has a row without a key, in the column '%s'", column));
    }
  }
  const bool ascends =
      std::adjacent_find(keys.begin(), keys.end(),
                         [](const auto& a, const auto& b) { return !Ascends(a, b); }) == keys.end();
  std::sort(keys.begin(), keys.end());
  if (std::adjacent_find(keys.begin(), keys.end()) != keys.end()) {
    return absl::DataLossError(absl::StrFormat("has a key twice, in the column '%s'", column));
  }
  if (ascends) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrFormat("is not sorted by the column '%s'; ask for it sorted", column));
}

std::string PagedReading::KeyOf(const Cell* row) const {
  const Cell& cell = row[paging_.key];
  return cell.type == CellType::kInt64 ? std::to_string(cell.integer) : std::string(cell.text);
}

std::vector<std::string> PagedReading::Keys() const {
  std::vector<std::string> keys;
  for (size_t i = 0; i < all_.size(); ++i) keys.push_back(KeyOf(all_.row(i)));
  return keys;
}

}  // namespace simpul::sources::rest
