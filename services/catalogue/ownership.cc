#include "services/catalogue/ownership.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "simpul/catalogue/v1/registry.pb.h"

namespace simpul::catalogue {
namespace {

// "public-works" to "public_works", as a proto package writes it.
std::string PackageWord(std::string name) {
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

// Whether `full_name` is "<package>.v<digits>.<Word>".
bool IsInVersionOf(std::string_view full_name, const std::string& package) {
  const std::string start = package + ".v";
  if (!full_name.starts_with(start)) return false;
  full_name.remove_prefix(start.size());
  const size_t dot = full_name.find('.');
  if (dot == 0 || dot == std::string_view::npos || dot + 1 == full_name.size()) return false;
  const std::string_view digits = full_name.substr(0, dot);
  return std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; }) &&
         full_name.find('.', dot + 1) == std::string_view::npos;
}

// A noun is a proto field's name: `[a-z][a-z0-9_]*`.
bool IsNoun(std::string noun) {
  std::replace(noun.begin(), noun.end(), '_', '-');
  return IsName(noun);
}

absl::Status NotIts(const rpc::Identity& identity, std::string_view what, std::string_view which,
                    std::string_view rule) {
  return absl::PermissionDeniedError(
      absl::StrFormat("%s may not register %s %s: %s", identity.Uri(), what, which, rule));
}

absl::Status MayServe(const rpc::Identity& identity, const std::string& name,
                      const Contract::Service& service) {
  if (identity.kind == "service") {
    const std::string package = "simpul." + PackageWord(identity.name);
    if (IsInVersionOf(name, package)) return absl::OkStatus();
    return NotIts(identity, "service", name,
                  absl::StrFormat("it owns the package %s.v1 alone", package));
  }
  const std::string own = "simpul.dept." + PackageWord(identity.name) + ".";
  if (name.starts_with(own)) return absl::OkStatus();
  if (name.starts_with("simpul.") && name.ends_with("SourceService") && !service.is_public) {
    return absl::OkStatus();
  }
  return NotIts(
      identity, "service", name,
      absl::StrFormat("an adapter serves internal source services (…SourceService) and the "
                      "packages below %s",
                      own));
}

absl::Status MayWrite(const rpc::Identity& identity, const std::string& topic,
                      const Contract& contract) {
  if (identity.kind == "service") {
    const std::string package = "simpul." + PackageWord(identity.name);
    if (IsInVersionOf(topic, package) && contract.HasEvent(topic)) return absl::OkStatus();
    return NotIts(identity, "topic", topic,
                  absl::StrFormat("its topics are the full names of the event messages of %s.v1 in "
                                  "its contract",
                                  package));
  }
  const std::vector<std::string> words = absl::StrSplit(topic, '.');
  if (words.size() == 5 && words[0] == "simpul" && words[1] == "source" &&
      words[2] == identity.name && IsName(words[3]) && IsNoun(words[4])) {
    return absl::OkStatus();
  }
  return NotIts(identity, "topic", topic,
                absl::StrFormat("its topics are simpul.source.%s.<app>.<noun>", identity.name));
}

absl::Status MayAnswerTo(const rpc::Identity& identity, const std::string& authority) {
  const std::vector<std::string> words = absl::StrSplit(authority, '.');
  if (identity.kind == "adapter" && words.size() == 2 && IsName(words[0]) &&
      words[1] == identity.name) {
    return absl::OkStatus();
  }
  return NotIts(identity, "authority", authority,
                "only adapters have some, <app>.<department> of their own department");
}

}  // namespace

bool IsName(std::string_view text) {
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  return !text.empty() && text.size() <= 63 && lower(text[0]) &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return lower(c) || (c >= '0' && c <= '9') || c == '-'; });
}

absl::Status MayRegister(const rpc::Identity& identity, const v1::Part& part,
                         const Contract& contract) {
  if (identity.kind == "gateway") {
    if (part.services().empty() && part.topics().empty() && part.authorities().empty()) {
      return absl::OkStatus();
    }
    return absl::PermissionDeniedError(absl::StrFormat(
        "%s may not register services, topics or authorities: a gateway has none of its own",
        identity.Uri()));
  }
  if ((identity.kind != "service" && identity.kind != "adapter") || !IsName(identity.name)) {
    return absl::PermissionDeniedError(absl::StrFormat(
        "%s may not register: parts are service/<name>, adapter/<department> and gateway",
        identity.Uri()));
  }
  for (const std::string& name : part.services()) {
    const Contract::Service* service = contract.FindService(name);
    if (service == nullptr) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "service %s is not in the contract that %s registers; add its file to the protoset", name,
          identity.Uri()));
    }
    if (auto status = MayServe(identity, name, *service); !status.ok()) return status;
  }
  for (const std::string& topic : part.topics()) {
    if (auto status = MayWrite(identity, topic, contract); !status.ok()) return status;
  }
  for (const std::string& authority : part.authorities()) {
    if (auto status = MayAnswerTo(identity, authority); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace simpul::catalogue
