#include "adapters/sources/rest/endpoint.h"

#include <curl/curl.h>

#include <algorithm>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"

namespace simpul::sources::rest {
namespace {

using Url = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

Url ParseUrl(const std::string& text) {
  Url url(curl_url(), curl_url_cleanup);
  if (curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) url.reset();
  return url;
}

std::string PartOf(const Url& url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url.get(), part, &text, flags) != CURLUE_OK) return "";
  std::string out = text;
  curl_free(text);
  return out;
}

// Scheme, host and port; empty if the scheme is not one of the web.
std::string OriginOf(const Url& url) {
  const std::string scheme = PartOf(url, CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") return "";
  const std::string port = PartOf(url, CURLUPART_PORT, CURLU_NO_DEFAULT_PORT);
  return scheme + "://" + absl::AsciiStrToLower(PartOf(url, CURLUPART_HOST)) +
         (port.empty() ? "" : ":" + port);
}

bool IsHeaderName(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(c) || c == '-' || c == '_';
  });
}

bool IsHeaderValue(const std::string& value) {
  return !value.empty() &&
         std::none_of(value.begin(), value.end(), [](char c) { return absl::ascii_iscntrl(c); });
}

}  // namespace

absl::StatusOr<Site> Site::Check(const Endpoint& endpoint) {
  Site out;
  const Url url = ParseUrl(endpoint.base_url);
  if (url == nullptr || OriginOf(url).empty()) {
    return absl::InvalidArgumentError(
        "base_url: expected an address that begins with http:// or https://");
  }
  for (const CURLUPart part :
       {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_QUERY, CURLUPART_FRAGMENT}) {
    if (!PartOf(url, part).empty()) {
      return absl::InvalidArgumentError("base_url: expected no user, query or fragment in it");
    }
  }
  out.origin_ = OriginOf(url);
  out.path_ = PartOf(url, CURLUPART_PATH);
  while (!out.path_.empty() && out.path_.back() == '/') out.path_.pop_back();
  out.ca_file_ = endpoint.ca_file;
  auto headers = endpoint.headers;
  const Auth& auth = endpoint.auth;
  if (auth.kind == Auth::Kind::kBasic) {
    headers.emplace_back("Authorization", "Basic " + absl::Base64Escape(absl::StrFormat(
                                                         "%s:%s", auth.name, auth.secret)));
  } else if (auth.kind == Auth::Kind::kBearer) {
    headers.emplace_back("Authorization", "Bearer " + auth.secret);
  } else if (auth.kind == Auth::Kind::kHeader) {
    headers.emplace_back(auth.name, auth.secret);
  }
  if (auth.kind != Auth::Kind::kNone && !IsHeaderValue(auth.secret)) {
    return absl::InvalidArgumentError("auth: expected a secret of one line");
  }
  for (const auto& [name, value] : headers) {
    if (!IsHeaderName(name) || !IsHeaderValue(value)) {
      return absl::InvalidArgumentError(
          absl::StrFormat("headers: expected a name and one line for each: '%s'", name));
    }
    out.header_lines_.push_back(absl::StrFormat("%s: %s", name, value));
  }
  return out;
}

absl::StatusOr<std::string> Site::Follow(const std::string& url, const std::string& link) const {
  const Url target = ParseUrl(url);
  if (target == nullptr ||
      curl_url_set(target.get(), CURLUPART_URL, link.c_str(), 0) != CURLUE_OK ||
      OriginOf(target) != origin_) {
    return absl::FailedPreconditionError(
        "leads to another host, where our credential does not go; set its address as base_url if "
        "it is right");
  }
  return origin_ + PartOf(target, CURLUPART_PATH) +
         (PartOf(target, CURLUPART_QUERY).empty() ? "" : "?" + PartOf(target, CURLUPART_QUERY));
}

}  // namespace simpul::sources::rest
