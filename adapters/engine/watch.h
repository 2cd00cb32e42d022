// Finds what changed in a legacy that tells nobody, and records it for publication.
#ifndef SIMPUL_ADAPTERS_ENGINE_WATCH_H_
#define SIMPUL_ADAPTERS_ENGINE_WATCH_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "adapters/engine/digest.h"
#include "adapters/engine/mapping.h"
#include "adapters/engine/watch_state.h"
#include "adapters/sources/source.h"
#include "bus/kafka/outbox.h"
#include "bus/store/store.h"
#include "bus/testing/clock.h"

namespace simpul::engine {

class WatchMetrics;

// All of it outlives the watch.
struct WatchOptions {
  const LoadedMapping* mapping = nullptr;
  const ResourcePlan* plan = nullptr;
  sources::Source* source = nullptr;
  store::Store* store = nullptr;  // migrated with OutboxMigrations() and WatchMigrations()
  const kafka::RevisionClock* revisions = nullptr;
  Clock* clock = &Clock::System();
  std::string digest_secret;  // 32 random bytes, the same for the life of the store
  std::string dataschema;     // of the events
  size_t rows_per_commit = 5000;
};

// How a watch stands, for operators.
struct WatchStanding {
  bool is_synced = false;
  int64_t rows = 0;
  int64_t parked = 0;
  int64_t held_deletes = 0;
  absl::Time reconciled;  // when the last reconcile ended; 1970 before the first
  std::string error;
};

// The watch of one resource: reads from the legacy, then commits in one transaction of the store
// what it knows now, the revisions, how far it has come and the events. What is not committed is
// found again, so a crash loses and doubles nothing. One thread, but for what is marked
// thread-safe.
class Watch {
 public:
  explicit Watch(WatchOptions options);
  ~Watch();

  // One poll: the open set, new rows, rows that left the open set; or, before the first pass over
  // all rows is done, the next page of it; or, during a resync, the next page of that too.
  // UNAVAILABLE and others: the legacy or the store failed; what was committed stands, poll again
  // later.
  absl::Status Poll();

  // The next chunk of a reconcile. True: the pass is over.
  absl::StatusOr<bool> Reconcile();

  // Whether the next Poll goes on with a pass over all rows, and is due at once.
  bool has_backlog() const {
    return is_loaded_ && (!IsSynced() || MustSeek() || state_.progress().is_resyncing);
  }
  // When the next reconcile is due: at once after a start, after the gap once the first pass is
  // done.
  absl::Time reconcile_due() const { return reconcile_due_; }
  bool is_reconciling() const { return is_reconciling_; }

  // Asks for a resync, or to believe held deletes, at the next Poll. Thread-safe.
  void RequestResync();
  void RequestAcceptDeletes();

  // Thread-safe.
  WatchStanding standing() const;

 private:
  enum class Origin { kNew, kOpen, kKeys, kReconcile, kResync, kSeek };
  struct Columns;
  // A row to be looked up by key, since an answer did not have all of it or did not have it at all.
  struct Lookup {
    std::string text;  // of a text key
    bool is_open = false;
  };
  struct Change {
    std::string name;
    int64_t revision = 0;
    std::string data;
    bool is_again = false;  // of a resync
  };
  struct Parked {
    std::string key;
    Misfit misfit;  // empty if it fits again
  };
  // A row as TakeRow has it.
  struct Seen {
    int64_t id = 0;
    std::string text;
    uint64_t versions = 0;
    bool is_open = false;
    bool is_twice = false;
    int64_t seen = 0;
  };
  // A row that was looked up, until the answer is over and tells whether its key is there once.
  struct Found {
    Seen seen;
    std::string wire;
    Misfit misfit;
    bool fits = false;
  };

  // watch.cc: what is asked, when.
  bool IsSynced() const { return state_.progress().is_synced; }
  // Whether the cursor is another than before.
  bool MustSeek() const {
    return IsSynced() && !watch_.fresh.empty() && state_.progress().samples.empty();
  }
  absl::Status EnsureLoaded();
  void TakeRequests();
  absl::Status Run();
  absl::Status RunReconcile(bool& is_over);
  absl::Status PollSnapshot(sources::Connection& connection);
  absl::Status PollOpen(sources::Connection& connection);
  absl::Status PollNew(sources::Connection& connection);
  absl::Status PollLeft(sources::Connection& connection);
  absl::Status SyncPage(sources::Connection& connection);
  absl::Status SeekPage(sources::Connection& connection);
  absl::Status ResyncPage(sources::Connection& connection);
  absl::Status FinishReconcile(sources::Connection& connection);
  sources::Value ReconcileStart() const;
  absl::Status Ask(sources::Connection& connection, const MappedQuery& query,
                   const sources::Bindings& bindings, sources::EachBatch each);
  absl::Status Page(sources::Connection& connection, const MappedQuery& query,
                    const std::vector<OrderColumn>& order, Position& position, Origin origin,
                    int& rows);
  void Publish(const absl::Status& status);

