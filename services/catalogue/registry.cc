#include "services/catalogue/registry.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "absl/strings/str_format.h"
#include "bus/observe/log.h"
#include "bus/rpc/protoset.h"
#include "bus/testing/fault_point.h"
#include "google/protobuf/util/time_util.h"
#include "services/catalogue/ownership.h"

namespace simpul::catalogue {
namespace {

using google::protobuf::util::TimeUtil;

const FaultPoint kBeforeCommit("registry.before_commit");
const FaultPoint kAfterCommit("registry.after_commit");

constexpr int kMostInstances = 64;  // of one identity
constexpr int kMostNames = 256;     // services, topics or authorities of one part
constexpr std::string_view kService = "service ";

google::protobuf::Timestamp ToProto(absl::Time time) {
  return TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(time));
}

absl::Time FromProto(const google::protobuf::Timestamp& time) {
  return absl::FromUnixMicros(TimeUtil::TimestampToMicroseconds(time));
}

bool IsInstance(const std::string& text) {
  return !text.empty() && text.size() <= 64 &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return (std::isalnum(c) && c < 128) || c == '-' || c == '_';
         });
}

// "host:port", IPv6 in brackets.
bool IsAddress(const std::string& text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0 || text.size() > 300) return false;
  const std::string host = text.substr(0, colon);
  if (host.find(':') != std::string::npos && (host.front() != '[' || host.back() != ']'))
    return false;
  uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data() + colon + 1, end, port);
  return parsed.ec == std::errc() && parsed.ptr == end && port != 0;
}

void SortUnique(google::protobuf::RepeatedPtrField<std::string>& names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
}

// What the catalogue keeps of a claim to be `identity`'s instance: checked shapes, own name, no
// times.
absl::StatusOr<v1::Part> Canonical(const rpc::Identity& identity, const v1::Part& claimed) {
  if (!IsInstance(claimed.instance())) {
    return absl::InvalidArgumentError(
        "part.instance is not 1 to 64 letters, digits, '-' and '_'; make one at the start of the "
        "process");
  }
  if (!IsAddress(claimed.address())) {
    return absl::InvalidArgumentError("part.address is not host:port, IPv6 in brackets");
  }
  if (claimed.services_size() > kMostNames || claimed.topics_size() > kMostNames ||
      claimed.authorities_size() > kMostNames) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "a part has at most %d services, topics and authorities each; split it", kMostNames));
  }
  if (claimed.version().size() > 64) {
    return absl::InvalidArgumentError("part.version has more than 64 characters");
  }
  v1::Part part = claimed;
  part.DiscardUnknownFields();
  part.set_name("parts/" + identity.Path() + "/instances/" + claimed.instance());
  part.set_identity(identity.Uri());
  part.clear_register_time();
  part.clear_expire_time();
  // A part with nothing to offer, such as a gateway, has no contract.
  if (part.services().empty() && part.topics().empty()) part.clear_contract_hash();
  SortUnique(*part.mutable_services());
  SortUnique(*part.mutable_topics());
  SortUnique(*part.mutable_authorities());
  return part;
}

bool SameButTimes(v1::Part a, v1::Part b) {
  for (v1::Part* part : {&a, &b}) {
    part->clear_register_time();
    part->clear_expire_time();
  }
  return a.SerializeAsString() == b.SerializeAsString();
}

// Whether two claims cannot stand side by side if they are of two identities.
bool Conflict(const std::string& a, const std::string& b) {
  if (a == b) return true;
  const size_t space_a = a.find(' ');
  const size_t space_b = b.find(' ');
  const auto route_a = Route::Parse(a.substr(0, space_a), a.substr(space_a + 1));
  const auto route_b = Route::Parse(b.substr(0, space_b), b.substr(space_b + 1));
  return route_a.ok() && route_b.ok() && route_a->Overlaps(*route_b);
}

absl::Status Taken(const std::string& claim, const std::string& by, const std::string& owned,
                   const std::string& owner) {
  return absl::AlreadyExistsError(absl::StrFormat(
      "%s belongs to %s (registered as %s); %s cannot have it. If the owner is not coming back, an "
      "operator frees its routes: simpul parts release %s",
      claim, owner, owned, by, owner));
}

}  // namespace

Registry::Registry(store::Store& store, Clock& clock, absl::Duration lease, Changed changed)
    : store_(store), clock_(clock), lease_(lease), changed_(std::move(changed)) {}

absl::StatusOr<std::unique_ptr<Registry>> Registry::Open(store::Store& store, Clock& clock,
                                                         absl::Duration lease, Changed changed) {
  std::unique_ptr<Registry> registry(new Registry(store, clock, lease, std::move(changed)));
  if (auto status = registry->Load(); !status.ok()) return status;
  return registry;
}

