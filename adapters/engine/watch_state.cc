#include "adapters/engine/watch_state.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_format.h"
#include "adapters/engine/wire.h"

namespace simpul::engine {
namespace {

// Neighbouring keys of one bucket: few enough to rewrite for one change, enough to pack well.
constexpr int kKeyBits = 7;
// Text keys are digests, spread evenly: their high bits choose one of 4096 buckets.
constexpr int kTextShift = 52;
constexpr char kFormat = 1;

constexpr store::Migration kMigrations[] = {
    {1,
     "CREATE TABLE watch_bucket ("
     "  resource TEXT NOT NULL,"
     "  bucket BIGINT NOT NULL,"
     "  packed BYTEA NOT NULL,"
     "  PRIMARY KEY (resource, bucket));"
     "CREATE TABLE watch_progress ("
     "  resource TEXT PRIMARY KEY,"
     "  version BIGINT NOT NULL,"
     "  is_synced BIGINT NOT NULL,"
     "  position BYTEA NOT NULL,"
     "  samples BYTEA NOT NULL,"
     "  is_resyncing BIGINT NOT NULL,"
     "  resync BYTEA NOT NULL,"
     "  accepts_deletes BIGINT NOT NULL);"
     "CREATE TABLE watch_deleted ("
     "  resource TEXT NOT NULL,"
     "  id BIGINT NOT NULL,"
     "  revision BIGINT NOT NULL,"
     "  delete_time BIGINT NOT NULL,"
     "  PRIMARY KEY (resource, id));"
     "CREATE TABLE watch_parked ("
     "  resource TEXT NOT NULL,"
     "  row_key TEXT NOT NULL,"
     "  field TEXT NOT NULL,"
     "  reason TEXT NOT NULL,"
     "  park_time BIGINT NOT NULL,"
     "  PRIMARY KEY (resource, row_key));"},
    {2,
     "ALTER TABLE watch_progress ADD COLUMN names TEXT NOT NULL DEFAULT '';"
     "ALTER TABLE watch_progress ADD COLUMN cursor_columns TEXT NOT NULL DEFAULT '';"
     "ALTER TABLE watch_progress ADD COLUMN list_order TEXT NOT NULL DEFAULT '';"},
    {3,
     "ALTER TABLE watch_progress ADD COLUMN forgotten_until BIGINT NOT NULL"
     " DEFAULT -62135596800;"},
};

void AppendFixed(std::string& out, uint64_t v) {
  out.append(reinterpret_cast<const char*>(&v), sizeof v);
}

uint64_t Zigzag(int64_t v) {
  return static_cast<uint64_t>(v) << 1 ^ static_cast<uint64_t>(v >> 63);
}
int64_t Unzigzag(uint64_t v) { return static_cast<int64_t>(v >> 1) ^ -static_cast<int64_t>(v & 1); }

// Reads what Pack has written.
class Unpacker {
 public:
  explicit Unpacker(std::string_view bytes) : bytes_(bytes) {}
  bool empty() const { return bytes_.empty(); }
  bool ok() const { return ok_; }

  uint64_t Fixed() {
    uint64_t v = 0;
    std::memcpy(&v, Take(sizeof v).data(), ok_ ? sizeof v : 0);
    return v;
  }
  uint64_t Varint() {
    uint64_t v = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const std::string_view byte = Take(1);
      if (!ok_) return 0;
      v |= static_cast<uint64_t>(byte[0] & 0x7F) << shift;
      if ((byte[0] & 0x80) == 0) return v;
    }
    ok_ = false;
    return 0;
  }
  std::string_view Take(size_t count) {
    if (count > bytes_.size()) {
      ok_ = false;
      bytes_ = {};
      return {};
    }
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }

 private:
  std::string_view bytes_;
  bool ok_ = true;
};

std::string PackSamples(const std::vector<std::pair<absl::Time, Position>>& samples) {
  std::string out;
  for (const auto& [time, position] : samples) {
    const std::string bytes = PositionBytes(position);
    AppendFixed(out, static_cast<uint64_t>(absl::ToUnixMicros(time)));
    wire::AppendVarint(out, bytes.size());
    out += bytes;
  }
  return out;
}

bool UnpackSamples(std::string_view bytes, size_t columns,
                   std::vector<std::pair<absl::Time, Position>>& samples) {
  Unpacker in(bytes);
  while (!in.empty()) {
    const absl::Time time = absl::FromUnixMicros(static_cast<int64_t>(in.Fixed()));
    Position position;
    if (!ParsePosition(in.Take(in.Varint()), columns, position) || !in.ok()) return false;
    samples.emplace_back(time, std::move(position));
  }
  return in.ok();
}

}  // namespace

std::span<const store::Migration> WatchMigrations() { return kMigrations; }

