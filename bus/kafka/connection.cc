// Topics and access rules, through the admin API.
#include "bus/kafka/connection.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "bus/kafka/client.h"

namespace simpul::kafka {
namespace {

struct MetadataDeleter {
  void operator()(const rd_kafka_metadata_t* metadata) const {
    rd_kafka_metadata_destroy(metadata);
  }
};
using Metadata = std::unique_ptr<const rd_kafka_metadata_t, MetadataDeleter>;

struct OptionsDeleter {
  void operator()(rd_kafka_AdminOptions_t* options) const {
    rd_kafka_AdminOptions_destroy(options);
  }
};
using Options = std::unique_ptr<rd_kafka_AdminOptions_t, OptionsDeleter>;

Options NewOptions(rd_kafka_t* client, rd_kafka_admin_op_t operation, absl::Duration timeout) {
  Options options(rd_kafka_AdminOptions_new(client, operation));
  char text[256];
  rd_kafka_AdminOptions_set_request_timeout(options.get(), Milliseconds(timeout), text,
                                            sizeof(text));
  if (operation == RD_KAFKA_ADMIN_OP_CREATETOPICS) {
    rd_kafka_AdminOptions_set_operation_timeout(options.get(), Milliseconds(timeout / 2), text,
                                                sizeof(text));
  }
  return options;
}

// Waits for the answer of an admin request.
absl::StatusOr<ClientEvent> Answer(rd_kafka_queue_t* queue, const Connection& connection,
                                   absl::Duration timeout) {
  // The request's own time limit ends first.
  ClientEvent event(rd_kafka_queue_poll(queue, Milliseconds(timeout + absl::Seconds(5))));
  if (event == nullptr) return NoBroker(connection, timeout);
  const rd_kafka_resp_err_t error = rd_kafka_event_error(event.get());
  if (error == RD_KAFKA_RESP_ERR__TIMED_OUT || error == RD_KAFKA_RESP_ERR__TRANSPORT) {
    return NoBroker(connection, timeout);
  }
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return ToStatus(error, "admin request");
  return event;
}

absl::StatusOr<std::set<std::string>> ExistingTopics(rd_kafka_t* client,
                                                     const Connection& connection,
                                                     absl::Duration timeout,
                                                     const std::stop_token& stop) {
  // In steps, as long as there is no broker to wait for.
  constexpr absl::Duration kStep = absl::Milliseconds(500);
  const absl::Time deadline = absl::Now() + timeout;
  const rd_kafka_metadata_t* raw = nullptr;
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR__TRANSPORT;
  while (error == RD_KAFKA_RESP_ERR__TRANSPORT && absl::Now() < deadline) {
    if (stop.stop_requested())
      return absl::CancelledError("stopped while no Kafka broker was there");
    error = rd_kafka_metadata(client, /*all_topics=*/1, nullptr, &raw, Milliseconds(kStep));
  }
  if (error == RD_KAFKA_RESP_ERR__TIMED_OUT) {  // there is one, and it is slow
    error = rd_kafka_metadata(client, /*all_topics=*/1, nullptr, &raw,
                              Milliseconds(std::max(deadline - absl::Now(), kStep)));
  }
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return NoBroker(connection, timeout);
  const Metadata metadata(raw);
  std::set<std::string> names;
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    if (metadata->topics[i].err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      names.insert(metadata->topics[i].topic);
    }
  }
  return names;
}

absl::Status CreateTopics(rd_kafka_t* client, const Connection& connection,
                          const std::vector<const Topic*>& topics, absl::Duration timeout) {
  std::vector<rd_kafka_NewTopic_t*> requests;
  for (const Topic* topic : topics) {
    char text[256];
    constexpr int kBrokersDefault = -1;
    rd_kafka_NewTopic_t* request = rd_kafka_NewTopic_new(topic->name.c_str(), topic->partitions,
                                                         kBrokersDefault, text, sizeof(text));
    if (request == nullptr) {
      rd_kafka_NewTopic_destroy_array(requests.data(), requests.size());
      return absl::InvalidArgumentError(absl::StrFormat("topic %s: %s", topic->name, text));
    }
    const std::string retention = absl::StrCat(absl::ToInt64Milliseconds(topic->retention));
    rd_kafka_NewTopic_set_config(request, "retention.ms", retention.c_str());
    rd_kafka_NewTopic_set_config(request, "cleanup.policy", "delete");
    // The relay's look-back counts on its own time stamps.
    rd_kafka_NewTopic_set_config(request, "message.timestamp.type", "CreateTime");
    requests.push_back(request);
  }
  const Queue queue(rd_kafka_queue_new(client));
  const Options options = NewOptions(client, RD_KAFKA_ADMIN_OP_CREATETOPICS, timeout);
  rd_kafka_CreateTopics(client, requests.data(), requests.size(), options.get(), queue.get());
  auto event = Answer(queue.get(), connection, timeout);
  rd_kafka_NewTopic_destroy_array(requests.data(), requests.size());
  if (!event.ok()) return event.status();
  size_t count = 0;
  const rd_kafka_topic_result_t** results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event->get()), &count);
  for (size_t i = 0; i < count; ++i) {
    const rd_kafka_resp_err_t error = rd_kafka_topic_result_error(results[i]);
    if (error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) continue;
    const std::string what = absl::StrCat("topic ", rd_kafka_topic_result_name(results[i]));
    if (auto s = ToStatus(error, what); !s.ok()) return s;
  }
  return absl::OkStatus();
}

