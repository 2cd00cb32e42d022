#include "services/events/request.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"

namespace simpul::events {
namespace {

constexpr int kMaxTypes = 16;
constexpr size_t kMaxName = 512;
constexpr size_t kMaxId = 63;

bool IsFullName(std::string_view name) {
  if (name.empty() || name.size() > kMaxName) return false;
  bool first = true;
  for (char c : name) {
    if (c == '.' && first) return false;
    if (c != '.' && !absl::ascii_isalpha(c) && c != '_' && (first || !absl::ascii_isdigit(c))) {
      return false;
    }
    first = c == '.';
  }
  return !first;
}

bool IsId(std::string_view id) {
  if (id.empty() || id.size() > kMaxId || !absl::ascii_islower(id[0])) return false;
  return std::all_of(id.begin(), id.end(), [](char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-';
  });
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ReadTypes(
    const google::protobuf::RepeatedPtrField<std::string>& types) {
  if (types.empty()) {
    return absl::InvalidArgumentError(
        "types: name at least one event type, such as simpul.wifi.v1.SessionEvent");
  }
  if (types.size() > kMaxTypes) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "types: %d are too many, at most %d in one stream", types.size(), kMaxTypes));
  }
  for (int i = 0; i < types.size(); ++i) {
    if (IsFullName(types[i])) continue;
    return absl::InvalidArgumentError(absl::StrFormat(
        "types[%d]: not the full name of a type, such as simpul.wifi.v1.SessionEvent", i));
  }
  std::vector<std::string> sorted(types.begin(), types.end());
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  return sorted;
}

absl::Status CheckPrefix(std::string_view prefix) {
  bool segment_begins = true;
  bool good = prefix.size() <= kMaxName;
  for (char c : prefix) {
    good = good && (absl::ascii_isalnum(c) || std::string_view("-_.~").find(c) != prefix.npos ||
                    (c == '/' && !segment_begins));
    segment_begins = c == '/';
  }
  if (!prefix.empty() && !absl::ascii_islower(prefix[0])) good = false;
  if (good) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat(
      "name_prefix: not the beginning of a resource name, such as departments/diskominfo/, of at "
      "most %d characters",
      kMaxName));
}

absl::StatusOr<std::string> ReadSubscriptionName(std::string_view field, std::string_view name) {
  constexpr std::string_view kCollection = "subscriptions/";
  if (name.starts_with(kCollection) && IsId(name.substr(kCollection.size()))) {
    return std::string(name.substr(kCollection.size()));
  }
  return absl::InvalidArgumentError(
      absl::StrFormat("%s: not the name of a subscription, such as subscriptions/my-app", field));
}

absl::Status CheckSubscriptionId(std::string_view id) {
  if (IsId(id)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat(
      "subscription_id: must be a lower-case letter, then lower-case letters, digits and '-', at "
      "most %d in all",
      kMaxId));
}

}  // namespace simpul::events