int64_t WatchState::BucketOf(int64_t id) const {
  return has_text_keys_ ? static_cast<int64_t>(static_cast<uint64_t>(id) >> kTextShift)
                        : id >> kKeyBits;
}

size_t WatchState::Place(const Bucket& bucket, int64_t id) {
  const auto it = std::lower_bound(bucket.rows.begin(), bucket.rows.end(), id,
                                   [](const RowState& row, int64_t v) { return row.id < v; });
  return static_cast<size_t>(it - bucket.rows.begin());
}

RowState* WatchState::Find(int64_t id) {
  const auto it = buckets_.find(BucketOf(id));
  if (it == buckets_.end()) return nullptr;
  const size_t place = Place(it->second, id);
  if (place == it->second.rows.size() || it->second.rows[place].id != id) return nullptr;
  return &it->second.rows[place];
}

RowState& WatchState::Put(int64_t id, std::string_view text) {
  Bucket& bucket = buckets_[BucketOf(id)];
  const size_t place = Place(bucket, id);
  SetChanged(id);
  if (place < bucket.rows.size() && bucket.rows[place].id == id) return bucket.rows[place];
  ++size_;
  if (has_text_keys_) {
    bucket.keys.insert(bucket.keys.begin() + static_cast<ptrdiff_t>(place), std::string(text));
  }
  return *bucket.rows.insert(bucket.rows.begin() + static_cast<ptrdiff_t>(place), {.id = id});
}

void WatchState::Erase(int64_t id) {
  const auto it = buckets_.find(BucketOf(id));
  if (it == buckets_.end()) return;
  const size_t place = Place(it->second, id);
  if (place == it->second.rows.size() || it->second.rows[place].id != id) return;
  it->second.rows.erase(it->second.rows.begin() + static_cast<ptrdiff_t>(place));
  if (has_text_keys_)
    it->second.keys.erase(it->second.keys.begin() + static_cast<ptrdiff_t>(place));
  --size_;
  SetChanged(id);
}

std::string WatchState::KeyText(int64_t id) const {
  if (!has_text_keys_) return std::to_string(id);
  const auto it = buckets_.find(BucketOf(id));
  if (it == buckets_.end()) return "";
  const size_t place = Place(it->second, id);
  return place < it->second.rows.size() && it->second.rows[place].id == id ? it->second.keys[place]
                                                                           : "";
}

sources::Value WatchState::KeyValue(int64_t id) const {
  if (!has_text_keys_) return id;
  return KeyText(id);
}

void WatchState::ForEach(absl::FunctionRef<void(const RowState&)> each) const {
  for (const auto& [number, bucket] : buckets_) {
    for (const RowState& row : bucket.rows) each(row);
  }
}

std::string WatchState::Pack(int64_t number, const Bucket& bucket) const {
  std::string out(1, kFormat);
  for (size_t i = 0; i < bucket.rows.size(); ++i) {
    const RowState& row = bucket.rows[i];
    if (has_text_keys_) {
      AppendFixed(out, static_cast<uint64_t>(row.id));
      wire::AppendVarint(out, bucket.keys[i].size());
      out += bucket.keys[i];
    } else {
      wire::AppendVarint(out, static_cast<uint64_t>(row.id - (number << kKeyBits)));
    }
    AppendFixed(out, row.content);
    AppendFixed(out, row.versions);
    // Against the row before, most times and revisions are small numbers.
    const RowState before = i == 0 ? RowState{} : bucket.rows[i - 1];
    wire::AppendVarint(out, Zigzag(row.revision - before.revision));
    wire::AppendVarint(out, Zigzag(row.seen - before.seen));
    out +=
        static_cast<char>((row.is_open ? 1 : 0) | (row.is_parked ? 2 : 0) | (row.is_twice ? 4 : 0));
  }
  return out;
}

bool WatchState::Unpack(int64_t number, std::string_view bytes, Bucket& bucket) const {
  if (bytes.empty() || bytes[0] != kFormat) return false;
  Unpacker in(bytes.substr(1));
  RowState before;
  while (!in.empty()) {
    RowState row;
    if (has_text_keys_) {
      row.id = static_cast<int64_t>(in.Fixed());
      bucket.keys.emplace_back(in.Take(in.Varint()));
    } else {
      row.id = (number << kKeyBits) + static_cast<int64_t>(in.Varint());
    }
    row.content = in.Fixed();
    row.versions = in.Fixed();
    row.revision = before.revision + Unzigzag(in.Varint());
    row.seen = before.seen + Unzigzag(in.Varint());
    const std::string_view flags = in.Take(1);
    if (!in.ok()) return false;
    row.is_open = (flags[0] & 1) != 0;
    row.is_parked = (flags[0] & 2) != 0;
    row.is_twice = (flags[0] & 4) != 0;
    bucket.rows.push_back(row);
    before = row;
  }
  return in.ok();
}