rd_kafka_ResourceType_t ToResource(Grant::Resource resource) {
  switch (resource) {
    case Grant::Resource::kTopic:
      return RD_KAFKA_RESOURCE_TOPIC;
    case Grant::Resource::kGroup:
      return RD_KAFKA_RESOURCE_GROUP;
    case Grant::Resource::kCluster:
      return RD_KAFKA_RESOURCE_BROKER;
  }
  return RD_KAFKA_RESOURCE_UNKNOWN;
}

rd_kafka_AclOperation_t ToOperation(Grant::Operation operation) {
  switch (operation) {
    case Grant::Operation::kRead:
      return RD_KAFKA_ACL_OPERATION_READ;
    case Grant::Operation::kWrite:
      return RD_KAFKA_ACL_OPERATION_WRITE;
    case Grant::Operation::kCreate:
      return RD_KAFKA_ACL_OPERATION_CREATE;
    case Grant::Operation::kDescribe:
      return RD_KAFKA_ACL_OPERATION_DESCRIBE;
    case Grant::Operation::kIdempotentWrite:
      return RD_KAFKA_ACL_OPERATION_IDEMPOTENT_WRITE;
  }
  return RD_KAFKA_ACL_OPERATION_UNKNOWN;
}

absl::StatusOr<rd_kafka_AclBinding_t*> NewBinding(const Grant& grant) {
  char text[256];
  // Kafka has one cluster resource, with a fixed name.
  const bool cluster = grant.resource == Grant::Resource::kCluster;
  rd_kafka_AclBinding_t* binding = rd_kafka_AclBinding_new(
      ToResource(grant.resource), cluster ? "kafka-cluster" : grant.name.c_str(),
      grant.prefix && !cluster ? RD_KAFKA_RESOURCE_PATTERN_PREFIXED
                               : RD_KAFKA_RESOURCE_PATTERN_LITERAL,
      grant.principal.c_str(), "*", ToOperation(grant.operation),
      RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW, text, sizeof(text));
  if (binding == nullptr) {
    return absl::InvalidArgumentError(absl::StrFormat("a grant for %s: %s", grant.principal, text));
  }
  return binding;
}

}  // namespace

absl::Status EnsureTopics(const Connection& connection, const std::vector<Topic>& topics,
                          absl::Duration timeout, const std::stop_token& stop) {
  auto client = NewClient(RD_KAFKA_PRODUCER, connection, {});
  if (!client.ok()) return client.status();
  const absl::Time deadline = absl::Now() + timeout;
  auto existing = ExistingTopics(client->get(), connection, timeout, stop);
  if (!existing.ok()) return existing.status();
  std::vector<const Topic*> missing;
  for (const Topic& topic : topics) {
    if (!existing->contains(topic.name)) missing.push_back(&topic);
  }
  if (missing.empty()) return absl::OkStatus();
  return CreateTopics(client->get(), connection, missing,
                      std::max(deadline - absl::Now(), absl::Seconds(1)));
}

absl::Status EnsureGrants(const Connection& connection, const std::vector<Grant>& grants,
                          absl::Duration timeout) {
  if (grants.empty()) return absl::OkStatus();
  auto client = NewClient(RD_KAFKA_PRODUCER, connection, {});
  if (!client.ok()) return client.status();
  std::vector<rd_kafka_AclBinding_t*> bindings;
  absl::Status status;
  for (const Grant& grant : grants) {
    auto binding = NewBinding(grant);
    if (!binding.ok()) {
      status = binding.status();
      break;
    }
    bindings.push_back(*binding);
  }
  if (status.ok()) {
    const Queue queue(rd_kafka_queue_new(client->get()));
    const Options options = NewOptions(client->get(), RD_KAFKA_ADMIN_OP_CREATEACLS, timeout);
    rd_kafka_CreateAcls(client->get(), bindings.data(), bindings.size(), options.get(),
                        queue.get());
    auto event = Answer(queue.get(), connection, timeout);
    status = event.status();
    size_t count = 0;
    const rd_kafka_acl_result_t** results =
        event.ok() ? rd_kafka_CreateAcls_result_acls(rd_kafka_event_CreateAcls_result(event->get()),
                                                     &count)
                   : nullptr;
    for (size_t i = 0; i < count && status.ok(); ++i) {
      status = ToStatus(rd_kafka_acl_result_error(results[i]), "access rule");
    }
  }
  rd_kafka_AclBinding_destroy_array(bindings.data(), bindings.size());
  return status;
}

}  // namespace simpul::kafka
