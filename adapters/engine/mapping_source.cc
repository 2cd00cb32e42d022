// How the application that a mapping names is reached on this machine.
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "adapters/engine/mapping.h"
#include "adapters/sources/rest/source.h"
#include "adapters/sources/sql/source.h"

namespace simpul::engine {
namespace {

absl::StatusOr<std::string> Resolve(const LoadedMapping& mapping, const char* what,
                                    const Referred& from) {
  if (!from.env.empty()) {
    const char* value = std::getenv(from.env.c_str());
    if (value != nullptr && *value != '\0') return std::string(value);
    return absl::FailedPreconditionError(
        absl::StrFormat("the adapter %s takes its %s from the variable %s, which is not set",
                        mapping.adapter, what, from.env));
  }
  std::ifstream file(from.file, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  const std::string value(absl::StripTrailingAsciiWhitespace(text.str()));
  if (file && !value.empty()) return value;
  return absl::FailedPreconditionError(
      absl::StrFormat("the adapter %s takes its %s from the file %s, which cannot be read",
                      mapping.adapter, what, from.file));
}

// "https://host:8443" of "https://host:8443/lapor".
std::string OriginOf(const std::string& url) {
  const size_t host = url.find("//");
  return host == std::string::npos ? url : url.substr(0, url.find('/', host + 2));
}

absl::StatusOr<std::unique_ptr<sources::Source>> OpenRest(const LoadedMapping& mapping) {
  const RestPlan& plan = mapping.rest;
  auto url = Resolve(mapping, "address", plan.url);
  if (!url.ok()) return url.status();
  sources::rest::Endpoint endpoint{.base_url = *url, .ca_file = plan.ca_file};
  if (!plan.secret.empty()) {
    auto secret = Resolve(mapping, "credential", plan.secret);
    if (!secret.ok()) return secret.status();
    using sources::rest::Auth;
    endpoint.auth = !plan.user.empty()     ? Auth::Basic(plan.user, *std::move(secret))
                    : !plan.header.empty() ? Auth::Header(plan.header, *std::move(secret))
                                           : Auth::Bearer(*std::move(secret));
  }
  for (const auto& [name, value] : plan.headers) {
    endpoint.headers.emplace_back(name, absl::StrReplaceAll(value, {{"{origin}", OriginOf(*url)}}));
  }
  auto source = sources::rest::Source::Create(endpoint, mapping.limits);
  if (!source.ok()) {
    return absl::FailedPreconditionError(absl::StrFormat("the adapter %s: %s", mapping.adapter,
                                                         std::string(source.status().message())));
  }
  return std::unique_ptr<sources::Source>(*std::move(source));
}

}  // namespace

absl::StatusOr<std::unique_ptr<sources::Source>> OpenSource(const LoadedMapping& mapping) {
  if (mapping.dsn.empty()) return OpenRest(mapping);
  auto dsn = Resolve(mapping, "data source", mapping.dsn);
  if (!dsn.ok()) return dsn.status();
  return std::unique_ptr<sources::Source>(
      new sources::sql::Source(*std::move(dsn), mapping.limits));
}

}  // namespace simpul::engine
