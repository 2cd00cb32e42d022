// What a watch knows of the rows it watches: digests and revisions, in memory and packed in the
// store.
#ifndef SIMPUL_ADAPTERS_ENGINE_WATCH_STATE_H_
#define SIMPUL_ADAPTERS_ENGINE_WATCH_STATE_H_

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "adapters/engine/position.h"
#include "adapters/engine/watch_shape.h"
#include "bus/store/store.h"

namespace simpul::engine {

// Tables of the watches. Apply with store::Migrate(store, "watch", WatchMigrations()).
std::span<const store::Migration> WatchMigrations();

// One row of the legacy.
struct RowState {
  int64_t id = 0;          // the key; of a text key its digest
  uint64_t content = 0;    // digest of the message as it was published
  uint64_t versions = 0;   // digest of the version columns
  int64_t revision = 0;    // as published; 0: never
  int64_t seen = 0;        // seconds since 1970: how old it is for the horizon
  uint32_t mark = 0;       // the reconcile that saw it last; not stored
  bool is_open = false;    // it was in the open set
  bool is_parked = false;  // it did not fit when it was last read
  bool is_twice = false;   // nor can it: two rows have its key
};

// How far a watch has come.
struct Progress {
  int64_t version = 0;  // counts commits: another engine's commit shows
  bool is_synced = false;
  Position position;  // of the first pass over all rows, or of the way to the end by a new cursor
  // Cursor values that were there at a time of ours, oldest first: what is older than the gap is
  // whole.
  std::vector<std::pair<absl::Time, Position>> samples;
  bool is_resyncing = false;
  Position resync;  // how far the rows are published again
  bool accepts_deletes = false;
  // Seconds since 1970: what is older was published before and forgotten, or is not to be
  // published. At first the year 1.
  int64_t forgotten_until = -62135596800;
};

// Rows in buckets of neighbouring keys; a bucket is one row of the store, so that a million rows
// cost some 25 MB there. Load, change, Save in one transaction with what the change published. If
// that transaction fails the memory is ahead of the store: Load again. One thread.
class WatchState {
 public:
  // `resource`: "<app>/<message>", whose rows these are.
  WatchState(std::string resource, bool has_text_keys, WatchShape shape)
      : resource_(std::move(resource)), has_text_keys_(has_text_keys), shape_(std::move(shape)) {}

  // Positions of another cursor or order are forgotten; the rows stay.
  // FAILED_PRECONDITION: the rows have other names than those that are known; it says which and
  // what to do.
  absl::Status Load(store::Transaction& transaction);

  // Writes what has changed. ABORTED: another engine has written meanwhile.
  absl::Status Save(store::Transaction& transaction);

  Progress& progress() { return progress_; }
  const Progress& progress() const { return progress_; }
  void SetProgressChanged() { progress_changed_ = true; }
  bool has_changes() const { return progress_changed_ || !dirty_.empty(); }

  // Null if it is not known. Holds until a row is added or erased.
  RowState* Find(int64_t id);
  // Adds it if it is not there. `text`: the key of a text key.
  RowState& Put(int64_t id, std::string_view text);
  void Erase(int64_t id);
  // Says that the row differs from what the store has.
  void SetChanged(int64_t id) { dirty_.insert(BucketOf(id)); }

  // The key, as text.
  std::string KeyText(int64_t id) const;
  sources::Value KeyValue(int64_t id) const;

  size_t size() const { return size_; }
  void ForEach(absl::FunctionRef<void(const RowState&)> each) const;

 private:
  struct Bucket {
    std::vector<RowState> rows;     // by id
    std::vector<std::string> keys;  // of the rows, if they are text
  };

  int64_t BucketOf(int64_t id) const;
  static size_t Place(const Bucket& bucket, int64_t id);
  std::string Pack(int64_t number, const Bucket& bucket) const;
  bool Unpack(int64_t number, std::string_view bytes, Bucket& bucket) const;
  absl::Status LoadProgress(const store::Row& row);

  const std::string resource_;
  const bool has_text_keys_;
  const WatchShape shape_;
  std::map<int64_t, Bucket> buckets_;
  std::set<int64_t> dirty_;
  size_t size_ = 0;
  Progress progress_;
  bool progress_changed_ = false;
  bool is_stored_ = false;
};

}  // namespace simpul::engine

#endif  // SIMPUL_ADAPTERS_ENGINE_WATCH_STATE_H_
