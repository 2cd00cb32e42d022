// How a part reaches Kafka, and the topics it owns.
#ifndef SIMPUL_BUS_KAFKA_CONNECTION_H_
#define SIMPUL_BUS_KAFKA_CONNECTION_H_

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

struct rd_kafka_conf_s;

namespace simpul::kafka {

// Brokers and the certificate a part shows them. Mutual TLS is the only way in production; an empty
// `certificate` means plaintext, which only librdkafka's mock cluster in unit tests speaks.
struct Connection {
  std::string brokers;  // "host:port,host:port"
  std::string ca;       // PEM files
  std::string certificate;
  std::string key;
  std::string client_id;  // the part, shown in the broker's logs and quotas
};

// A topic as its owner creates it.
struct Topic {
  std::string name;
  int partitions = 6;
  absl::Duration retention = absl::Hours(24 * 7);
};

// Creates the topics that are missing, and leaves those that exist as they are.
// UNAVAILABLE: no broker answers within `timeout`. PERMISSION_DENIED: the certificate may not.
// CANCELLED: `stop` was requested while no broker was there.
absl::Status EnsureTopics(const Connection& connection, const std::vector<Topic>& topics,
                          absl::Duration timeout, const std::stop_token& stop = {});

// Who may read or write what: one ACL of the broker.
struct Grant {
  std::string principal;  // "User:service/wifi": the common name of the certificate
  enum class Resource { kTopic, kGroup, kCluster } resource;
  std::string name;     // of the topic or group
  bool prefix = false;  // whether `name` is a prefix
  enum class Operation { kRead, kWrite, kCreate, kDescribe, kIdempotentWrite } operation;
};

// Adds ACLs; those that stand already are left. For operators' certificates.
absl::Status EnsureGrants(const Connection& connection, const std::vector<Grant>& grants,
                          absl::Duration timeout);

}  // namespace simpul::kafka

#endif  // SIMPUL_BUS_KAFKA_CONNECTION_H_
