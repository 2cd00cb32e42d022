#include "services/catalogue/route.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"

namespace simpul::catalogue {
namespace {

absl::Status Malformed(std::string_view path) {
  return absl::InvalidArgumentError(absl::StrFormat(
      "REST path %s is no template of google.api.http; write it as /v1/{name=things/*}", path));
}

// "/v1/{name=things/*}" to "/v1/things/*", "{id}" to "*".
absl::StatusOr<std::string> WithoutVariables(std::string_view path) {
  std::string out;
  for (size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '}') return Malformed(path);
    if (path[i] != '{') {
      out += path[i];
      continue;
    }
    const size_t end = path.find('}', i);
    if (end == std::string_view::npos) return Malformed(path);
    const std::string_view variable = path.substr(i + 1, end - i - 1);
    const size_t equals = variable.find('=');
    const std::string_view field = variable.substr(0, equals);
    const std::string_view segments =
        equals == std::string_view::npos ? "*" : variable.substr(equals + 1);
    if (field.empty() || segments.empty() || variable.find('{') != std::string_view::npos) {
      return Malformed(path);
    }
    out += segments;
    i = end;
  }
  return out;
}

bool IsWild(std::string_view segment) { return segment == "*" || segment == "**"; }

}  // namespace

absl::StatusOr<Route> Route::Parse(std::string_view method, std::string_view path) {
  if (method.empty() || path.empty() || path[0] != '/') return Malformed(path);
  auto flat = WithoutVariables(path);
  if (!flat.ok()) return flat.status();

  Route route;
  route.method_ = method;
  std::string_view rest = *flat;
  if (const size_t colon = rest.rfind(':'); colon != std::string_view::npos) {
    route.verb_ = rest.substr(colon + 1);
    rest = rest.substr(0, colon);
    if (route.verb_.empty() || route.verb_.find('/') != std::string::npos) return Malformed(path);
  }
  while (!rest.empty()) {
    rest.remove_prefix(1);  // the slash
    const size_t slash = std::min(rest.find('/'), rest.size());
    route.segments_.emplace_back(rest.substr(0, slash));
    rest.remove_prefix(slash);
  }
  for (size_t i = 0; i < route.segments_.size(); ++i) {
    const std::string& segment = route.segments_[i];
    const bool last = i + 1 == route.segments_.size();
    if (segment.empty() || (segment == "**" && !last)) return Malformed(path);
    if (!IsWild(segment) && segment.find('*') != std::string::npos) return Malformed(path);
  }
  return route;
}

bool Route::Overlaps(const Route& other) const {
  if (method_ != other.method_ || verb_ != other.verb_) return false;
  const size_t common = std::min(segments_.size(), other.segments_.size());
  for (size_t i = 0; i < common; ++i) {
    if (segments_[i] == "**" || other.segments_[i] == "**") return true;
    if (IsWild(segments_[i]) || IsWild(other.segments_[i])) continue;
    if (segments_[i] != other.segments_[i]) return false;
  }
  if (segments_.size() == other.segments_.size()) return true;
  // The longer one overlaps only if what it has more may be empty.
  const auto& longer = segments_.size() > other.segments_.size() ? segments_ : other.segments_;
  return longer.size() == common + 1 && longer.back() == "**";
}

std::string Route::Text() const {
  std::string text = method_ + " ";
  for (const std::string& segment : segments_) text += "/" + segment;
  if (!verb_.empty()) text += ":" + verb_;
  return text;
}

}  // namespace simpul::catalogue
