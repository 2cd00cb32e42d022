#include "services/complaints/complaint.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "services/domain/source_event.h"

namespace simpul::complaints {
namespace {

using v1::Complaint;
using v1::SourceComplaint;

absl::Status CheckTimes(const SourceComplaint& source) {
  const std::pair<const char*, const google::protobuf::Timestamp*> times[] = {
      {"incident_time", &source.incident_time()},
      {"create_time", &source.create_time()},
      {"update_time", &source.update_time()}};
  for (const auto& [field, time] : times) {
    if (!domain::IsInRange(*time)) {
      return absl::InvalidArgumentError(
          absl::StrFormat("%s is not between the years 1 and 9999", field));
    }
  }
  for (const v1::HistoryEntry& entry : source.history()) {
    if (!domain::IsInRange(entry.time())) {
      return absl::InvalidArgumentError("history has a time not between the years 1 and 9999");
    }
  }
  return absl::OkStatus();
}

absl::Status Check(const SourceComplaint& source) {
  if (!Complaint::State_IsValid(source.state()) || source.state() == Complaint::STATE_UNSPECIFIED) {
    return absl::InvalidArgumentError(
        "state is missing or unknown; check the codes of the adapter's mapping");
  }
  if (!Complaint::Classification_IsValid(source.classification())) {
    return absl::InvalidArgumentError("classification is unknown");
  }
  if (source.has_latitude() != source.has_longitude() ||
      !IsOnEarth(source.latitude(), source.longitude())) {
    return absl::InvalidArgumentError("latitude and longitude are no place on the Earth");
  }
  return CheckTimes(source);
}

void SetPeopleAndPlace(const SourceComplaint& source, Complaint& complaint) {
  if (!source.reporter_name().empty() || !source.reporter_contact().empty() ||
      !source.reporter_nik().empty()) {
    complaint.mutable_reporter()->set_display_name(source.reporter_name());
    complaint.mutable_reporter()->set_contact(source.reporter_contact());
    complaint.mutable_reporter()->set_nik(source.reporter_nik());
  }
  if (!source.location_text().empty() || !source.location_area_code().empty() ||
      source.has_latitude()) {
    v1::Location& location = *complaint.mutable_location();
    location.set_text(source.location_text());
    location.set_area_code(source.location_area_code());
    if (source.has_latitude()) {
      location.set_latitude(source.latitude());
      location.set_longitude(source.longitude());
    }
  }
}

std::string LastNote(const SourceComplaint& source) {
  if (!source.note().empty()) return source.note();
  const auto& history = source.history();
  const auto last = std::find_if(history.rbegin(), history.rend(),
                                 [](const auto& entry) { return !entry.note().empty(); });
  return last == history.rend() ? "" : last->note();
}

// What may follow what.
constexpr std::pair<Complaint::State, Complaint::State> kSteps[] = {
    {Complaint::RECEIVED, Complaint::VERIFIED},
    {Complaint::RECEIVED, Complaint::DEFERRED},
    {Complaint::RECEIVED, Complaint::NOT_AUTHORIZED},
    {Complaint::RECEIVED, Complaint::ARCHIVED},
    {Complaint::VERIFIED, Complaint::FORWARDED},
    {Complaint::VERIFIED, Complaint::IN_PROGRESS},
    {Complaint::VERIFIED, Complaint::DEFERRED},
    {Complaint::VERIFIED, Complaint::NOT_AUTHORIZED},
    {Complaint::VERIFIED, Complaint::ARCHIVED},
    {Complaint::FORWARDED, Complaint::IN_PROGRESS},
    {Complaint::FORWARDED, Complaint::FOLLOWED_UP},
    {Complaint::FORWARDED, Complaint::DEFERRED},
    {Complaint::FORWARDED, Complaint::NOT_AUTHORIZED},
    {Complaint::IN_PROGRESS, Complaint::FORWARDED},
    {Complaint::IN_PROGRESS, Complaint::FOLLOWED_UP},
    {Complaint::IN_PROGRESS, Complaint::DEFERRED},
    {Complaint::FOLLOWED_UP, Complaint::IN_PROGRESS},
    {Complaint::FOLLOWED_UP, Complaint::CLOSED},
    {Complaint::CLOSED, Complaint::REOPENED},
    {Complaint::CLOSED, Complaint::ARCHIVED},
    {Complaint::DEFERRED, Complaint::VERIFIED},
    {Complaint::DEFERRED, Complaint::IN_PROGRESS},
    {Complaint::DEFERRED, Complaint::NOT_AUTHORIZED},
    {Complaint::DEFERRED, Complaint::ARCHIVED},
    {Complaint::NOT_AUTHORIZED, Complaint::FORWARDED},
    {Complaint::NOT_AUTHORIZED, Complaint::ARCHIVED},
    {Complaint::NOT_AUTHORIZED, Complaint::REOPENED},
    {Complaint::ARCHIVED, Complaint::REOPENED},
    {Complaint::REOPENED, Complaint::VERIFIED},
    {Complaint::REOPENED, Complaint::FORWARDED},
    {Complaint::REOPENED, Complaint::IN_PROGRESS},
    {Complaint::REOPENED, Complaint::CLOSED},
};

}  // namespace

bool IsOver(Complaint::State state) {
  return state == Complaint::CLOSED || state == Complaint::ARCHIVED ||
         state == Complaint::NOT_AUTHORIZED;
}

bool IsOnEarth(double latitude, double longitude) {
  return latitude >= -90 && latitude <= 90 && longitude >= -180 && longitude <= 180;
}

absl::StatusOr<Complaint> ComplaintOf(const SourceComplaint& source) {
  if (auto status = Check(source); !status.ok()) return status;
  Complaint complaint;
  complaint.set_name(source.name());
  complaint.set_tracking_id(source.tracking_id());
  complaint.set_title(source.title());
  complaint.set_content(source.content());
  complaint.set_classification(source.classification());
  complaint.set_state(source.state());
  complaint.set_category(source.category());
  *complaint.mutable_tags() = source.tags();
  complaint.set_channel(source.channel());
  complaint.set_anonymous(source.anonymous());
  complaint.set_secret(source.secret() || source.classification() == Complaint::WHISTLE_BLOWING);
  *complaint.mutable_attachments() = source.attachments();
  complaint.set_assignee(source.assignee());
  complaint.set_forwarded_to(source.forwarded_to());
  complaint.set_note(LastNote(source));
  *complaint.mutable_history() = source.history();
  if (source.has_incident_time()) *complaint.mutable_incident_time() = source.incident_time();
  if (source.has_create_time()) *complaint.mutable_create_time() = source.create_time();
  if (source.has_update_time()) *complaint.mutable_update_time() = source.update_time();
  SetPeopleAndPlace(source, complaint);
  return complaint;
}

void ClearSecrets(Complaint& complaint) {
  if (!complaint.secret()) return;
  complaint.clear_title();
  complaint.clear_content();
  complaint.clear_location();
  complaint.clear_attachments();
  complaint.clear_tags();
  complaint.clear_note();
  for (v1::HistoryEntry& entry : *complaint.mutable_history()) entry.clear_note();
}

bool MayBecome(Complaint::State from, Complaint::State to) {
  return from == to ||
         std::find(std::begin(kSteps), std::end(kSteps), std::pair(from, to)) != std::end(kSteps);
}

}  // namespace simpul::complaints