absl::Status WatchState::Load(store::Transaction& transaction) {
  buckets_.clear();
  dirty_.clear();
  size_ = 0;
  progress_ = {};
  progress_changed_ = false;
  is_stored_ = false;
  auto status = transaction.Query(
      "SELECT version, is_synced, position, samples, is_resyncing, resync, accepts_deletes, names,"
      " cursor_columns, list_order, forgotten_until FROM watch_progress WHERE resource = $1",
      {resource_}, [&](const store::Row& row) { return LoadProgress(row); });
  if (!status.ok()) return status;
  return transaction.Query("SELECT bucket, packed FROM watch_bucket WHERE resource = $1",
                           {resource_}, [&](const store::Row& row) -> absl::Status {
                             Bucket& bucket = buckets_[row.Int(0)];
                             if (!Unpack(row.Int(0), row.Bytes(1), bucket)) {
                               return absl::DataLossError(
                                   absl::StrFormat("the watch state of %s is damaged", resource_));
                             }
                             size_ += bucket.rows.size();
                             return absl::OkStatus();
                           });
}

absl::Status WatchState::LoadProgress(const store::Row& row) {
  const std::string_view names = row.Text(7);
  if (!names.empty() && names != shape_.names) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "the resources of %s were called %s and are called %s now, so that what was published "
        "would "
        "stay for ever: put the old name and key back, or give the adapter another name, under "
        "which it begins anew",
        resource_, std::string(names), shape_.names));
  }
  is_stored_ = true;
  progress_.version = row.Int(0);
  progress_.is_synced = row.Int(1) != 0;
  progress_.is_resyncing = row.Int(4) != 0;
  progress_.accepts_deletes = row.Int(6) != 0;
  progress_.forgotten_until = row.Int(10);
  const bool has_cursor = row.Text(8).empty() || row.Text(8) == shape_.cursor;
  if (!has_cursor ||
      !(row.Bytes(2).empty() ||
        ParsePosition(row.Bytes(2), shape_.cursor_columns, progress_.position)) ||
      !UnpackSamples(row.Bytes(3), shape_.cursor_columns, progress_.samples)) {
    progress_.position.clear();
    progress_.samples.clear();
  }
  const bool has_order = row.Text(9).empty() || row.Text(9) == shape_.order;
  if (!has_order || !ParsePosition(row.Bytes(5), shape_.order_columns, progress_.resync)) {
    progress_.resync.clear();
  }
  return absl::OkStatus();
}

absl::Status WatchState::Save(store::Transaction& transaction) {
  const std::string position = PositionBytes(progress_.position);
  const std::string samples = PackSamples(progress_.samples);
  const std::string resync = PositionBytes(progress_.resync);
  const std::string_view sql =
      is_stored_ ? "UPDATE watch_progress SET version = version + 1, is_synced = $3, position = $4,"
                   " samples = $5, is_resyncing = $6, resync = $7, accepts_deletes = $8,"
                   " names = $9, cursor_columns = $10, list_order = $11, forgotten_until = $12"
                   " WHERE resource = $1 AND version = $2"
                 : "INSERT INTO watch_progress (resource, version, is_synced, position, samples,"
                   " is_resyncing, resync, accepts_deletes, names, cursor_columns, list_order,"
                   " forgotten_until)"
                   " VALUES ($1, $2 + 1, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
                   " ON CONFLICT DO NOTHING";
  auto written = transaction.Write(
      sql,
      {resource_, progress_.version, int64_t{progress_.is_synced}, store::Blob{position},
       store::Blob{samples}, int64_t{progress_.is_resyncing}, store::Blob{resync},
       int64_t{progress_.accepts_deletes}, shape_.names, shape_.cursor, shape_.order,
       progress_.forgotten_until},
      absl::AbortedError(
          absl::StrFormat("another engine has written the watch state of %s", resource_)));
  if (!written.ok()) return written;
  is_stored_ = true;
  ++progress_.version;
  progress_changed_ = false;
  for (const int64_t number : dirty_) {
    const auto it = buckets_.find(number);
    absl::Status done;
    if (it == buckets_.end() || it->second.rows.empty()) {
      if (it != buckets_.end()) buckets_.erase(it);
      done = transaction.Write("DELETE FROM watch_bucket WHERE resource = $1 AND bucket = $2",
                               {resource_, number});
    } else {
      const std::string packed = Pack(number, it->second);
      done = transaction.Write(
          "INSERT INTO watch_bucket (resource, bucket, packed) VALUES ($1, $2, $3)"
          " ON CONFLICT (resource, bucket) DO UPDATE SET packed = excluded.packed",
          {resource_, number, store::Blob{packed}});
    }
    if (!done.ok()) return done;
  }
  dirty_.clear();
  return absl::OkStatus();
}

}  // namespace simpul::engine
