// Who may read and write which Kafka topics: the broker's ACLs of one city.
#ifndef SIMPUL_CLI_GRANTS_H_
#define SIMPUL_CLI_GRANTS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bus/kafka/connection.h"

namespace simpul::cli {

// An adapter on the bus.
struct GrantedAdapter {
  std::string department;
  std::string app;
  std::string service;  // the source contract that it implements
};

// What the parts need, and no more: a part makes and writes its own topics and reads them back; a
// domain service reads the source topics of the adapters that implement its source contract, as one
// group; the events service and the sample agency read public topics, the agency in groups of its
// own.
std::vector<kafka::Grant> GrantsOf(const std::vector<GrantedAdapter>& adapters);

// Of one department's directories with a mapping.yaml. As for LoadMapping.
absl::StatusOr<std::vector<GrantedAdapter>> ReadAdapters(
    const std::vector<std::string>& directories);

// How the operator, whose certificate is in the directory `certs`, reaches Kafka.
kafka::Connection OperatorConnection(const std::string& brokers, const std::string& certs);

}  // namespace simpul::cli

#endif  // SIMPUL_CLI_GRANTS_H_
