#include "adapters/engine/watch.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_format.h"
#include "adapters/engine/watch_columns.h"
#include "adapters/engine/watch_metrics.h"
#include "bus/observe/log.h"

namespace simpul::engine {

using sources::Batch;
using sources::Bindings;
using sources::CellType;
using sources::Connection;
using sources::Value;

Watch::Watch(WatchOptions options)
    : options_(std::move(options)),
      plan_(*options_.plan),
      watch_(plan_.watch),
      resource_(absl::StrFormat("%s/%s", options_.mapping->app, plan_.message)),
      digest_(options_.digest_secret),
      metrics_(std::make_unique<WatchMetrics>(options_.mapping->adapter, plan_.message)),
      state_(resource_, plan_.key_is_text, ShapeOf(plan_)) {}

Watch::~Watch() = default;

void Watch::RequestResync() {
  absl::MutexLock lock(&mutex_);
  wants_resync_ = true;
}

void Watch::RequestAcceptDeletes() {
  absl::MutexLock lock(&mutex_);
  wants_accept_ = true;
}

WatchStanding Watch::standing() const {
  absl::MutexLock lock(&mutex_);
  return standing_;
}

absl::Status Watch::EnsureLoaded() {
  if (is_loaded_) return absl::OkStatus();
  DropFindings();
  deleted_.clear();
  open_.clear();
  parked_.clear();
  is_reconciling_ = false;  // its marks are gone
  auto status = options_.store->Read([&](store::Transaction& transaction) {
    auto s = state_.Load(transaction);
    if (!s.ok()) return s;
    return transaction.Query("SELECT id, revision FROM watch_deleted WHERE resource = $1",
                             {resource_}, [&](const store::Row& row) {
                               deleted_[row.Int(0)] = row.Int(1);
                               return absl::OkStatus();
                             });
  });
  if (!status.ok()) return status;
  state_.ForEach([&](const RowState& row) {
    if (row.is_open) open_[row.id] = 0;
    if (row.is_parked) parked_.insert(row.id);
  });
  is_loaded_ = true;
  return absl::OkStatus();
}

void Watch::TakeRequests() {
  bool resync = false;
  bool accept = false;
  {
    absl::MutexLock lock(&mutex_);
    std::swap(resync, wants_resync_);
    std::swap(accept, wants_accept_);
  }
  if (resync) {
    state_.progress().is_resyncing = true;
    state_.progress().resync.clear();
    state_.SetProgressChanged();
  }
  if (accept) {
    state_.progress().accepts_deletes = true;
    state_.SetProgressChanged();
    reconcile_due_ = absl::InfinitePast();
  }
}

absl::Status Watch::Poll() {
  auto status = Run();
  if (!status.ok() && HasFindings()) is_loaded_ = false;  // memory is ahead of the store
  Publish(status);
  return status;
}

absl::Status Watch::Run() {
  if (auto s = EnsureLoaded(); !s.ok()) return s;
  TakeRequests();
  auto lease = options_.source->Acquire(absl::InfiniteFuture());
  if (!lease.ok()) return lease.status();
  ++poll_;
  lookups_.clear();
  twice_.clear();
  if (!IsSynced()) {
    if (auto s = SyncPage(**lease); !s.ok()) return s;
    return Commit();
  }
  if (MustSeek()) {
    if (auto s = SeekPage(**lease); !s.ok()) return s;
    return Commit();
  }
  if (auto s = PollSnapshot(**lease); !s.ok()) return s;
  if (state_.progress().is_resyncing) {
    if (auto s = ResyncPage(**lease); !s.ok()) return s;
  }
  return Commit();
}

// All of a poll sees one state of the legacy, if the database can do that.
absl::Status Watch::PollSnapshot(Connection& connection) {
  if (watch_.open.empty() && watch_.fresh.empty()) return absl::OkStatus();
  const auto bounded = [&] { return options_.source->Bounded(absl::InfiniteFuture()); };
  if (auto s = connection.BeginSnapshot(bounded()); !s.ok()) return s;
  absl::Status status = PollOpen(connection);
  if (status.ok()) status = PollNew(connection);
  if (status.ok()) status = PollLeft(connection);
  const absl::Status ended = connection.EndSnapshot(bounded());
  return status.ok() ? ended : status;
}

absl::Status Watch::PollOpen(Connection& connection) {
  if (watch_.open.empty()) return absl::OkStatus();
  auto status = Ask(connection, watch_.open, {}, [&](const Batch& batch) {
    if (auto s = TakeBatch(batch, Origin::kOpen); !s.ok()) return s;
    return CommitIfMany();
  });
  return status.ok() ? LookUp(connection) : status;
}

// Reads from a cursor value that was there a gap ago: what got a smaller one has been committed
// since.
absl::Status Watch::PollNew(Connection& connection) {
  if (watch_.fresh.empty()) return absl::OkStatus();
  auto& samples = state_.progress().samples;
  size_t since = 0;
  while (since + 1 < samples.size() &&
         samples[since + 1].first <= options_.clock->Now() - watch_.gap) {
    ++since;
  }
  Position position = samples.empty() ? LowestPosition(watch_.cursor) : samples[since].second;
  int rows = 0;
  do {
    auto s = Page(connection, watch_.fresh, watch_.cursor, position, Origin::kNew, rows);
    if (s.ok()) s = CommitIfMany();
    if (!s.ok()) return s;
  } while (rows >= options_.source->limits().rows);
  const absl::Time now = options_.clock->Now();
  if (!samples.empty() && samples.back().first > now - watch_.gap / 8) return absl::OkStatus();
  samples.emplace_back(now, std::move(position));
  samples.erase(samples.begin(), samples.begin() + static_cast<ptrdiff_t>(since));
  state_.SetProgressChanged();
  return absl::OkStatus();
}

// Rows that were open and are not in the open set now: closed or gone.
absl::Status Watch::PollLeft(Connection& connection) {
  if (watch_.open.empty()) return absl::OkStatus();
  for (const auto& [id, poll] : open_) {
    if (poll != poll_) lookups_[id] = {plan_.key_is_text ? state_.KeyText(id) : "", false};
  }
  if (auto s = LookUp(connection); !s.ok()) return s;
  ApplyDeletes(missing_, held_by_poll_);
  return absl::OkStatus();
}

// The next page of the first pass over all rows. The open set goes first: its rows are watched
// whatever their age.
absl::Status Watch::SyncPage(Connection& connection) {
  Progress& progress = state_.progress();
  state_.SetProgressChanged();
  if (watch_.fresh.empty()) {  // the reconcile reads everything
    progress.is_synced = true;
    return PollOpen(connection);
  }
  if (progress.position.empty()) {
    if (auto s = PollOpen(connection); !s.ok()) return s;
    progress.position = LowestPosition(watch_.cursor);
  }
  Position position = progress.position;
  int rows = 0;
  auto s = Page(connection, watch_.fresh, watch_.cursor, position, Origin::kNew, rows);
  if (!s.ok()) return s;
  progress.position = position;
  if (rows >= options_.source->limits().rows) return absl::OkStatus();
  progress.is_synced = true;
  SetForgottenUntil(Horizon());
  progress.samples = {{options_.clock->Now(), std::move(position)}};
  // Rows that were not committed when their page was read are found by the reconcile.
  reconcile_due_ = options_.clock->Now() + watch_.gap;
  return absl::OkStatus();
}

// Goes to the end by a cursor that is another than before. What it passes has been published, or is
// found by the reconcile, which knows what is too old to be new.
absl::Status Watch::SeekPage(Connection& connection) {
  Progress& progress = state_.progress();
  Position position = progress.position.empty() ? LowestPosition(watch_.cursor) : progress.position;
  int rows = 0;
  auto s = Page(connection, watch_.fresh, watch_.cursor, position, Origin::kSeek, rows);
  if (!s.ok()) return s;
  state_.SetProgressChanged();
  progress.position = position;
  if (rows >= options_.source->limits().rows) return absl::OkStatus();
  progress.samples = {{options_.clock->Now(), std::move(position)}};
  reconcile_due_ = absl::InfinitePast();
  observe::Log(observe::Severity::kInfo, "adapter/" + options_.mapping->department,
               "the watch goes by another cursor now; a reconcile finds what changed meanwhile",
               {{"adapter", options_.mapping->adapter}, {"resource", plan_.message}});
  return absl::OkStatus();
}

absl::Status Watch::ResyncPage(Connection& connection) {
  Progress& progress = state_.progress();
  Position position = progress.resync.empty() ? LowestPosition(plan_.order) : progress.resync;
  int rows = 0;
  auto s = Page(connection, plan_.list, plan_.order, position, Origin::kResync, rows);
  if (!s.ok()) return s;
  progress.is_resyncing = rows >= options_.source->limits().rows;
  progress.resync = progress.is_resyncing ? std::move(position) : Position();
  state_.SetProgressChanged();
  return absl::OkStatus();
}

absl::StatusOr<bool> Watch::Reconcile() {
  bool is_over = false;
  auto status = RunReconcile(is_over);
  if (!status.ok()) {
    if (HasFindings()) is_loaded_ = false;
    is_reconciling_ = false;
    reconcile_due_ = options_.clock->Now() + watch_.every;
  }
  Publish(status);
  if (!status.ok()) return status;
  return is_over;
}

absl::Status Watch::RunReconcile(bool& is_over) {
  if (auto s = EnsureLoaded(); !s.ok()) return s;
  if (!IsSynced()) {
    is_over = true;
    return absl::OkStatus();
  }
  TakeRequests();
  auto lease = options_.source->Acquire(absl::InfiniteFuture());
  if (!lease.ok()) return lease.status();
  lookups_.clear();
  const CellType type = plan_.key_is_text ? CellType::kText : CellType::kInt64;
  const std::vector<OrderColumn> by_key = {{plan_.key_column, type, "after"}};
  if (!is_reconciling_) {
    is_reconciling_ = true;
    ++mark_;
    reconcile_start_ = ReconcileStart();
    reconcile_position_ = {reconcile_start_};
  }
  int rows = 0;
  auto s = Page(**lease, watch_.reconcile, by_key, reconcile_position_, Origin::kReconcile, rows);
  if (!s.ok()) return s;
  if (rows >= options_.source->limits().rows) return Commit();
  if (s = FinishReconcile(**lease); !s.ok()) return s;
  is_reconciling_ = false;
  is_over = true;
  reconciled_ = options_.clock->Now();
  reconcile_due_ = reconciled_ + watch_.reconcile_every;
  return absl::OkStatus();
}

// Just before the first row within the horizon. Keys that are numbers are given in order of time;
// of others nobody knows.
Value Watch::ReconcileStart() const {
  const CellType type = plan_.key_is_text ? CellType::kText : CellType::kInt64;
  const Value lowest = LowestPosition({{plan_.key_column, type, ""}})[0];
  if (plan_.key_is_text || watch_.within == absl::InfiniteDuration()) return lowest;
  int64_t first = std::numeric_limits<int64_t>::max();
  const int64_t horizon = Horizon();
  state_.ForEach([&](const RowState& row) {
    if (row.seen >= horizon) first = std::min(first, row.id);
  });
  if (first != std::numeric_limits<int64_t>::max()) return first - 1;
  const auto& samples = state_.progress().samples;
  const bool by_key = watch_.cursor.size() == 1 && watch_.cursor[0].name == plan_.key_column;
  return by_key && !samples.empty() ? samples.front().second[0] : lowest;
}

// Rows that the pass did not see are beyond the horizon, gone, or were left out by the query's
// snapshot: a lookup by key tells.
absl::Status Watch::FinishReconcile(Connection& connection) {
  const int64_t horizon = Horizon();
  std::vector<int64_t> forgotten;
  const auto* start = std::get_if<int64_t>(&reconcile_start_);
  state_.ForEach([&](const RowState& row) {
    if (!row.is_open && row.seen < horizon) {
      forgotten.push_back(row.id);
    } else if (row.mark == mark_) {
      return;
    } else if (plan_.key_is_text || row.id > *start) {
      lookups_[row.id] = {plan_.key_is_text ? state_.KeyText(row.id) : "", row.is_open};
    }
  });
  if (auto s = LookUp(connection); !s.ok()) return s;
  ApplyDeletes(missing_, held_by_reconcile_);
  for (const int64_t id : forgotten) Forget(id);
  if (!forgotten.empty()) SetForgottenUntil(horizon);
  if (state_.progress().accepts_deletes) {
    state_.progress().accepts_deletes = false;
    state_.SetProgressChanged();
  }
  prunes_deleted_ = !deleted_.empty();
  return Commit();
}

absl::Status Watch::Ask(Connection& connection, const MappedQuery& query, const Bindings& bindings,
                        sources::EachBatch each) {
  columns_.reset();
  answered_.clear();
  metrics_->queries.Increment();
  const auto status = connection.Query(*query.query, bindings,
                                       options_.source->Bounded(absl::InfiniteFuture()), each);
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrFormat("adapter %s, the watch of %s (%s): %s",
                                                     options_.mapping->adapter, plan_.message,
                                                     query.where, std::string(status.message())));
}