absl::Status Registry::Load() {
  absl::MutexLock changes(&changes_);
  std::map<std::string, v1::Part> instances;
  auto status = store_.Read([&](store::Transaction& transaction) {
    changes_.AssertHeld();
    auto read =
        transaction.Query("SELECT route, identity FROM route", {}, [&](const store::Row& row) {
          changes_.AssertHeld();
          owners_.emplace(row.Text(0), row.Text(1));
          return absl::OkStatus();
        });
    if (!read.ok()) return read;
    return transaction.Query("SELECT part FROM instance", {}, [&](const store::Row& row) {
      v1::Part part;
      const std::string_view bytes = row.Bytes(0);
      if (!part.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
        return absl::DataLossError("a row of the table instance is damaged; delete it");
      }
      *part.mutable_expire_time() = ToProto(clock_.Now() + lease_);
      instances.emplace(part.name(), std::move(part));
      return absl::OkStatus();
    });
  });
  if (!status.ok()) return status;
  {
    absl::MutexLock lock(&mutex_);
    instances_ = std::move(instances);
  }
  changed_(parts(), {});
  return absl::OkStatus();
}

absl::StatusOr<v1::Part> Registry::Register(const rpc::Identity& identity, const v1::Part& claimed,
                                            std::string_view protoset) {
  auto part = Canonical(identity, claimed);
  if (!part.ok()) return part.status();
  if (Renew(*part)) return part;

  absl::MutexLock changes(&changes_);
  auto contract = FindContract(*part, protoset);
  if (!contract.ok()) return contract.status();
  if (auto status = MayRegister(identity, *part, **contract); !status.ok()) return status;
  if (auto status = CheckRoom(*part); !status.ok()) return status;
  auto claims = NewClaims(*part, **contract);
  if (!claims.ok()) return claims.status();

  const absl::Time now = clock_.Now();
  *part->mutable_register_time() = ToProto(now);
  {
    absl::MutexLock lock(&mutex_);
    const auto known = instances_.find(part->name());
    if (known != instances_.end()) *part->mutable_register_time() = known->second.register_time();
  }
  *part->mutable_expire_time() = ToProto(now + lease_);
  const bool is_new_contract =
      !part->contract_hash().empty() && !contracts_.contains(part->contract_hash());
  if (auto s = Write(*part, is_new_contract ? protoset : std::string_view(), *claims); !s.ok())
    return s;

  if (!part->contract_hash().empty()) contracts_[part->contract_hash()] = *contract;
  for (const Claim& claim : *claims) owners_.emplace(claim.text, claim.identity);
  {
    absl::MutexLock lock(&mutex_);
    instances_[part->name()] = *part;
  }
  changed_({*part}, {});
  return part;
}

bool Registry::Renew(v1::Part& part) {
  absl::MutexLock lock(&mutex_);
  const auto known = instances_.find(part.name());
  if (known == instances_.end() || !SameButTimes(known->second, part)) return false;
  *known->second.mutable_expire_time() = ToProto(clock_.Now() + lease_);
  part = known->second;
  return true;
}

absl::StatusOr<std::shared_ptr<const Contract>> Registry::FindContract(const v1::Part& part,
                                                                       std::string_view protoset) {
  const std::string& hash = part.contract_hash();
  if (hash.empty()) {
    if (part.services().empty() && part.topics().empty()) return std::make_shared<Contract>();
    return absl::InvalidArgumentError(
        "part.contract_hash is empty, but the part has services or topics; register its protoset");
  }
  if (const auto known = contracts_.find(hash); known != contracts_.end()) return known->second;
  if (auto stored = Protoset(hash); stored.ok()) {
    auto contract = Contract::Read(*stored);
    if (contract.ok()) contracts_[hash] = *contract;
    return contract;
  } else if (!absl::IsNotFound(stored.status())) {
    return stored.status();
  }
  if (protoset.empty()) {
    return absl::FailedPreconditionError(
        absl::StrFormat("no contract has the hash %s yet; register again with its protoset", hash));
  }
  if (rpc::ContractHash(protoset) != hash) {
    return absl::InvalidArgumentError("part.contract_hash is not the SHA-256 of the protoset");
  }
  return Contract::Read(protoset);
}

absl::Status Registry::CheckRoom(const v1::Part& part) const {
  absl::MutexLock lock(&mutex_);
  if (instances_.contains(part.name())) return absl::OkStatus();
  const auto same = std::count_if(instances_.begin(), instances_.end(), [&](const auto& known) {
    return known.second.identity() == part.identity();
  });
  if (same < kMostInstances) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrFormat(
      "%s has %d instances on the bus already; wait for the lease of stopped ones to end",
      part.identity(), kMostInstances));
}

absl::StatusOr<std::vector<Registry::Claim>> Registry::NewClaims(const v1::Part& part,
                                                                 const Contract& contract) const {
  std::vector<Claim> claims;
  for (const std::string& name : part.services()) {
    const Contract::Service* service = contract.FindService(name);
    if (service == nullptr || !service->is_public) continue;
    claims.push_back({std::string(kService) + name, part.identity()});
    for (const Route& route : service->routes) claims.push_back({route.Text(), part.identity()});
  }
  std::vector<Claim> fresh;
  for (Claim& claim : claims) {
    const bool is_service = claim.text.starts_with(kService);
    for (const auto& [owned, owner] : owners_) {
      if (owner == part.identity() || is_service != owned.starts_with(kService)) continue;
      if (Conflict(claim.text, owned)) return Taken(claim.text, part.identity(), owned, owner);
    }
    if (!owners_.contains(claim.text)) fresh.push_back(std::move(claim));
  }
  return fresh;
}

