#include "cli/grants.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "adapters/engine/mapping.h"
#include "bus/rpc/identity.h"

namespace simpul::cli {
namespace {

using kafka::Grant;
using Operation = Grant::Operation;
using Resource = Grant::Resource;

// A service that owns a domain's nouns.
struct DomainService {
  std::string_view name;      // of the part, which is its consumer group too
  std::string_view topics;    // what its public topics begin with
  std::string_view consumes;  // the source contract whose adapters it reads
};
constexpr DomainService kDomainServices[] = {
    {"complaints", "simpul.complaints.v1.", "simpul.complaints.v1.ComplaintSourceService"},
    {"wifi", "simpul.wifi.v1.", "simpul.wifi.v1.WifiSourceService"},
};

class Grants {
 public:
  void Own(const std::string& principal, std::string_view prefix) {
    for (const Operation operation :
         {Operation::kCreate, Operation::kWrite, Operation::kRead, Operation::kDescribe}) {
      Add(principal, Resource::kTopic, prefix, operation);
    }
    grants_.push_back({.principal = principal,
                       .resource = Resource::kCluster,
                       .name = "kafka-cluster",
                       .operation = Operation::kIdempotentWrite});
  }

  void Read(const std::string& principal, std::string_view prefix) {
    Add(principal, Resource::kTopic, prefix, Operation::kRead);
    Add(principal, Resource::kTopic, prefix, Operation::kDescribe);
  }

  void Add(const std::string& principal, Resource resource, std::string_view name,
           Operation operation, bool prefix = true) {
    grants_.push_back({.principal = principal,
                       .resource = resource,
                       .name = std::string(name),
                       .prefix = prefix,
                       .operation = operation});
  }

  std::vector<Grant> Take() { return std::move(grants_); }

 private:
  std::vector<Grant> grants_;
};

}  // namespace

std::vector<Grant> GrantsOf(const std::vector<GrantedAdapter>& adapters) {
  Grants grants;
  for (const DomainService& service : kDomainServices) {
    const std::string principal = absl::StrFormat("User:service/%s", service.name);
    grants.Own(principal, service.topics);
    grants.Add(principal, Resource::kGroup, service.name, Operation::kRead, false);
    grants.Read("User:service/events", service.topics);
    grants.Read("User:agency/sample", service.topics);
  }
  grants.Add("User:agency/sample", Resource::kGroup, "agency-sample", Operation::kRead);
  for (const GrantedAdapter& adapter : adapters) {
    const std::string topics =
        absl::StrFormat("simpul.source.%s.%s.", adapter.department, adapter.app);
    grants.Own(absl::StrFormat("User:adapter/%s", adapter.department), topics);
    for (const DomainService& service : kDomainServices) {
      if (adapter.service != service.consumes) continue;
      grants.Read(absl::StrFormat("User:service/%s", service.name), topics);
    }
  }
  return grants.Take();
}

absl::StatusOr<std::vector<GrantedAdapter>> ReadAdapters(
    const std::vector<std::string>& directories) {
  std::vector<GrantedAdapter> adapters;
  for (const std::string& directory : directories) {
    const auto mapping = engine::LoadMapping(directory);
    if (!mapping.ok()) return mapping.status();
    adapters.push_back({(*mapping)->department, (*mapping)->app, (*mapping)->service});
  }
  return adapters;
}

kafka::Connection OperatorConnection(const std::string& brokers, const std::string& certs) {
  const auto files = rpc::CertificateFiles::In(certs);
  return {.brokers = brokers,
          .ca = files.ca,
          .certificate = files.certificate,
          .key = files.key,
          .client_id = "operator"};
}

}  // namespace simpul::cli
