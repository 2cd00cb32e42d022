#include "services/wifi/applier.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "bus/testing/fault_point.h"
#include "google/protobuf/util/time_util.h"
#include "services/domain/apply.h"
#include "services/wifi/relink.h"
#include "services/wifi/session_state.h"

namespace simpul::wifi {
namespace {

using domain::ChangeOf;
using domain::IsInRange;
using domain::IsKey;
using google::protobuf::util::TimeUtil;
using kafka::Outcome;

const FaultPoint kBeforeApply("wifi.before_apply");
const FaultPoint kAfterApply("wifi.after_apply");

Outcome OutcomeOf(bool published) { return published ? Outcome::kDelivered : Outcome::kFiltered; }

absl::Status CheckFields(const v1::SourceSession& source) {
  for (const auto* time : {&source.start_time(), &source.update_time(), &source.stop_time()}) {
    if (!IsInRange(*time)) {
      return absl::InvalidArgumentError(
          "start_time, update_time or stop_time is not between the years 1 and 9999");
    }
  }
  if (source.interim_interval().seconds() > TimeUtil::kDurationMaxSeconds) {
    return absl::InvalidArgumentError("interim_interval is longer than 10,000 years");
  }
  if (!IsKey(source.unique_id()) || !IsKey(source.nas_address())) {
    return absl::InvalidArgumentError(
        "unique_id or nas_address is not at most 253 printable ASCII characters");
  }
  return absl::OkStatus();
}

// Later start, then longer name, then greater name: "…/10" is newer than "…/9".
bool IsNewer(const SessionRow& a, const SessionRow& b) {
  return std::tuple(a.start_us, a.name.size(), a.name) >
         std::tuple(b.start_us, b.name.size(), b.name);
}

}  // namespace

absl::StatusOr<Outcome> Applier::Apply(store::Transaction& transaction,
                                       const kafka::Record& record) {
  kBeforeApply.Pass();
  absl::StatusOr<Outcome> outcome = Outcome::kFiltered;
  if (domain::Holds<v1::SourceSessionEvent>(record)) {
    outcome = ApplySession(transaction, record);
  } else if (domain::Holds<v1::SourceHotspotEvent>(record)) {
    outcome = ApplyHotspot(transaction, record);
  }
  kAfterApply.Pass();
  return outcome;
}

absl::StatusOr<Outcome> Applier::ApplySession(store::Transaction& transaction,
                                              const kafka::Record& record) {
  return domain::ApplyEvent(
      record, &v1::SourceSessionEvent::session, "sessions",
      [&](const std::string& name) { return LoadSession(transaction, name); },
      [&](SessionRow row, const v1::SourceSession& source, const Cause& cause) {
        return Put(transaction, std::move(row), source, cause);
      },
      [&](SessionRow row, const Cause& cause) {
        return Delete(transaction, std::move(row), cause);
      });
}

absl::StatusOr<Outcome> Applier::ApplyHotspot(store::Transaction& transaction,
                                              const kafka::Record& record) {
  return domain::ApplyEvent(
      record, &v1::SourceHotspotEvent::hotspot, "hotspots",
      [&](const std::string& name) { return LoadHotspot(transaction, name); },
      [&](HotspotRow row, const v1::SourceHotspot& source, const Cause& cause) {
        return Put(transaction, std::move(row), source, cause);
      },
      [&](HotspotRow row, const Cause& cause) {
        return Delete(transaction, std::move(row), cause);
      });
}

absl::StatusOr<Outcome> Applier::Put(store::Transaction& transaction, SessionRow row,
                                     const v1::SourceSession& source, const Cause& cause) {
  if (auto status = CheckFields(source); !status.ok()) return status;
  auto session = SessionOf(source);
  if (!session.ok()) return session.status();
  const std::string old_unique_id = row.unique_id;
  const bool was_visible = row.is_visible;

  row.resource = *std::move(session);
  *row.resource.mutable_observe_time() = domain::ToProto(cause.observed);
  row.delete_us = 0;
  row.unique_id = source.unique_id();
  row.nas_address = source.nas_address();
  row.start_us = TimeUtil::TimestampToMicroseconds(source.start_time());
  row.silence_us = absl::ToInt64Microseconds(SilenceOf(source));
  row.lost_us = 0;
  if (row.resource.state() == v1::Session::ACTIVE && row.silence_us > 0) {
    row.lost_us = absl::ToUnixMicros(clock_.Now()) + row.silence_us;
  }

  auto same = LoadSame(transaction, row.department, row.unique_id, row.name);
  if (!same.ok()) return same.status();
  const bool is_newest = std::none_of(same->begin(), same->end(),
                                      [&](const SessionRow& other) { return IsNewer(other, row); });
  // The index allows one visible row of a unique id, so the others are hidden first.
  for (SessionRow& other : *same) {
    if (!is_newest || !other.is_visible) continue;
    if (auto shown = Show(transaction, other, false, cause); !shown.ok()) return shown.status();
  }
  auto published = Show(transaction, row, is_newest, cause);
  if (!published.ok()) return published.status();
  if (!is_newest) {
    auto status = Promote(transaction, row.department, row.unique_id, row.name, cause);
    if (!status.ok()) return status;
  }
  if (was_visible && old_unique_id != row.unique_id) {
    auto status = Promote(transaction, row.department, old_unique_id, row.name, cause);
    if (!status.ok()) return status;
  }
  return OutcomeOf(*published);
}

absl::StatusOr<Outcome> Applier::Delete(store::Transaction& transaction, SessionRow row,
                                        const Cause& cause) {
  const std::string unique_id = std::exchange(row.unique_id, "");
  const bool was_visible = row.is_visible;
  row.delete_us = absl::ToUnixMicros(clock_.Now());
  row.nas_address.clear();
  row.lost_us = 0;
  row.resource.Clear();
  *row.resource.mutable_observe_time() = domain::ToProto(cause.observed);
  auto published = Show(transaction, row, false, cause);
  if (!published.ok()) return published.status();
  if (was_visible) {
    auto status = Promote(transaction, row.department, unique_id, row.name, cause);
    if (!status.ok()) return status;
  }
  return OutcomeOf(*published);
}

absl::Status Applier::Promote(store::Transaction& transaction, const std::string& department,
                              const std::string& unique_id, const std::string& except,
                              const Cause& cause) {
  auto same = LoadSame(transaction, department, unique_id, except);
  if (!same.ok()) return same.status();
  const auto newest = std::max_element(same->begin(), same->end(),
                                       [](const auto& a, const auto& b) { return IsNewer(b, a); });
  if (newest == same->end() || newest->is_visible) return absl::OkStatus();
  return Show(transaction, *newest, true, cause).status();
}

absl::StatusOr<bool> Applier::Show(store::Transaction& transaction, SessionRow& row, bool visible,
                                   const Cause& cause) {
  const bool was_visible = std::exchange(row.is_visible, visible);
  const bool has_news = visible || was_visible;
  if (has_news) row.revision = revisions_.Next(row.revision);
  row.resource.set_name(row.name);
  row.resource.set_revision(row.revision);
  if (visible) {
    auto hotspot = FindHotspot(transaction, row.department, row.nas_address);
    if (!hotspot.ok()) return hotspot.status();
    row.resource.set_hotspot(*std::move(hotspot));
  }
  if (auto status = Save(transaction, row); !status.ok()) return status;
  if (!has_news) return false;
  auto status = Publish(publisher_, transaction, ChangeOf(was_visible, visible), row.resource,
                        cause.observed, cause.trace);
  if (!status.ok()) return status;
  return true;
}

absl::StatusOr<Outcome> Applier::Put(store::Transaction& transaction, HotspotRow row,
                                     const v1::SourceHotspot& source, const Cause& cause) {
  if (!IsKey(source.nas_address())) {
    return absl::InvalidArgumentError("nas_address is not at most 253 printable ASCII characters");
  }
  const std::string old_address = std::exchange(row.nas_address, source.nas_address());
  const bool was_visible = row.is_visible;
  row.delete_us = 0;
  row.resource.set_nas_address(source.nas_address());
  row.resource.set_display_name(source.display_name());
  row.resource.set_description(source.description());
  *row.resource.mutable_observe_time() = domain::ToProto(cause.observed);
  auto published = Show(transaction, row, true, cause);
  if (!published.ok()) return published.status();
  if (!was_visible || old_address != row.nas_address) {
    for (const std::string& address : {old_address, row.nas_address}) {
      auto status = QueueRelink(transaction, row.department, address);
      if (!status.ok()) return status;
    }
  }
  return OutcomeOf(*published);
}

absl::StatusOr<Outcome> Applier::Delete(store::Transaction& transaction, HotspotRow row,
                                        const Cause& cause) {
  const std::string address = std::exchange(row.nas_address, "");
  row.delete_us = absl::ToUnixMicros(clock_.Now());
  row.resource.Clear();
  *row.resource.mutable_observe_time() = domain::ToProto(cause.observed);
  auto published = Show(transaction, row, false, cause);
  if (!published.ok()) return published.status();
  auto status = QueueRelink(transaction, row.department, address);
  if (!status.ok()) return status;
  return OutcomeOf(*published);
}

absl::StatusOr<bool> Applier::Show(store::Transaction& transaction, HotspotRow& row, bool visible,
                                   const Cause& cause) {
  const bool was_visible = std::exchange(row.is_visible, visible);
  const bool has_news = visible || was_visible;
  if (has_news) row.revision = revisions_.Next(row.revision);
  row.resource.set_name(row.name);
  row.resource.set_revision(row.revision);
  if (auto status = Save(transaction, row); !status.ok()) return status;
  if (!has_news) return false;
  auto status = Publish(publisher_, transaction, ChangeOf(was_visible, visible), row.resource,
                        cause.observed, cause.trace);
  if (!status.ok()) return status;
  return true;
}

}  // namespace simpul::wifi
