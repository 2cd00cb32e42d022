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

using sources::Batch;
using sources::Cell;
using sources::CellType;

namespace {

// The age of a row that says none: it stays within every horizon. The year 9999.
constexpr int64_t kAgeless = 253'402'300'799;

}  // namespace

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

// When a row says it is from, in seconds since 1970, if the query asks for it.
std::optional<int64_t> Watch::AgeOf(const Cell* row) const {
  if (columns_->age < 0) return std::nullopt;
  const Cell& cell = row[columns_->age];
  if (cell.type == CellType::kTime || cell.type == CellType::kLocalTime) {
    return cell.integer / 1'000'000;
  }
  IsoTime time;
  if (cell.type == CellType::kText && ParseIsoTime(cell.text, time)) return time.seconds;
  return kAgeless;
}

int64_t Watch::Horizon() const {
  if (watch_.within == absl::InfiniteDuration()) return std::numeric_limits<int64_t>::min();
  return Now() - absl::ToInt64Seconds(watch_.within);
}

// Rows of before are not taken for new ones should the horizon be widened.
void Watch::SetForgottenUntil(int64_t horizon) {
  int64_t& until = state_.progress().forgotten_until;
  if (horizon <= until) return;
  until = horizon;
  state_.SetProgressChanged();
}

// Whether a pass over all rows meets one that is unknown since it is beyond the horizon: not a new
// one, and its revision is forgotten. Polls find what is really new.
bool Watch::IsForgotten(Origin origin, std::optional<int64_t> age) const {
  if (!LooksBack(origin)) return false;
  const int64_t horizon = std::max(Horizon(), state_.progress().forgotten_until);
  return age.value_or(origin == Origin::kResync ? 0 : Now()) < horizon;
}

void Watch::SetOpen(int64_t id, bool is_open) {
  if (is_open) {
    open_[id] = poll_;
  } else {
    open_.erase(id);
  }
}

void Watch::TakeRow(const Cell* row, Origin origin) {
  Seen seen;
  if (!IdOf(row[columns_->plan.key], seen.id, seen.text)) {
    ++bad_keys_;
    return;
  }
  RowState* known = state_.Find(seen.id);
  seen.is_open = known != nullptr && known->is_open;
  const bool is_twice = !answered_.insert(seen.id).second;
  if (is_twice) twice_.insert(seen.id);
  if (origin == Origin::kOpen) {
    seen.is_open = true;
    open_[seen.id] = poll_;
  }
  if (origin == Origin::kKeys) {
    const auto asked = asked_.find(seen.id);
    if (asked == asked_.end()) return;  // twice
    seen.is_open = asked->second.is_open;
    asked_.erase(asked);
  }
  seen.versions = VersionsOf(row);
  const std::optional<int64_t> age = AgeOf(row);
  seen.seen = age.value_or(Now());  // as old as our first sight of it
  if (known == nullptr && IsForgotten(origin, age)) return;
  if (known != nullptr && age.has_value() && *age > known->seen) {
    known->seen = *age;
    state_.SetChanged(seen.id);
  }
  // Once the first pass is done, what comes is watched from now on, whatever its own clock says.
  if (IsSynced() && !LooksBack(origin)) seen.seen = std::max(seen.seen, Now());
  if (origin == Origin::kKeys) return TakeWhole(row, seen, origin);
  if (is_twice || (known != nullptr && known->is_twice)) {
    lookups_[seen.id] = {seen.text, seen.is_open};  // which of the two it is, nobody can tell here
  } else if (columns_->is_whole) {
    TakeWhole(row, seen, origin);
  } else {
    TakeVersions(seen);
  }
}

void Watch::TakeVersions(const Seen& seen) {
  RowState* known = state_.Find(seen.id);
  if (known == nullptr || known->versions != seen.versions) {
    lookups_[seen.id] = {seen.text, seen.is_open};
    return;
  }
  known->mark = mark_;
  if (known->is_open != seen.is_open) {
    known->is_open = seen.is_open;
    state_.SetChanged(seen.id);
  }
}

