// Whether Kafka answers, asked over and over: what /readyz and a metric say of it.
#ifndef SIMPUL_CLI_KAFKA_WATCH_H_
#define SIMPUL_CLI_KAFKA_WATCH_H_

#include <functional>
#include <memory>
#include <thread>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bus/kafka/connection.h"
#include "bus/observe/admin_server.h"

namespace simpul::cli {

// Nobody waits for Kafka: a part that is ready answers reads, whether Kafka does or not. The log
// has a line when it stops to answer and one when it is back; `simpul_kafka_reachable` is 1 or 0.
// Owns a thread and a connection. Thread-safe.
class KafkaWatch {
 public:
  // `first` is done before Kafka counts as reached, and again until it succeeds; may be empty.
  // `admin`, which may be null, says on /readyz when Kafka is away.
  KafkaWatch(kafka::Connection connection, std::function<absl::Status()> first,
             observe::AdminServer* admin);
  ~KafkaWatch();  // waits for the question in hand

  // OK while Kafka answers; else why not.
  absl::Status status() const;

  // status(), once it is known, or after `patience`.
  absl::Status WaitUntilKnown(absl::Duration patience) const;

 private:
  struct State;
  void Run(const kafka::Connection& connection, const std::function<absl::Status()>& first);

  const std::shared_ptr<State> state_;  // the admin server's too, which may outlive us
  std::thread thread_;
};

}  // namespace simpul::cli

#endif  // SIMPUL_CLI_KAFKA_WATCH_H_
