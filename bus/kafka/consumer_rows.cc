#include "bus/kafka/consumer_rows.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace simpul::kafka {
namespace {

// parked.headers: for each header its name and value as two netstrings
// (https://cr.yp.to/proto/netstrings.txt), "5:ce_id,3:a@1,", so that any bytes come back as they
// were.
constexpr store::Migration kMigrations[] = {
    {1,
     "CREATE TABLE consumer_offset ("
     "  consumer_group TEXT NOT NULL,"
     "  topic TEXT NOT NULL,"
     "  partition_id BIGINT NOT NULL,"
     "  first_offset BIGINT NOT NULL,"
     "  next_offset BIGINT NOT NULL,"
     "  delivered BIGINT NOT NULL,"
     "  parked BIGINT NOT NULL,"
     "  filtered BIGINT NOT NULL,"
     "  duplicate BIGINT NOT NULL,"
     "  expired BIGINT NOT NULL,"
     "  PRIMARY KEY (consumer_group, topic, partition_id));"
     "CREATE TABLE parked ("
     "  consumer_group TEXT NOT NULL,"
     "  topic TEXT NOT NULL,"
     "  partition_id BIGINT NOT NULL,"
     "  record_offset BIGINT NOT NULL,"
     "  record_key BYTEA,"
     "  headers BYTEA NOT NULL,"
     "  payload BYTEA,"
     "  reason TEXT NOT NULL,"
     "  parked_at BIGINT NOT NULL,"
     "  PRIMARY KEY (consumer_group, topic, partition_id, record_offset));"},
};

Progress ReadProgress(const store::Row& row, int column) {
  return {row.Int(column),     row.Int(column + 1), row.Int(column + 2), row.Int(column + 3),
          row.Int(column + 4), row.Int(column + 5), row.Int(column + 6)};
}

std::string EncodeHeaders(const rd_kafka_message_t& message) {
  std::string out;
  EachHeaderOf(message, [&](std::string_view name, std::string_view value) {
    for (const std::string_view text : {name, value}) {
      absl::StrAppend(&out, text.size(), ":");
      out.append(text);
      out.push_back(',');
    }
  });
  return out;
}

store::Param BytesOrNull(const void* bytes, size_t size) {
  if (bytes == nullptr) return std::monostate();
  return store::Blob{{static_cast<const char*>(bytes), size}};
}

}  // namespace

std::span<const store::Migration> ConsumerMigrations() { return kMigrations; }

absl::StatusOr<std::optional<Progress>> ConsumerRows::Load(const std::string& topic,
                                                           int32_t partition) {
  std::optional<Progress> progress;
  const absl::Status status = store_.Read([&](store::Transaction& t) {
    return t.Query(
        "SELECT first_offset, next_offset, delivered, parked, filtered, duplicate, expired"
        " FROM consumer_offset WHERE consumer_group = $1 AND topic = $2 AND partition_id = $3",
        {group_, topic, int64_t{partition}}, [&](const store::Row& row) {
          progress = ReadProgress(row, 0);
          return absl::OkStatus();
        });
  });
  if (!status.ok()) return status;
  return progress;
}

absl::StatusOr<std::vector<PartitionProgress>> ConsumerRows::LoadAll() {
  std::vector<PartitionProgress> all;
  const absl::Status status = store_.Read([&](store::Transaction& t) {
    return t.Query(
        "SELECT topic, partition_id, first_offset, next_offset, delivered, parked, filtered,"
        " duplicate, expired FROM consumer_offset WHERE consumer_group = $1"
        " ORDER BY topic, partition_id",
        {group_}, [&](const store::Row& row) {
          all.push_back(
              {std::string(row.Text(0)), static_cast<int32_t>(row.Int(1)), ReadProgress(row, 2)});
          return absl::OkStatus();
        });
  });
  if (!status.ok()) return status;
  return all;
}

absl::StatusOr<bool> ConsumerRows::Advance(store::Transaction& transaction,
                                           const std::string& topic, int32_t partition,
                                           const std::optional<Progress>& before,
                                           const Progress& after) {
  auto changed =
      before.has_value()
          ? transaction.Execute(
                "UPDATE consumer_offset SET first_offset = $1, next_offset = $2, delivered = $3,"
                " parked = $4, filtered = $5, duplicate = $6, expired = $7 WHERE consumer_group = "
                "$8"
                " AND topic = $9 AND partition_id = $10 AND next_offset = $11",
                {after.first, after.next, after.delivered, after.parked, after.filtered,
                 after.duplicate, after.expired, group_, topic, int64_t{partition}, before->next})
          : transaction.Execute(
                "INSERT INTO consumer_offset (first_offset, next_offset, delivered, parked, "
                "filtered,"
                " duplicate, expired, consumer_group, topic, partition_id)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING",
                {after.first, after.next, after.delivered, after.parked, after.filtered,
                 after.duplicate, after.expired, group_, topic, int64_t{partition}});
  if (!changed.ok()) return changed.status();
  return *changed == 1;
}

absl::StatusOr<bool> ConsumerRows::Store(const std::string& topic, int32_t partition,
                                         const std::optional<Progress>& before,
                                         const Progress& after) {
  bool stored = false;
  const absl::Status status = store_.Transact([&](store::Transaction& t) -> absl::Status {
    auto advanced = Advance(t, topic, partition, before, after);
    if (!advanced.ok()) return advanced.status();
    stored = *advanced;
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return stored;
}

absl::Status ConsumerRows::Park(store::Transaction& transaction, const rd_kafka_message_t& message,
                                std::string_view reason) {
  const std::string headers = EncodeHeaders(message);
  // A topic that was made anew has had these offsets before.
  return transaction.Write(
      "INSERT INTO parked (consumer_group, topic, partition_id, record_offset, record_key,"
      " headers, payload, reason, parked_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
      " ON CONFLICT (consumer_group, topic, partition_id, record_offset) DO UPDATE SET"
      " record_key = excluded.record_key, headers = excluded.headers,"
      " payload = excluded.payload, reason = excluded.reason, parked_at = excluded.parked_at",
      {group_, rd_kafka_topic_name(message.rkt), int64_t{message.partition}, message.offset,
       BytesOrNull(message.key, message.key_len), store::Blob{headers},
       BytesOrNull(message.payload, message.len), reason, absl::ToUnixMicros(absl::Now())});
}

}  // namespace simpul::kafka