void Watch::TakeWhole(const Cell* row, const Seen& seen, Origin origin) {
  wire_.clear();
  Misfit misfit;
  const bool fits = plan_.fields.Encode(columns_->plan, row, wire_, misfit);
  if (origin == Origin::kKeys) {
    found_[seen.id] = {.seen = seen, .wire = wire_, .misfit = misfit, .fits = fits};
    return;
  }
  if (origin == Origin::kOpen) SetOpen(seen.id, seen.is_open);
  if (!fits) return Park(seen, misfit);
  Take(seen, wire_, origin);
}

// A row that fits: the same, changed or new.
void Watch::Take(const Seen& seen, const std::string& wire, Origin origin) {
  const uint64_t content = digest_.Of(wire);
  RowState* known = state_.Find(seen.id);
  const std::string key = plan_.key_is_text ? seen.text : std::to_string(seen.id);
  if (known != nullptr && known->is_parked) {
    parks_.push_back({.key = key, .misfit = {}});
    parked_.erase(seen.id);
  }
  if (known != nullptr && known->revision > 0 && known->content == content) {
    known->mark = mark_;
    if (known->versions != seen.versions || known->is_open != seen.is_open || known->is_parked) {
      known->versions = seen.versions;
      known->is_open = seen.is_open;
      known->is_parked = false;
      known->is_twice = false;
      state_.SetChanged(seen.id);
    }
    if (origin == Origin::kResync) {
      AddChange(type::v1::UPDATED, key, wire, known->revision, /*is_again=*/true);
    }
    return;
  }
  const bool is_created = known == nullptr || known->revision == 0;
  const int64_t revision =
      is_created ? RevisionOfNew(seen.id) : options_.revisions->Next(known->revision);
  AddChange(is_created ? type::v1::CREATED : type::v1::UPDATED, key, wire, revision,
            /*is_again=*/false);
  // A row beyond the horizon is published once and not watched.
  if (known == nullptr && !seen.is_open && seen.seen < Horizon()) return;
  RowState& row = state_.Put(seen.id, seen.text);
  if (known == nullptr) row.seen = seen.seen;
  row.content = content;
  row.versions = seen.versions;
  row.revision = revision;
  row.mark = mark_;
  row.is_open = seen.is_open;
  row.is_parked = false;
  row.is_twice = false;
}

// Goes on where the name was deleted, if it was.
int64_t Watch::RevisionOfNew(int64_t id) {
  int64_t previous = 0;
  if (const auto deleted = deleted_.find(id); deleted != deleted_.end()) {
    previous = deleted->second;
    returned_.push_back(id);
    deleted_.erase(deleted);
  }
  return options_.revisions->Next(previous);
}

// Records that a row does not fit, once for each of its versions, and goes on.
void Watch::Park(const Seen& seen, const Misfit& misfit) {
  RowState* known = state_.Find(seen.id);
  if (known != nullptr && known->is_parked && known->is_twice == seen.is_twice &&
      (seen.is_twice || known->versions == seen.versions) && known->is_open == seen.is_open) {
    known->mark = mark_;
    return;
  }
  const bool is_new = known == nullptr;
  RowState& row = state_.Put(seen.id, seen.text);
  if (is_new) row.seen = seen.seen;
  row.versions = seen.versions;
  row.mark = mark_;
  row.is_open = seen.is_open;
  row.is_parked = true;
  row.is_twice = seen.is_twice;
  parked_.insert(seen.id);
  parks_.push_back({.key = state_.KeyText(seen.id), .misfit = misfit});
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
                 absl::StrFormat("too many rows are gone at once to believe it; if they are, run "
                                 "simpul adapter resync --accept-deletes %s",
                                 options_.mapping->adapter),
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