// One page after `position`, which moves on to its last row.
absl::Status Watch::Page(Connection& connection, const MappedQuery& query,
                         const std::vector<OrderColumn>& order, Position& position, Origin origin,
                         int& rows) {
  Bindings bindings{.values = {{"limit", int64_t{options_.source->limits().rows}}}};
  Bind(order, position, bindings);
  rows = 0;
  auto status = Ask(connection, query, bindings, [&](const Batch& batch) -> absl::Status {
    if (batch.rows == 0) return absl::OkStatus();
    if (auto s = TakeBatch(batch, origin); !s.ok()) return s;
    rows += static_cast<int>(batch.rows);
    auto last = PositionOf(order, batch, batch.rows - 1);
    if (!last.ok()) return absl::FailedPreconditionError(std::string(last.status().message()));
    position = *std::move(last);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return LookUp(connection);
}

void Watch::Publish(const absl::Status& status) {
  metrics_->rows_read.Increment(static_cast<double>(std::exchange(rows_read_, 0)));
  metrics_->bad_keys.Increment(static_cast<double>(std::exchange(bad_keys_, 0)));
  if (!status.ok()) metrics_->failures.Increment();
  const int64_t held = std::max(held_by_poll_, held_by_reconcile_);  // they may be the same rows
  metrics_->rows.Set(static_cast<double>(state_.size()));
  metrics_->parked.Set(static_cast<double>(parked_.size()));
  metrics_->held_deletes.Set(static_cast<double>(held));
  metrics_->reconciled.Set(absl::ToDoubleSeconds(reconciled_ - absl::UnixEpoch()));
  absl::MutexLock lock(&mutex_);
  standing_ = {.is_synced = IsSynced(),
               .rows = static_cast<int64_t>(state_.size()),
               .parked = static_cast<int64_t>(parked_.size()),
               .held_deletes = held,
               .reconciled = reconciled_,
               .error = status.ok() ? "" : observe::StatusText(status)};
}

}  // namespace simpul::engine
