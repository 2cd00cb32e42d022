#include "services/complaints/request.h"

#include <algorithm>
#include <string_view>
#include <tuple>

#include "absl/strings/str_format.h"
#include "services/complaints/complaint.h"
#include "services/domain/name.h"
#include "services/domain/source_event.h"

namespace simpul::complaints {
namespace {

using v1::Complaint;

constexpr size_t kWord = 1000;   // bytes of a line
constexpr size_t kText = 65536;  // bytes of a text
constexpr int kItems = 32;

absl::Status Bad(std::string_view path, std::string_view what) {
  return absl::InvalidArgumentError(absl::StrFormat("%s: %s", path, what));
}

absl::Status CheckSize(std::string_view path, std::string_view text, size_t most) {
  if (text.size() <= most) return absl::OkStatus();
  return Bad(path, absl::StrFormat("longer than %d bytes", most));
}

// Of the form alone: who somebody is, only Dukcapil can tell.
bool HasFormOfNik(std::string_view nik) {
  return nik.size() == 16 &&
         std::all_of(nik.begin(), nik.end(), [](char c) { return c >= '0' && c <= '9'; }) &&
         !nik.ends_with("0000");
}

absl::Status CheckReporter(const v1::Reporter& reporter) {
  if (!reporter.nik().empty() && !HasFormOfNik(reporter.nik())) {
    return Bad("complaint.reporter.nik", "not 16 digits, or the last four are 0000");
  }
  auto status = CheckSize("complaint.reporter.display_name", reporter.display_name(), kWord);
  if (!status.ok()) return status;
  return CheckSize("complaint.reporter.contact", reporter.contact(), kWord);
}

absl::Status CheckLocation(const v1::Location& location) {
  if (location.has_latitude() != location.has_longitude()) {
    return Bad("complaint.location", "latitude and longitude are set together or not at all");
  }
  if (!IsOnEarth(location.latitude(), location.longitude())) {
    return Bad("complaint.location", "latitude or longitude is no place on the Earth");
  }
  auto status = CheckSize("complaint.location.area_code", location.area_code(), kWord);
  if (!status.ok()) return status;
  return CheckSize("complaint.location.text", location.text(), kWord);
}

absl::Status CheckAttachments(const Complaint& complaint) {
  if (complaint.attachments_size() > kItems) return Bad("complaint.attachments", "more than 32");
  for (int i = 0; i < complaint.attachments_size(); ++i) {
    const v1::Attachment& attachment = complaint.attachments(i);
    const std::string path = absl::StrFormat("complaint.attachments[%d]", i);
    const std::string& uri = attachment.uri();
    if (!uri.starts_with("https://") && !uri.starts_with("http://")) {
      return Bad(path + ".uri", "not http or https");
    }
    const std::string_view host = std::string_view(uri).substr(uri.find("//") + 2);
    if (host.substr(0, host.find_first_of("/?#")).find('@') != host.npos) {
      return Bad(path + ".uri", "carries a credential");
    }
    if (attachment.size_bytes() < 0) return Bad(path + ".size_bytes", "negative");
    for (const std::string* text : {&uri, &attachment.media_type(), &attachment.display_name()}) {
      if (auto status = CheckSize(path, *text, 2 * kWord); !status.ok()) return status;
    }
  }
  return absl::OkStatus();
}

absl::Status CheckTexts(const Complaint& complaint) {
  if (complaint.title().empty()) return Bad("complaint.title", "missing");
  if (complaint.content().empty()) return Bad("complaint.content", "missing");
  if (complaint.tags_size() > kItems) return Bad("complaint.tags", "more than 32");
  for (const std::string& tag : complaint.tags()) {
    if (auto status = CheckSize("complaint.tags", tag, kWord); !status.ok()) return status;
  }
  for (const auto& [path, text, most] :
       {std::tuple{"complaint.title", &complaint.title(), kWord},
        std::tuple{"complaint.content", &complaint.content(), kText},
        std::tuple{"complaint.category", &complaint.category(), kWord},
        std::tuple{"complaint.channel", &complaint.channel(), kWord}}) {
    if (auto status = CheckSize(path, *text, most); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status CheckNew(const Complaint& complaint) {
  if (auto status = CheckTexts(complaint); !status.ok()) return status;
  if (complaint.classification() == Complaint::CLASSIFICATION_UNSPECIFIED ||
      !Complaint::Classification_IsValid(complaint.classification())) {
    return Bad("complaint.classification", "missing or unknown");
  }
  if (!domain::IsInRange(complaint.incident_time())) {
    return Bad("complaint.incident_time", "not between the years 1 and 9999");
  }
  if (auto status = CheckReporter(complaint.reporter()); !status.ok()) return status;
  if (auto status = CheckLocation(complaint.location()); !status.ok()) return status;
  return CheckAttachments(complaint);
}

v1::SourceComplaint SourceOf(const Complaint& complaint) {
  v1::SourceComplaint source;
  source.set_title(complaint.title());
  source.set_content(complaint.content());
  source.set_classification(complaint.classification());
  source.set_category(complaint.category());
  *source.mutable_tags() = complaint.tags();
  source.set_channel(complaint.channel());
  source.set_reporter_name(complaint.reporter().display_name());
  source.set_reporter_contact(complaint.reporter().contact());
  source.set_reporter_nik(complaint.reporter().nik());
  source.set_anonymous(complaint.anonymous());
  source.set_secret(complaint.secret() || complaint.classification() == Complaint::WHISTLE_BLOWING);
  source.set_location_text(complaint.location().text());
  source.set_location_area_code(complaint.location().area_code());
  if (complaint.location().has_latitude()) {
    source.set_latitude(complaint.location().latitude());
    source.set_longitude(complaint.location().longitude());
  }
  *source.mutable_attachments() = complaint.attachments();
  if (complaint.has_incident_time()) *source.mutable_incident_time() = complaint.incident_time();
  return source;
}

// Takes one field of the mask over.
absl::Status Take(const std::string& path, const Complaint& complaint,
                  v1::SourceComplaint& source) {
  if (path == "state") {
    if (complaint.state() == Complaint::STATE_UNSPECIFIED ||
        !Complaint::State_IsValid(complaint.state())) {
      return Bad("complaint.state", "missing or unknown");
    }
    source.set_state(complaint.state());
    return absl::OkStatus();
  }
  if (path == "note") {
    if (complaint.note().empty())
      return Bad("complaint.note", "missing, though update_mask has it");
    source.set_note(complaint.note());
    return CheckSize("complaint.note", complaint.note(), kText);
  }
  if (path == "assignee") {
    source.set_assignee(complaint.assignee());
    return CheckSize("complaint.assignee", complaint.assignee(), kWord);
  }
  if (path == "forwarded_to") {
    source.set_forwarded_to(complaint.forwarded_to());
    return CheckSize("complaint.forwarded_to", complaint.forwarded_to(), kWord);
  }
  return Bad("update_mask", "has a field other than state, note, assignee and forwarded_to");
}

}  // namespace

absl::Status CheckRequestId(const std::string& id) {
  if (!id.empty() && id.size() <= 64 &&
      std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c <= '~'; })) {
    return absl::OkStatus();
  }
  return Bad("request_id", "not 1 to 64 printable ASCII characters without space, such as a UUID");
}

absl::StatusOr<v1::CreateSourceComplaintRequest> ReadCreate(
    const v1::CreateComplaintRequest& request) {
  const auto department = domain::DepartmentOfParent(request.parent());
  if (!department || department->empty()) return Bad("parent", "not departments/{department}");
  if (auto status = CheckNew(request.complaint()); !status.ok()) return status;
  v1::CreateSourceComplaintRequest create;
  *create.mutable_complaint() = SourceOf(request.complaint());
  return create;
}

absl::StatusOr<v1::UpdateSourceComplaintRequest> ReadUpdate(
    const v1::UpdateComplaintRequest& request) {
  const Complaint& complaint = request.complaint();
  if (complaint.etag().empty()) {
    return Bad("complaint.etag", "missing; take it from the complaint as you read it");
  }
  if (request.update_mask().paths().empty()) {
    return Bad("update_mask", "empty; name the fields to change");
  }
  v1::UpdateSourceComplaintRequest update;
  update.mutable_complaint()->set_name(complaint.name());
  for (const std::string& path : request.update_mask().paths()) {
    if (auto status = Take(path, complaint, *update.mutable_complaint()); !status.ok()) {
      return status;
    }
    const auto& taken = update.update_mask().paths();
    if (std::find(taken.begin(), taken.end(), path) == taken.end()) {
      update.mutable_update_mask()->add_paths(path);
    }
  }
  return update;
}

}  // namespace simpul::complaints
