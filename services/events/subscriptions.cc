#include "services/events/subscriptions.h"

#include <algorithm>
#include <utility>

#include "absl/random/random.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "bus/testing/fault_point.h"

namespace simpul::events {
namespace {

using store::Blob;
using store::Param;
using store::Row;
using store::Transaction;

const FaultPoint kBeforeCommit("subscription.before_acknowledge_commit");
const FaultPoint kAfterCommit("subscription.after_acknowledge_commit");

constexpr store::Migration kMigrations[] = {
    {1, R"(CREATE TABLE subscription (
             agency TEXT NOT NULL,
             id TEXT NOT NULL,
             uid BIGINT NOT NULL,
             types TEXT NOT NULL,
             name_prefix TEXT NOT NULL,
             start BIGINT NOT NULL,
             create_time BIGINT NOT NULL,
             acknowledge_time BIGINT,
             position BYTEA NOT NULL,
             PRIMARY KEY (agency, id));)"},
};

absl::Status NoSuch(const std::string& id) {
  return absl::NotFoundError(absl::StrFormat("this agency has no subscriptions/%s", id));
}

// Of the columns id, uid, types, name_prefix, start, create_time, acknowledge_time, position.
absl::StatusOr<StoredSubscription> Read(const Row& row) {
  StoredSubscription subscription;
  subscription.id = row.Text(0);
  subscription.uid = row.Int(1);
  const std::string types(row.Text(2));
  subscription.types = absl::StrSplit(types, '\n');
  subscription.prefix = row.Text(3);
  subscription.start = static_cast<v1::Start>(row.Int(4));
  subscription.create_time = absl::FromUnixMicros(row.Int(5));
  if (!row.IsNull(6)) subscription.acknowledge_time = absl::FromUnixMicros(row.Int(6));
  absl::StatusOr<Position> position = DecodePosition(row.Bytes(7), subscription.types.size());
  if (!position.ok()) {
    return absl::DataLossError(absl::StrFormat(
        "subscriptions/%s cannot be read from the store; delete it and create it anew",
        subscription.id));
  }
  subscription.position = *std::move(position);
  return subscription;
}

absl::StatusOr<std::optional<StoredSubscription>> Find(Transaction& transaction,
                                                       const std::string& agency,
                                                       const std::string& id) {
  std::optional<StoredSubscription> found;
  absl::Status status = transaction.Query(
      R"(SELECT id, uid, types, name_prefix, start, create_time, acknowledge_time, position
         FROM subscription WHERE agency = $1 AND id = $2)",
      {agency, id}, [&](const Row& row) -> absl::Status {
        absl::StatusOr<StoredSubscription> subscription = Read(row);
        if (!subscription.ok()) return subscription.status();
        found = *std::move(subscription);
        return absl::OkStatus();
      });
  if (!status.ok()) return status;
  return found;
}

absl::Status CheckRoom(Transaction& transaction, const std::string& agency, int most) {
  int64_t count = 0;
  absl::Status counted = transaction.Query("SELECT COUNT(*) FROM subscription WHERE agency = $1",
                                           {agency}, [&](const Row& row) {
                                             count = row.Int(0);
                                             return absl::OkStatus();
                                           });
  if (!counted.ok() || count < most) return counted;
  return absl::ResourceExhaustedError(absl::StrFormat(
      "this agency has %d subscriptions, as many as it may; delete one first", count));
}

absl::Status Insert(Transaction& transaction, const std::string& agency,
                    const StoredSubscription& subscription) {
  const std::string types = absl::StrJoin(subscription.types, "\n");
  const std::string position = EncodePosition(subscription.position);
  return transaction
      .Execute(R"(INSERT INTO subscription (agency, id, uid, types, name_prefix, start, create_time,
                                            position)
                  VALUES ($1, $2, $3, $4, $5, $6, $7, $8))",
               {agency, subscription.id, subscription.uid, types, subscription.prefix,
                int64_t{subscription.start}, absl::ToUnixMicros(subscription.create_time),
                Blob{position}})
      .status();
}

void SetTime(absl::Time time, google::protobuf::Timestamp& proto) {
  const int64_t micros = absl::ToUnixMicros(time);
  proto.set_seconds(micros / 1'000'000);
  proto.set_nanos(static_cast<int32_t>(micros % 1'000'000 * 1000));
}

}  // namespace

v1::Subscription StoredSubscription::ToProto() const {
  v1::Subscription proto;
  proto.set_name("subscriptions/" + id);
  for (const std::string& type : types) proto.add_types(type);
  proto.set_name_prefix(prefix);
  proto.set_start(start);
  SetTime(create_time, *proto.mutable_create_time());
  if (acknowledge_time.has_value()) SetTime(*acknowledge_time, *proto.mutable_acknowledge_time());
  return proto;
}

absl::StatusOr<std::unique_ptr<Subscriptions>> Subscriptions::Open(store::Store& store,
                                                                   Clock& clock, int per_agency) {
  absl::Status migrated = store::Migrate(store, "subscription", kMigrations);
  if (!migrated.ok()) return migrated;
  return std::unique_ptr<Subscriptions>(new Subscriptions(store, clock, per_agency));
}

