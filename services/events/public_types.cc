#include "services/events/public_types.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "bus/observe/log.h"
#include "bus/rpc/identity.h"
#include "services/events/contract.h"

namespace simpul::events {
namespace {

using store::Blob;
using store::Row;
using store::Transaction;

constexpr store::Migration kMigrations[] = {
    {1, R"(CREATE TABLE event_type (
             name TEXT NOT NULL PRIMARY KEY,
             contract_hash TEXT NOT NULL,
             protoset BYTEA NOT NULL);)"},
};

absl::Time RegisterTime(const simpul::catalogue::v1::Part& part) {
  return absl::FromUnixSeconds(part.register_time().seconds()) +
         absl::Nanoseconds(part.register_time().nanos());
}

bool IsOfService(const simpul::catalogue::v1::Part& part) {
  absl::StatusOr<rpc::Identity> identity = rpc::Identity::Parse(part.identity());
  return identity.ok() && identity->kind == "service";
}

}  // namespace

PublicTypes::PublicTypes(store::Store& store, FetchContract fetch)
    : store_(store), fetch_(std::move(fetch)) {}

PublicTypes::~PublicTypes() = default;

absl::StatusOr<std::unique_ptr<PublicTypes>> PublicTypes::Open(store::Store& store,
                                                               FetchContract fetch) {
  absl::Status migrated = store::Migrate(store, "event_type", kMigrations);
  if (!migrated.ok()) return migrated;
  std::unique_ptr<PublicTypes> types(new PublicTypes(store, std::move(fetch)));
  absl::Status loaded = types->Load();
  if (!loaded.ok()) return loaded;
  return types;
}

absl::Status PublicTypes::Load() {
  return store_.Read([this](Transaction& transaction) {
    return transaction.Query("SELECT name, contract_hash, protoset FROM event_type", {},
                             [this](const Row& row) -> absl::Status {
                               const std::string type(row.Text(0));
                               absl::StatusOr<std::shared_ptr<const Contract>> contract =
                                   Contract::Load(row.Bytes(2), type);
                               if (!contract.ok()) return contract.status();
                               absl::MutexLock lock(&mutex_);
                               known_[type] = {std::string(row.Text(1)), *std::move(contract)};
                               return absl::OkStatus();
                             });
  });
}

void PublicTypes::Update(const std::vector<simpul::catalogue::v1::Part>& parts) {
  // Replicas of one service may hold two versions of a contract for a while: the newest counts.
  std::map<std::string, const simpul::catalogue::v1::Part*> owners;
  for (const simpul::catalogue::v1::Part& part : parts) {
    if (!IsOfService(part)) continue;
    for (const std::string& topic : part.topics()) {
      if (topic.starts_with("simpul.source.")) continue;
      const simpul::catalogue::v1::Part*& owner = owners[topic];
      if (owner == nullptr || RegisterTime(*owner) < RegisterTime(part)) owner = &part;
    }
  }
  absl::MutexLock lock(&mutex_);
  heard_ = true;
  wanted_.clear();
  for (const auto& [topic, part] : owners) {
    auto known = known_.find(topic);
    if (known == known_.end() || known->second.hash != part->contract_hash()) {
      wanted_[topic] = part->contract_hash();
    }
  }
}

void PublicTypes::FetchMissing() {
  Wanted wanted;
  {
    absl::MutexLock lock(&mutex_);
    wanted = wanted_;
  }
  std::map<std::string, absl::StatusOr<std::string>> protosets;
  for (const auto& [type, hash] : wanted) {
    auto protoset = protosets.find(hash);
    if (protoset == protosets.end()) protoset = protosets.emplace(hash, fetch_(hash)).first;
    absl::Status learnt =
        protoset->second.ok() ? Learn(type, hash, *protoset->second) : protoset->second.status();
    if (learnt.ok() || absl::IsNotFound(learnt) || absl::IsInvalidArgument(learnt)) {
      absl::MutexLock lock(&mutex_);
      auto entry = wanted_.find(type);
      if (entry != wanted_.end() && entry->second == hash) wanted_.erase(entry);
    }
    if (!learnt.ok()) {
      observe::Log(observe::Severity::kWarning, "events", "event type is not public yet",
                   {{"type", type}, {"error", observe::StatusText(learnt)}});
    }
  }
}

absl::Status PublicTypes::Learn(const std::string& type, const std::string& hash,
                                const std::string& protoset) {
  absl::StatusOr<std::shared_ptr<const Contract>> contract = Contract::Load(protoset, type);
  if (!contract.ok()) return contract.status();
  absl::Status stored = store_.Transact([&](Transaction& transaction) -> absl::Status {
    return transaction
        .Execute(R"(INSERT INTO event_type (name, contract_hash, protoset) VALUES ($1, $2, $3)
                    ON CONFLICT (name) DO UPDATE SET contract_hash = excluded.contract_hash,
                                                     protoset = excluded.protoset)",
                 {type, hash, Blob{protoset}})
        .status();
  });
  if (!stored.ok()) return stored;
  absl::MutexLock lock(&mutex_);
  known_[type] = {hash, *std::move(contract)};
  return absl::OkStatus();
}

bool PublicTypes::heard() const {
  absl::MutexLock lock(&mutex_);
  return heard_ || !known_.empty();
}

absl::Status PublicTypes::Check(std::span<const std::string> types) const {
  absl::MutexLock lock(&mutex_);
  for (const std::string& type : types) {
    if (known_.contains(type)) continue;
    if (!heard_ || wanted_.contains(type)) {
      return absl::UnavailableError(
          "types: the catalogue has not told yet which event types there are; try again");
    }
    std::vector<std::string> names;
    for (const auto& [name, known] : known_) names.push_back(name);
    return absl::InvalidArgumentError(
        absl::StrFormat("types: there is no public event type \"%s\"; there are: %s", type,
                        names.empty() ? "none" : absl::StrJoin(names, ", ")));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> PublicTypes::WithoutPersonal(std::string_view type,
                                                         std::string data) const {
  std::shared_ptr<const Contract> contract;
  {
    absl::MutexLock lock(&mutex_);
    auto known = known_.find(type);
    if (known == known_.end()) return absl::NotFoundError("not a public event type");
    contract = known->second.contract;
  }
  return contract->WithoutPersonal(std::move(data));
}

}  // namespace simpul::events