  // watch_lookup.cc: what is asked by key.
  absl::Status LookUp(sources::Connection& connection);
  absl::Status LookUpSome(sources::Connection& connection);

  // watch_rows.cc: what a row means.
  absl::Status TakeBatch(const sources::Batch& batch, Origin origin);
  absl::Status BindColumns(const sources::Batch& batch, Origin origin);
  void TakeRow(const sources::Cell* row, Origin origin);
  void TakeVersions(const Seen& seen);
  void TakeWhole(const sources::Cell* row, const Seen& seen, Origin origin);
  void Take(const Seen& seen, const std::string& wire, Origin origin);
  int64_t RevisionOfNew(int64_t id);
  void Park(const Seen& seen, const Misfit& misfit);
  static bool LooksBack(Origin origin) {
    return origin == Origin::kReconcile || origin == Origin::kResync;
  }
  bool IsForgotten(Origin origin, std::optional<int64_t> age) const;
  void SetOpen(int64_t id, bool is_open);
  void Forget(int64_t id);
  void Delete(int64_t id);
  void ApplyDeletes(const std::vector<int64_t>& ids, int64_t& held);
  bool IdOf(const sources::Cell& cell, int64_t& id, std::string& text) const;
  std::optional<int64_t> AgeOf(const sources::Cell* row) const;
  uint64_t VersionsOf(const sources::Cell* row);
  int64_t Now() const { return absl::ToUnixSeconds(options_.clock->Now()); }
  int64_t Horizon() const;
  void SetForgottenUntil(int64_t horizon);
  void AddChange(int change, const std::string& key, std::string_view resource, int64_t revision,
                 bool is_again);

  // watch_commit.cc: what is recorded.
  bool HasFindings() const;
  void DropFindings();
  absl::Status CommitIfMany();
  absl::Status Commit();
  absl::Status CommitIn(store::Transaction& transaction);

  const WatchOptions options_;
  const ResourcePlan& plan_;
  const WatchPlan& watch_;
  const std::string resource_;  // "<app>/<message>"
  const Digest digest_;
  std::unique_ptr<WatchMetrics> metrics_;

  bool is_loaded_ = false;
  WatchState state_;
  std::map<int64_t, int64_t> deleted_;          // id to revision
  std::unordered_map<int64_t, uint64_t> open_;  // id to the poll that saw it
  std::set<int64_t> parked_;
  uint64_t poll_ = 0;

  bool is_reconciling_ = false;
  uint32_t mark_ = 0;
  sources::Value reconcile_start_;
  Position reconcile_position_;
  absl::Time reconcile_due_ = absl::InfinitePast();
  absl::Time reconciled_ = absl::UnixEpoch();
  int64_t held_by_poll_ = 0;
  int64_t held_by_reconcile_ = 0;

  // Of the answers in hand.
  std::unique_ptr<Columns> columns_;
  std::map<int64_t, Lookup> lookups_;
  std::map<int64_t, Lookup> asked_;
  std::vector<int64_t> missing_;          // known rows that a lookup did not find
  std::unordered_set<int64_t> answered_;  // all of the answer
  std::map<int64_t, Found> found_;
  std::set<int64_t> twice_;  // since the poll began, keys that one answer had twice
  std::string scratch_;
  std::string wire_;
  int64_t rows_read_ = 0;
  int64_t bad_keys_ = 0;

  // Found, not committed yet.
  std::vector<Change> changes_;
  std::vector<Parked> parks_;
  std::vector<std::pair<int64_t, int64_t>> new_deleted_;  // id, revision
  std::vector<int64_t> returned_;                         // ids that were deleted and are back
  bool prunes_deleted_ = false;

  mutable absl::Mutex mutex_;
  bool wants_resync_ ABSL_GUARDED_BY(mutex_) = false;
  bool wants_accept_ ABSL_GUARDED_BY(mutex_) = false;
  WatchStanding standing_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace simpul::engine

#endif  // SIMPUL_ADAPTERS_ENGINE_WATCH_H_
