#include "gateway/route_table.h"

#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_format.h"

namespace simpul::gateway {
namespace {

// Carries the events of all contracts, and takes personal data out of each by the contract of its
// type (services/events/public_types.h), which may be one that the gateway does not have.
constexpr char kEventBackbone[] = "simpul.events.v1.EventService";

// "wifi_v2" in a proto package is "wifi-v2" in an authority.
std::string Dashed(std::string_view part) {
  std::string out(part);
  std::replace(out.begin(), out.end(), '_', '-');
  return out;
}

std::vector<std::string_view> SplitDots(std::string_view text) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t dot = text.find('.');
    parts.push_back(text.substr(0, dot));
    if (dot == std::string_view::npos) return parts;
    text.remove_prefix(dot + 1);
  }
}

}  // namespace

bool Instance::operator==(const Instance& other) const {
  auto same = [](const sockaddr_storage& a, const sockaddr_storage& b) {
    return std::memcmp(&a, &b, sizeof a) == 0;
  };
  return name == other.name && address == other.address && plaintext == other.plaintext &&
         identity == other.identity &&
         std::equal(resolved.begin(), resolved.end(), other.resolved.begin(), other.resolved.end(),
                    same);
}

std::string AuthorityOf(std::string_view service, const std::vector<std::string>& authorities) {
  if (authorities.size() == 1) return authorities.front();
  const std::vector<std::string_view> parts = SplitDots(service);
  if (parts.size() < 4 || parts[0] != "simpul" || parts[1] != "dept") return "";
  const std::string wanted = Dashed(parts[3]) + "." + Dashed(parts[2]);
  return std::find(authorities.begin(), authorities.end(), wanted) == authorities.end() ? ""
                                                                                        : wanted;
}

std::shared_ptr<const RouteTable> RouteTable::Build(std::vector<Served> served, Metrics& metrics,
                                                    std::vector<std::string>& warnings) {
  std::shared_ptr<RouteTable> table(new RouteTable);
  table->served_ = std::move(served);
  table->reflection_ = std::make_unique<ReflectionIndex>();
  for (size_t i = 0; i < table->served_.size(); ++i) table->AddMethods(i, warnings, metrics);
  table->BuildRest(warnings);
  metrics.SetParts(table->instances_.size(), table->methods_.size());
  return table;
}

void RouteTable::AddMethods(size_t i, std::vector<std::string>& warnings, Metrics& metrics) {
  const Served& part = served_[i];
  const auto instance = static_cast<uint32_t>(instances_.size());
  bool is_public = false;
  for (const std::string& name : part.services) {
    const transcode::Service* service = part.contract->FindService(name);
    if (service == nullptr || !service->is_public) continue;
    if (!part.instance.plaintext && !part.authorities.empty() &&
        AuthorityOf(name, part.authorities).empty()) {
      warnings.push_back(absl::StrFormat("%s: none of its authorities serves %s; it is not routed",
                                         part.instance.name, name));
      continue;
    }
    is_public = true;
    reflection_->Add(part.contract, name);
    for (const transcode::Method& method : service->methods) {
      auto [it, added] = by_path_.try_emplace(method.path, nullptr);
      if (added) {
        auto route = std::make_unique<MethodRoute>();
        route->path = method.path;
        route->service = name;
        route->index = service_index_.try_emplace(name, service_index_.size()).first->second;
        route->client_streaming = method.client_streaming;
        route->server_streaming = method.server_streaming;
        route->metrics = metrics.Method(method.path);
        it->second = route.get();
        methods_.push_back(std::move(route));
      }
      std::string authority = AuthorityOf(name, part.authorities);
      if (authority.empty()) authority = part.instance.address;
      const bool strip = method.response->may_hold_personal && name != kEventBackbone;
      it->second->targets.push_back({instance, &method, part.contract.get(), nullptr,
                                     strip ? method.response : nullptr, std::move(authority)});
    }
  }
  if (is_public) instances_.push_back(part.instance);
  service_count_ = static_cast<uint32_t>(service_index_.size());
}

void RouteTable::BuildRest(std::vector<std::string>& warnings) {
  std::unordered_map<const transcode::Contract*, std::shared_ptr<const transcode::Contract>> shared;
  for (const Served& part : served_) shared.emplace(part.contract.get(), part.contract);
  auto add = [&](transcode::RestRouter::Builder& builder, const Target& target, bool warn) {
    if (target.method->rules.empty()) return;
    const absl::Status status = builder.Add(shared[target.contract], *target.method);
    if (!status.ok() && warn) warnings.push_back(std::string(status.message()));
  };
  transcode::RestRouter::Builder all;
  std::unordered_map<const transcode::Contract*, transcode::RestRouter::Builder> by_contract;
  for (const auto& route : methods_) {
    if (!route->unary()) continue;
    add(all, route->targets.front(), true);
    std::vector<const transcode::Contract*> seen;  // replicas have the same contract
    for (const Target& target : route->targets) {
      if (std::find(seen.begin(), seen.end(), target.contract) != seen.end()) continue;
      seen.push_back(target.contract);
      add(by_contract[target.contract], target, false);
    }
  }
  rest_ = std::move(all).Build();
  for (auto& [contract, builder] : by_contract) {
    routers_.emplace(contract, std::move(builder).Build());
  }
  for (const auto& route : methods_) {
    for (Target& target : route->targets) {
      if (const auto it = routers_.find(target.contract); it != routers_.end()) {
        target.rest = it->second.get();
      }
    }
  }
}

std::vector<sockaddr_storage> Resolve(const std::string& address) {
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) return {};
  std::string host = address.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), address.c_str() + colon + 1, &hints, &found) != 0) return {};
  std::vector<sockaddr_storage> out;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    sockaddr_storage storage{};
    std::memcpy(&storage, one->ai_addr, one->ai_addrlen);
    out.push_back(storage);
  }
  freeaddrinfo(found);
  return out;
}

}  // namespace simpul::gateway