absl::Status Registry::Write(const v1::Part& part, std::string_view protoset,
                             const std::vector<Claim>& claims) {
  const std::string bytes = part.SerializeAsString();
  const int64_t now = absl::ToUnixMicros(clock_.Now());
  auto status = store_.Transact([&](store::Transaction& transaction) -> absl::Status {
    if (!protoset.empty()) {
      auto written = transaction.Execute(
          "INSERT INTO contract (hash, protoset) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING",
          {part.contract_hash(), store::Blob{protoset}});
      if (!written.ok()) return written.status();
    }
    for (const Claim& claim : claims) {
      auto written = transaction.Execute(
          "INSERT INTO route (route, identity, claim_us) VALUES ($1, $2, $3) "
          "ON CONFLICT (route) DO NOTHING",
          {claim.text, claim.identity, now});
      if (!written.ok()) return written.status();
    }
    auto written = transaction.Execute(
        "INSERT INTO instance (name, part) VALUES ($1, $2) "
        "ON CONFLICT (name) DO UPDATE SET part = excluded.part",
        {part.name(), store::Blob{bytes}});
    kBeforeCommit.Pass();
    return written.status();
  });
  kAfterCommit.Pass();
  return status;
}

absl::Status Registry::Deregister(const rpc::Identity& identity, const std::string& instance) {
  absl::MutexLock changes(&changes_);
  return Remove({"parts/" + identity.Path() + "/instances/" + instance});
}

void Registry::Expire() {
  absl::MutexLock changes(&changes_);
  std::vector<std::string> late;
  {
    absl::MutexLock lock(&mutex_);
    const absl::Time now = clock_.Now();
    for (const auto& [name, part] : instances_) {
      if (FromProto(part.expire_time()) <= now) late.push_back(name);
    }
  }
  if (late.empty()) return;
  for (const std::string& name : late) {
    observe::Log(observe::Severity::kWarning, "catalogue", "a part's lease ran out",
                 {{"name", name}});
  }
  if (auto status = Remove(late); !status.ok()) {
    observe::Log(observe::Severity::kError, "catalogue",
                 "expired parts stay in the store and come back for one lease at a restart",
                 {{"error", observe::StatusText(status)}});
  }
}

absl::Status Registry::Remove(const std::vector<std::string>& names) {
  std::vector<std::string> gone;
  {
    absl::MutexLock lock(&mutex_);
    for (const std::string& name : names) {
      if (instances_.erase(name) != 0) gone.push_back(name);
    }
  }
  if (gone.empty()) return absl::OkStatus();
  changed_({}, gone);
  return store_.Transact([&](store::Transaction& transaction) -> absl::Status {
    for (const std::string& name : gone) {
      auto deleted = transaction.Execute("DELETE FROM instance WHERE name = $1", {name});
      if (!deleted.ok()) return deleted.status();
    }
    return absl::OkStatus();
  });
}

std::vector<v1::Part> Registry::parts() const {
  absl::MutexLock lock(&mutex_);
  std::vector<v1::Part> parts;
  parts.reserve(instances_.size());
  for (const auto& [name, part] : instances_) parts.push_back(part);
  return parts;
}

absl::StatusOr<std::string> Registry::Protoset(const std::string& hash) const {
  std::string protoset;
  auto status = store_.Read([&](store::Transaction& transaction) {
    return transaction.Query("SELECT protoset FROM contract WHERE hash = $1", {hash},
                             [&](const store::Row& row) {
                               protoset = row.Bytes(0);
                               return absl::OkStatus();
                             });
  });
  if (!status.ok()) return status;
  if (protoset.empty()) {
    return absl::NotFoundError("no contract has this hash; ListParts gives those in use");
  }
  return protoset;
}

absl::StatusOr<std::vector<std::string>> Registry::ReleaseRoutes(const std::string& identity) {
  absl::MutexLock changes(&changes_);
  for (const v1::Part& part : parts()) {
    if (part.identity() != identity) continue;
    return absl::FailedPreconditionError(
        absl::StrFormat("%s is on the bus at %s; stop it first", identity, part.address()));
  }
  std::vector<std::string> freed;
  for (const auto& [claim, owner] : owners_) {
    if (owner == identity) freed.push_back(claim);
  }
  if (freed.empty()) {
    return absl::NotFoundError(
        "this identity owns no routes; give the SPIFFE ID that the refusal named");
  }
  auto status = store_.Transact([&](store::Transaction& transaction) {
    return transaction.Execute("DELETE FROM route WHERE identity = $1", {identity}).status();
  });
  if (!status.ok()) return status;
  for (const std::string& claim : freed) owners_.erase(claim);
  return freed;
}

}  // namespace simpul::catalogue
