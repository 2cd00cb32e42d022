// What a row of the legacy means to a watch: new, changed, the same, gone, or unfit.
#include <algorithm>
#include <limits>

#include "absl/strings/str_format.h"
#include "adapters/engine/text_value.h"
#include "adapters/engine/watch.h"
#include "adapters/engine/watch_columns.h"
#include "adapters/engine/wire.h"
#include "bus/observe/log.h"
#include "simpul/type/v1/change.pb.h"

namespace simpul::engine {

using sources::sql::Batch;
using sources::sql::Cell;
using sources::sql::CellType;

absl::Status Watch::BindColumns(const Batch& batch, Origin origin) {
  columns_ = std::make_unique<Columns>();
  columns_->plan = plan_.fields.Bind(*batch.columns);
  columns_->is_whole = columns_->plan.missing.empty();
  const auto missing = [](const std::string& column) {
    return absl::FailedPreconditionError(
        absl::StrFormat("the query does not select the column '%s'", column));
  };
  if (columns_->plan.key < 0) return missing(plan_.key_column);
  for (const std::string& version : watch_.versions) {
    columns_->versions.push_back(FindColumn(*batch.columns, version));
    if (columns_->versions.back() < 0) return missing(version);
  }
  const bool must_be_whole = origin == Origin::kKeys || origin == Origin::kResync;
  if (must_be_whole && !columns_->is_whole) return missing(columns_->plan.missing);
  columns_->age = watch_.age.empty() ? -1 : FindColumn(*batch.columns, watch_.age);
  if (origin == Origin::kReconcile && !watch_.age.empty() && columns_->age < 0) {
    return missing(watch_.age);
  }
  return absl::OkStatus();
}

absl::Status Watch::TakeBatch(const Batch& batch, Origin origin) {
  if (batch.rows == 0) return absl::OkStatus();
  if (columns_ == nullptr) {
    if (auto s = BindColumns(batch, origin); !s.ok()) return s;
  }
  rows_read_ += static_cast<int64_t>(batch.rows);
  if (origin == Origin::kSeek) return absl::OkStatus();
  for (size_t i = 0; i < batch.rows; ++i) TakeRow(batch.row(i), origin);
  return absl::OkStatus();
}

bool Watch::IdOf(const Cell& cell, int64_t& id, std::string& text) const {
  if (!plan_.key_is_text) {
    id = cell.integer;
    return cell.type == CellType::kInt64 ||
           (cell.type == CellType::kText && ParseInteger(cell.text, id));
  }
  text.clear();
  if (!plan_.fields.AppendKey(cell, text)) return false;
  id = static_cast<int64_t>(digest_.Of(text));
  return true;
}

uint64_t Watch::VersionsOf(const Cell* row) {
  scratch_.clear();
  for (const int column : columns_->versions) AppendCell(row[column], scratch_);
  return digest_.Of(scratch_);
}

// When a row says it is from, in seconds since 1970.
std::optional<int64_t> Watch::AgeOf(const Cell* row) const {
  if (columns_->age < 0) return std::nullopt;
  const Cell& cell = row[columns_->age];
  if (cell.type == CellType::kTime || cell.type == CellType::kLocalTime) {
    return cell.integer / 1'000'000;
  }
  IsoTime time;
  if (cell.type == CellType::kText && ParseIsoTime(cell.text, time)) return time.seconds;
  return std::nullopt;
}

int64_t Watch::Horizon() const {
  if (watch_.within == absl::InfiniteDuration()) return std::numeric_limits<int64_t>::min();
  return Now() - absl::ToInt64Seconds(watch_.within);
}

void Watch::SetOpen(int64_t id, bool is_open) {
  if (is_open) {
    open_[id] = poll_;
  } else {
    open_.erase(id);
  }
}

void Watch::TakeRow(const Cell* row, Origin origin) {
  Whole whole{.row = row};
  if (!IdOf(row[columns_->plan.key], whole.id, whole.text)) {
    ++bad_keys_;
    return;
  }
  RowState* known = state_.Find(whole.id);
  whole.is_open = known != nullptr && known->is_open;
  if (origin == Origin::kOpen) {
    whole.is_open = true;
    open_[whole.id] = poll_;
  }
  if (origin == Origin::kKeys) {
    const auto asked = asked_.find(whole.id);
    if (asked == asked_.end()) return;  // twice in one answer
    whole.is_open = asked->second.is_open;
    asked_.erase(asked);
  }
  whole.versions = VersionsOf(row);
  const std::optional<int64_t> age = AgeOf(row);
  whole.seen = age.value_or(Now());  // as old as our first sight of it
  if (origin == Origin::kReconcile && known == nullptr && whole.seen < Horizon()) return;
  if (known != nullptr && age.has_value() && *age > known->seen) {
    known->seen = *age;
    state_.SetChanged(whole.id);
  }
  // Once the first pass is done, what comes is watched from now on, whatever its own clock says.
  if (IsSynced() && origin != Origin::kReconcile) whole.seen = std::max(whole.seen, Now());
  if (columns_->is_whole) return TakeWhole(whole, origin);
  if (known == nullptr || known->versions != whole.versions) {
    lookups_[whole.id] = {whole.text, whole.is_open};
    return;
  }
  known->mark = mark_;
  if (known->is_open != whole.is_open) {
    known->is_open = whole.is_open;
    state_.SetChanged(whole.id);
  }
}

void Watch::TakeWhole(const Whole& whole, Origin origin) {
  wire_.clear();
  Misfit misfit;
  if (origin == Origin::kOpen || origin == Origin::kKeys) SetOpen(whole.id, whole.is_open);
  if (!plan_.fields.Encode(columns_->plan, whole.row, wire_, misfit)) return Park(whole, misfit);
  const uint64_t content = digest_.Of(wire_);
  RowState* known = state_.Find(whole.id);
  const std::string key = plan_.key_is_text ? whole.text : std::to_string(whole.id);
  if (known != nullptr && known->is_parked) {
    parks_.push_back({.key = key, .misfit = {}});
    parked_.erase(whole.id);
  }
  if (known != nullptr && known->revision > 0 && known->content == content) {
    known->mark = mark_;
    if (known->versions != whole.versions || known->is_open != whole.is_open || known->is_parked) {
      known->versions = whole.versions;
      known->is_open = whole.is_open;
      known->is_parked = false;
      state_.SetChanged(whole.id);
    }
    if (origin == Origin::kResync) {
      AddChange(type::v1::UPDATED, key, wire_, known->revision, /*is_again=*/true);
    }
    return;
  }
  int64_t previous = known == nullptr ? 0 : known->revision;
  const bool is_created = previous == 0;
  if (is_created && !deleted_.empty()) {
    const auto deleted = deleted_.find(whole.id);
    if (deleted != deleted_.end()) {
      previous = deleted->second;
      returned_.push_back(whole.id);
      deleted_.erase(deleted);
    }
  }
  const int64_t revision = options_.revisions->Next(previous);
  AddChange(is_created ? type::v1::CREATED : type::v1::UPDATED, key, wire_, revision,
            /*is_again=*/false);
  // A row beyond the horizon is published once and not watched.
  if (known == nullptr && !whole.is_open && whole.seen < Horizon()) return;
  RowState& row = state_.Put(whole.id, whole.text);
  if (known == nullptr) row.seen = whole.seen;
  row.content = content;
  row.versions = whole.versions;
  row.revision = revision;
  row.mark = mark_;
  row.is_open = whole.is_open;
  row.is_parked = false;
}

// Records that a row does not fit, once for each of its versions, and goes on.
void Watch::Park(const Whole& whole, const Misfit& misfit) {
  RowState* known = state_.Find(whole.id);
  if (known != nullptr && known->is_parked && known->versions == whole.versions &&
      known->is_open == whole.is_open) {
    known->mark = mark_;
    return;
  }
  const bool is_new = known == nullptr;
  RowState& row = state_.Put(whole.id, whole.text);
  if (is_new) row.seen = whole.seen;
  row.versions = whole.versions;
  row.mark = mark_;
  row.is_open = whole.is_open;
  row.is_parked = true;
  parked_.insert(whole.id);
  parks_.push_back({.key = state_.KeyText(whole.id), .misfit = misfit});
}

void Watch::Forget(int64_t id) {
  parked_.erase(id);
  open_.erase(id);
  state_.Erase(id);
}

void Watch::Delete(int64_t id) {
  const RowState* known = state_.Find(id);
  if (known == nullptr) return;
  const std::string key = state_.KeyText(id);
  if (known->is_parked) parks_.push_back({.key = key, .misfit = {}});
  if (known->revision > 0) {
    const int64_t revision = options_.revisions->Next(known->revision);
    const auto* message = plan_.event->FindFieldByNumber(2)->message_type();
    std::string resource;
    wire::AppendBytesField(resource, message->FindFieldByName("name")->number(),
                           plan_.name_prefix + key);
    AddChange(type::v1::DELETED, key, resource, revision, /*is_again=*/false);
    new_deleted_.emplace_back(id, revision);
    deleted_[id] = revision;
  }
  Forget(id);
}

// Believes that rows are gone, unless they are too many: an empty answer is not a mass delete.
void Watch::ApplyDeletes(const std::vector<int64_t>& ids, int64_t& held) {
  const auto share = static_cast<size_t>(watch_.max_deletes * static_cast<double>(state_.size()));
  if (ids.size() <= std::max<size_t>(1, share) || state_.progress().accepts_deletes) {
    held = 0;
    for (const int64_t id : ids) Delete(id);
    return;
  }
  if (held != static_cast<int64_t>(ids.size())) {
    observe::Log(observe::Severity::kError, "adapter/" + options_.mapping->department,
                 "too many rows are gone at once to believe it; if they are, run "
                 "simpul adapter resync --accept-deletes",
                 {{"adapter", options_.mapping->adapter},
                  {"resource", plan_.message},
                  {"rows", ids.size()},
                  {"of", state_.size()}});
  }
  held = static_cast<int64_t>(ids.size());
}

// The event as the source contract has it: change, resource, revision, observe_time.
void Watch::AddChange(int change, const std::string& key, std::string_view resource,
                      int64_t revision, bool is_again) {
  const absl::Time now = options_.clock->Now();
  Change found{.name = plan_.name_prefix + key, .revision = revision, .is_again = is_again};
  wire::AppendVarint(found.data, wire::Tag(1, wire::kVarint));
  wire::AppendVarint(found.data, static_cast<uint64_t>(change));
  wire::AppendBytesField(found.data, 2, resource);
  wire::AppendVarint(found.data, wire::Tag(3, wire::kVarint));
  wire::AppendVarint(found.data, static_cast<uint64_t>(revision));
  char time[32];
  const int64_t seconds = absl::ToUnixSeconds(now);
  const char* end = wire::PutSecondsNanos(
      time, wire::Tag(4, wire::kBytes), seconds,
      static_cast<int32_t>(absl::ToInt64Nanoseconds(now - absl::FromUnixSeconds(seconds))));
  found.data.append(time, static_cast<size_t>(end - time));
  changes_.push_back(std::move(found));
}

}  // namespace simpul::engine