absl::StatusOr<StoredSubscription> Subscriptions::Create(const std::string& agency,
                                                         StoredSubscription wanted) {
  wanted.uid = absl::Uniform<int64_t>(absl::BitGen(), 1, INT64_MAX);
  wanted.create_time = absl::FromUnixMicros(absl::ToUnixMicros(clock_.Now()));
  std::optional<StoredSubscription> found;
  const auto work = [&](Transaction& transaction) -> absl::Status {
    absl::StatusOr<std::optional<StoredSubscription>> first = Find(transaction, agency, wanted.id);
    if (!first.ok()) return first.status();
    found = *std::move(first);
    if (found.has_value()) return absl::OkStatus();
    absl::Status room = CheckRoom(transaction, agency, per_agency_);
    if (!room.ok()) return room;
    return Insert(transaction, agency, wanted);
  };
  absl::Status status = store_.Transact(work);
  if (absl::IsAlreadyExists(status)) status = store_.Transact(work);  // another came in between
  if (!status.ok()) return status;
  if (!found.has_value()) return wanted;
  if (found->types != wanted.types || found->prefix != wanted.prefix ||
      found->start != wanted.start) {
    return absl::AlreadyExistsError(
        absl::StrFormat("subscriptions/%s is there with other types, name_prefix or start; delete "
                        "it first, or take "
                        "another subscription_id",
                        wanted.id));
  }
  return *std::move(found);
}

absl::StatusOr<StoredSubscription> Subscriptions::Get(const std::string& agency,
                                                      const std::string& id) const {
  std::optional<StoredSubscription> subscription;
  absl::Status status = store_.Read([&](Transaction& transaction) -> absl::Status {
    absl::StatusOr<std::optional<StoredSubscription>> found = Find(transaction, agency, id);
    if (!found.ok()) return found.status();
    subscription = *std::move(found);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  if (!subscription.has_value()) return NoSuch(id);
  return *std::move(subscription);
}

absl::StatusOr<std::vector<StoredSubscription>> Subscriptions::List(
    const std::string& agency) const {
  std::vector<StoredSubscription> subscriptions;
  absl::Status status = store_.Read([&](Transaction& transaction) -> absl::Status {
    return transaction.Query(
        R"(SELECT id, uid, types, name_prefix, start, create_time, acknowledge_time, position
           FROM subscription WHERE agency = $1)",
        {agency}, [&](const Row& row) -> absl::Status {
          absl::StatusOr<StoredSubscription> subscription = Read(row);
          if (!subscription.ok()) return subscription.status();
          subscriptions.push_back(*std::move(subscription));
          return absl::OkStatus();
        });
  });
  if (!status.ok()) return status;
  // Here and not in SQL, where the order of '-' hangs on the database's collation.
  std::sort(subscriptions.begin(), subscriptions.end(),
            [](const auto& a, const auto& b) { return a.id < b.id; });
  return subscriptions;
}

absl::Status Subscriptions::Delete(const std::string& agency, const std::string& id) {
  return store_.Transact([&](Transaction& transaction) -> absl::Status {
    absl::StatusOr<int64_t> deleted =
        transaction.Execute("DELETE FROM subscription WHERE agency = $1 AND id = $2", {agency, id});
    if (!deleted.ok()) return deleted.status();
    return *deleted == 0 ? NoSuch(id) : absl::OkStatus();
  });
}

absl::StatusOr<StoredSubscription> Subscriptions::Acknowledge(const std::string& agency,
                                                              const std::string& id, int64_t uid,
                                                              const Position& position) {
  std::optional<StoredSubscription> subscription;
  absl::Status status = store_.Transact([&](Transaction& transaction) -> absl::Status {
    // Changes nothing but locks the row, so that of two that acknowledge at once the second one
    // reads what the first one wrote, on PostgreSQL too.
    absl::StatusOr<int64_t> locked = transaction.Execute(
        "UPDATE subscription SET uid = uid WHERE agency = $1 AND id = $2 AND uid = $3",
        {agency, id, uid});
    if (!locked.ok()) return locked.status();
    if (*locked == 0) return NoSuch(id);
    absl::StatusOr<std::optional<StoredSubscription>> found = Find(transaction, agency, id);
    if (!found.ok()) return found.status();
    if (!found->has_value()) return NoSuch(id);
    subscription = **std::move(found);
    if (!Advance(subscription->position, position)) return absl::OkStatus();
    subscription->acknowledge_time = clock_.Now();
    const std::string bytes = EncodePosition(subscription->position);
    kBeforeCommit.Pass();
    return transaction
        .Execute(R"(UPDATE subscription SET position = $3, acknowledge_time = $4
                    WHERE agency = $1 AND id = $2)",
                 {agency, id, Blob{bytes}, absl::ToUnixMicros(*subscription->acknowledge_time)})
        .status();
  });
  if (!status.ok()) return status;
  kAfterCommit.Pass();
  return *std::move(subscription);
}

}  // namespace simpul::events
