#include "bus/kafka/client.h"

#include <syslog.h>

#include <algorithm>

#include "absl/strings/str_format.h"
#include "bus/kafka/event_headers.h"
#include "bus/observe/log.h"

namespace simpul::kafka {
namespace {

// What is no news: settings that we chose knowingly (CONFWARN), and what librdkafka tries again by
// itself, a connection (FAIL) and the right to send (GETPID). That Kafka is away is said once,
// elsewhere.
bool IsNoise(absl::string_view facility) {
  return facility == "CONFWARN" || facility == "FAIL" || facility == "GETPID";
}

void LogLine(const rd_kafka_t* client, int level, const char* facility, const char* text) {
  if (level > LOG_WARNING || IsNoise(facility)) return;
  // A lost connection is an error to librdkafka, though it mends that itself.
  observe::Log(
      level >= LOG_ERR ? observe::Severity::kWarning : observe::Severity::kError, "kafka", text,
      {{"client", client == nullptr ? "" : rd_kafka_name(client)}, {"facility", facility}});
}

// The log has said it already.
void IgnoreError(rd_kafka_t*, int, const char*, void*) {}

// Remembers the first setting that was refused.
class Configuration {
 public:
  Configuration() : conf_(rd_kafka_conf_new()) {}
  ~Configuration() {
    if (conf_ != nullptr) rd_kafka_conf_destroy(conf_);
  }
  Configuration(const Configuration&) = delete;

  void Set(const char* name, const std::string& value) {
    char text[256];
    if (rd_kafka_conf_set(conf_, name, value.c_str(), text, sizeof(text)) != RD_KAFKA_CONF_OK &&
        status_.ok()) {
      status_ = absl::InvalidArgumentError(absl::StrFormat("Kafka client: %s", text));
    }
  }

  rd_kafka_conf_t* get() const { return conf_; }
  void Release() { conf_ = nullptr; }
  const absl::Status& status() const { return status_; }

 private:
  rd_kafka_conf_t* conf_;
  absl::Status status_;
};

void Configure(const Connection& connection, Configuration& conf) {
  conf.Set("bootstrap.servers", connection.brokers);
  if (!connection.client_id.empty()) conf.Set("client.id", connection.client_id);
  conf.Set("log_level", "4");
  conf.Set("reconnect.backoff.ms", "50");
  conf.Set("reconnect.backoff.max.ms", "1000");
  conf.Set("socket.keepalive.enable", "true");
  conf.Set("topic.metadata.refresh.interval.ms", "30000");
  if (connection.certificate.empty()) return;
  conf.Set("security.protocol", "ssl");
  conf.Set("ssl.ca.location", connection.ca);
  conf.Set("ssl.certificate.location", connection.certificate);
  conf.Set("ssl.key.location", connection.key);
  conf.Set("ssl.endpoint.identification.algorithm", "https");
}

}  // namespace

absl::StatusOr<Client> NewClient(rd_kafka_type_t type, const Connection& connection,
                                 Settings settings,
                                 absl::FunctionRef<void(rd_kafka_conf_t*)> prepare) {
  Configuration conf;
  Configure(connection, conf);
  for (const auto& [name, value] : settings) conf.Set(name, value);
  if (!conf.status().ok()) return conf.status();
  rd_kafka_conf_set_log_cb(conf.get(), LogLine);
  rd_kafka_conf_set_error_cb(conf.get(), IgnoreError);
  prepare(conf.get());
  char text[512];
  rd_kafka_t* client = rd_kafka_new(type, conf.get(), text, sizeof(text));
  if (client == nullptr) {
    return absl::InvalidArgumentError(absl::StrFormat("cannot make a Kafka client: %s", text));
  }
  conf.Release();
  return Client(client);
}

absl::Status ToStatus(rd_kafka_resp_err_t error, std::string_view what) {
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return absl::OkStatus();
  const std::string text = absl::StrFormat("Kafka, %s: %s (%s)", what, rd_kafka_err2str(error),
                                           rd_kafka_err2name(error));
  switch (error) {
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
      return absl::PermissionDeniedError(text);
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      return absl::NotFoundError(text);
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
      return absl::OutOfRangeError(text);
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
    case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_SECURITY_DISABLED:
      return absl::FailedPreconditionError(text);
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
      return absl::InvalidArgumentError(text);
    default:
      return absl::UnavailableError(text);
  }
}

absl::Status ToStatus(const rd_kafka_error_t* error, std::string_view what) {
  return error == nullptr ? absl::OkStatus() : ToStatus(rd_kafka_error_code(error), what);
}

absl::Status NoBroker(const Connection& connection, absl::Duration timeout) {
  return absl::UnavailableError(absl::StrFormat(
      "no Kafka broker of %s answered within %s: see whether it runs there and takes this "
      "certificate",
      connection.brokers, absl::FormatDuration(timeout)));
}

int Milliseconds(absl::Duration duration) {
  return static_cast<int>(std::clamp<int64_t>(absl::ToInt64Milliseconds(duration), 0, 3'600'000));
}

void EachHeaderOf(const rd_kafka_message_t& message,
                  absl::FunctionRef<void(std::string_view name, std::string_view value)> each) {
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0;
       rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    const auto* bytes = static_cast<const char*>(value);
    each(name, bytes == nullptr ? std::string_view() : std::string_view(bytes, size));
  }
}

absl::Status ReadRecord(const rd_kafka_message_t& message, Record& record) {
  EventReader reader(record.event);
  EachHeaderOf(message,
               [&](std::string_view name, std::string_view value) { reader.Add(name, value); });
  if (auto s = reader.Finish(); !s.ok()) return s;
  if (message.payload == nullptr) {
    record.event.data.clear();
  } else {
    record.event.data.assign(static_cast<const char*>(message.payload), message.len);
  }
  record.topic = rd_kafka_topic_name(message.rkt);
  record.partition = message.partition;
  record.offset = message.offset;
  rd_kafka_timestamp_type_t type;
  const int64_t timestamp = rd_kafka_message_timestamp(&message, &type);
  record.timestamp = type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? absl::UnixEpoch()
                                                              : absl::FromUnixMillis(timestamp);
  return absl::OkStatus();
}

}  // namespace simpul::kafka
