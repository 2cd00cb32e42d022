// https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md, 3.2.
#include "bus/kafka/event.h"

#include <array>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"

namespace simpul::kafka {
namespace {

constexpr char kTimeFormat[] = "%Y-%m-%d%ET%H:%M:%E*SZ";

struct Attribute {
  std::string_view header;
  std::string Event::* field;
  bool required;
};

constexpr Attribute kAttributes[] = {
    {"ce_id", &Event::id, true},
    {"ce_source", &Event::source, true},
    {"ce_type", &Event::type, true},
    {"ce_subject", &Event::subject, true},
    {"ce_dataschema", &Event::dataschema, false},
    {"ce_traceparent", &Event::traceparent, false},
};

bool SameName(std::string_view a, std::string_view b) {
  return absl::EqualsIgnoreCase(absl::string_view(a.data(), a.size()),
                                absl::string_view(b.data(), b.size()));
}

absl::Status Missing(std::string_view header) {
  return absl::InvalidArgumentError(
      absl::StrFormat("the record is no CloudEvent in binary mode: header %s is missing", header));
}

absl::StatusOr<absl::Time> ParseEventTime(const std::string& text) {
  absl::Time time;
  // "infinite-future" and its like are absl's, not RFC 3339's.
  if (text.empty() || text[0] < '0' || text[0] > '9' ||
      !absl::ParseTime(absl::RFC3339_full, text, &time, nullptr)) {
    return absl::InvalidArgumentError("header ce_time is no RFC 3339 time");
  }
  return time;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> ToHeaders(const Event& event) {
  std::vector<std::pair<std::string, std::string>> headers;
  headers.reserve(10);
  headers.emplace_back("ce_specversion", "1.0");
  headers.emplace_back("ce_id", event.id);
  headers.emplace_back("ce_source", event.source);
  headers.emplace_back("ce_type", event.type);
  headers.emplace_back("ce_subject", event.subject);
  headers.emplace_back("ce_partitionkey", event.subject);
  headers.emplace_back("ce_time", absl::FormatTime(kTimeFormat, event.time, absl::UTCTimeZone()));
  if (!event.dataschema.empty()) headers.emplace_back("ce_dataschema", event.dataschema);
  if (!event.traceparent.empty()) headers.emplace_back("ce_traceparent", event.traceparent);
  headers.emplace_back("content-type", "application/protobuf");
  return headers;
}

absl::StatusOr<Event> FromHeaders(const std::vector<std::pair<std::string, std::string>>& headers,
                                  std::string data) {
  Event event;
  const std::string* version = nullptr;
  const std::string* time = nullptr;
  for (const auto& [name, value] : headers) {
    if (SameName(name, "ce_specversion")) version = &value;
    if (SameName(name, "ce_time")) time = &value;
    for (const Attribute& attribute : kAttributes) {
      if (SameName(name, attribute.header)) event.*attribute.field = value;
    }
  }
  if (version == nullptr) return Missing("ce_specversion");
  if (*version != "1.0") return absl::InvalidArgumentError("header ce_specversion is not 1.0");
  for (const Attribute& attribute : kAttributes) {
    if (attribute.required && (event.*attribute.field).empty()) return Missing(attribute.header);
  }
  if (time == nullptr) return Missing("ce_time");
  auto parsed = ParseEventTime(*time);
  if (!parsed.ok()) return parsed.status();
  event.time = *parsed;
  event.data = std::move(data);
  return event;
}

std::string EventId(std::string_view subject, int64_t revision) {
  return absl::StrFormat("%s@%d", subject, revision);
}

}  // namespace simpul::kafka
