// The real Kafka of the environment, and who may do what on it, for tests of domain services.
#ifndef SIMPUL_SERVICES_DOMAIN_TESTING_KAFKA_PEER_H_
#define SIMPUL_SERVICES_DOMAIN_TESTING_KAFKA_PEER_H_

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bus/kafka/connection.h"
#include "bus/rpc/identity.h"

namespace simpul::domain {

// Set by tests/with-peers; immutable, thread-safe.
class KafkaPeer {
 public:
  KafkaPeer()
      : brokers_(Variable("SIMPUL_TEST_KAFKA")), certificates_(Variable("SIMPUL_TEST_CERTS")) {}

  bool is_there() const { return !brokers_.empty() && !certificates_.empty(); }
  static constexpr char kNone[] =
      "SIMPUL_TEST_KAFKA or SIMPUL_TEST_CERTS is not set: run it by tests/with-peers";

  const std::string& brokers() const { return brokers_; }

  // Null: there is no such certificate.
  std::shared_ptr<const rpc::Credentials> Of(const std::string& path) const {
    auto loaded = rpc::Credentials::Load(rpc::CertificateFiles::In(certificates_ + "/" + path));
    return loaded.ok() ? *loaded : nullptr;
  }

  kafka::Connection As(const std::string& path) const {
    const auto files = rpc::CertificateFiles::In(certificates_ + "/" + path);
    return {.brokers = brokers_,
            .ca = files.ca,
            .certificate = files.certificate,
            .key = files.key,
            .client_id = path};
  }

  // What a domain service and the adapters of one department need.
  absl::Status Grant(const std::string& service, const std::string& department) const {
    using G = kafka::Grant;
    std::vector<G> grants;
    const auto on_topics = [&](const std::string& who, const std::string& prefix,
                               std::initializer_list<G::Operation> operations) {
      for (const auto operation : operations) {
        grants.push_back({"User:" + who, G::Resource::kTopic, prefix, true, operation});
      }
    };
    using enum G::Operation;
    const std::string who = "service/" + service;
    on_topics(who, "simpul." + service + ".v1.", {kRead, kWrite, kCreate, kDescribe});
    on_topics(who, "simpul.source.", {kRead, kDescribe});
    grants.push_back({"User:" + who, G::Resource::kGroup, service, false, kRead});
    on_topics("adapter/" + department, "simpul.source." + department + ".",
              {kRead, kWrite, kCreate, kDescribe});
    return kafka::EnsureGrants(As("operator/admin"), grants, absl::Seconds(30));
  }

 private:
  static std::string Variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
  }

  const std::string brokers_;
  const std::string certificates_;
};

}  // namespace simpul::domain

#endif  // SIMPUL_SERVICES_DOMAIN_TESTING_KAFKA_PEER_H_
