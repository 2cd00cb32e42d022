#include "services/catalogue/sightings.h"

#include <algorithm>
#include <utility>

#include "google/protobuf/util/time_util.h"

namespace simpul::catalogue {
namespace {

using google::protobuf::util::TimeUtil;

constexpr absl::Duration kWriteEvery = absl::Minutes(1);

v1::Drift DriftOf(v1::Drift::Kind kind, const std::string& authority, const std::string& name) {
  v1::Drift drift;
  drift.set_kind(kind);
  drift.set_authority(authority);
  drift.set_application(name);
  return drift;
}

}  // namespace

absl::Status Sightings::Look(const std::vector<v1::Part>& parts) {
  std::set<std::string> now_present;
  for (const v1::Part& part : parts) {
    now_present.insert(part.authorities().begin(), part.authorities().end());
  }
  const absl::Time now = clock_.Now();
  std::set<std::string> written;
  {
    absl::MutexLock lock(&mutex_);
    if (now_present == present_ && (now_present.empty() || now - written_ < kWriteEvery)) {
      return absl::OkStatus();
    }
    // One that has just gone was there until now.
    std::set_union(present_.begin(), present_.end(), now_present.begin(), now_present.end(),
                   std::inserter(written, written.end()));
  }
  auto status = store_.Transact([&](store::Transaction& transaction) -> absl::Status {
    for (const std::string& authority : written) {
      auto saved = transaction.Write(
          "INSERT INTO sighting (authority, last_us) VALUES ($1, $2) "
          "ON CONFLICT (authority) DO UPDATE SET last_us = excluded.last_us",
          {authority, absl::ToUnixMicros(now)});
      if (!saved.ok()) return saved;
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return status;  // the next look tries again
  absl::MutexLock lock(&mutex_);
  present_ = std::move(now_present);
  written_ = now;
  return absl::OkStatus();
}

absl::StatusOr<std::vector<v1::Drift>> Sightings::FindDrift(const Inventory& inventory,
                                                            absl::Duration silent_for) const {
  std::map<std::string, int64_t> seen;
  auto status = store_.Read([&](store::Transaction& transaction) {
    return transaction.Query("SELECT authority, last_us FROM sighting", {},
                             [&](const store::Row& row) {
                               seen.emplace(row.Text(0), row.Int(1));
                               return absl::OkStatus();
                             });
  });
  if (!status.ok()) return status;
  const int64_t silent_before = absl::ToUnixMicros(clock_.Now() - silent_for);
  std::vector<v1::Drift> drifts;
  std::map<std::string, std::string> retired;
  std::set<std::string> listed;
  status = inventory.ForEach([&](const v1::Application& application) {
    const std::string authority = AuthorityOf(application);
    if (application.status() == v1::Application::RETIRED) {
      retired.emplace(authority, application.name());
      return;
    }
    listed.insert(authority);
    const auto sighting = seen.find(authority);
    if (sighting == seen.end()) {
      drifts.push_back(DriftOf(v1::Drift::NEVER_CONNECTED, authority, application.name()));
    } else if (application.status() == v1::Application::ACTIVE &&
               sighting->second < silent_before) {
      drifts.push_back(DriftOf(v1::Drift::SILENT, authority, application.name()));
    }
  });
  if (!status.ok()) return status;
  for (const auto& [authority, last_us] : seen) {
    if (listed.contains(authority) || last_us < silent_before) continue;
    drifts.push_back(DriftOf(v1::Drift::NOT_LISTED, authority, retired[authority]));
  }
  for (v1::Drift& drift : drifts) {
    const auto sighting = seen.find(drift.authority());
    if (sighting == seen.end()) continue;
    *drift.mutable_last_seen_time() = TimeUtil::MicrosecondsToTimestamp(sighting->second);
  }
  std::stable_sort(drifts.begin(), drifts.end(), [](const v1::Drift& a, const v1::Drift& b) {
    return a.authority() < b.authority();
  });
  return drifts;
}

}  // namespace simpul::catalogue
