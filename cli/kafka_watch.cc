#include "cli/kafka_watch.h"

#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_format.h"
#include "absl/synchronization/mutex.h"
#include "bus/kafka/reader.h"
#include "bus/observe/log.h"
#include "prometheus/gauge.h"
#include "prometheus/registry.h"

namespace simpul::cli {
namespace {

constexpr absl::Duration kEvery = absl::Seconds(2);
constexpr absl::Duration kAnswer = absl::Seconds(2);
constexpr absl::Duration kRetry = absl::Milliseconds(500);
// There is no such topic; that this is known is an answer.
constexpr char kAnyTopic[] = "simpul";

absl::Status Ask(kafka::Reader& reader) {
  absl::Status status = reader.Partitions(kAnyTopic, kAnswer).status();
  const bool is_away = absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status);
  return is_away ? status : absl::OkStatus();
}

}  // namespace

struct KafkaWatch::State {
  explicit State(std::string name) : brokers(std::move(name)) {}

  // Returns whether to go on.
  bool Take(absl::Status now);

  const std::string brokers;
  prometheus::Gauge& reachable =
      prometheus::BuildGauge()
          .Name("simpul_kafka_reachable")
          .Help("1 while Kafka answers this process, which asks every 2 s, else 0")
          .Register(*observe::Metrics())
          .Add({});
  absl::Mutex mutex;
  bool is_known ABSL_GUARDED_BY(mutex) = false;
  bool is_stopping ABSL_GUARDED_BY(mutex) = false;
  absl::Status status ABSL_GUARDED_BY(mutex) = absl::UnavailableError("it was not asked yet");
};

bool KafkaWatch::State::Take(absl::Status now) {
  const bool is_ok = now.ok();
  absl::MutexLock lock(&mutex);
  if (!is_ok && (!is_known || status.ok())) {
    observe::Log(observe::Severity::kError, "kafka",
                 "Kafka does not answer; reads are answered meanwhile, and it is asked again",
                 {{"brokers", brokers}, {"error", observe::StatusText(now)}});
  }
  if (is_ok && is_known && !status.ok()) {
    observe::Log(observe::Severity::kWarning, "kafka", "Kafka answers again",
                 {{"brokers", brokers}});
  }
  is_known = true;
  status = std::move(now);
  reachable.Set(is_ok ? 1 : 0);
  return !mutex.AwaitWithTimeout(absl::Condition(&is_stopping), is_ok ? kEvery : kRetry);
}

KafkaWatch::KafkaWatch(kafka::Connection connection, std::function<absl::Status()> first,
                       observe::AdminServer* admin)
    : state_(std::make_shared<State>(connection.brokers)),
      thread_([this, connection, first = std::move(first)] { Run(connection, first); }) {
  if (admin == nullptr) return;
  admin->AddRemark("kafka", [state = state_]() -> absl::Status {
    absl::MutexLock lock(&state->mutex);
    return state->status;
  });
}

KafkaWatch::~KafkaWatch() {
  {
    absl::MutexLock lock(&state_->mutex);
    state_->is_stopping = true;
  }
  thread_.join();
}

void KafkaWatch::Run(const kafka::Connection& connection,
                     const std::function<absl::Status()>& first) {
  absl::Status done = first ? first() : absl::OkStatus();
  if (!done.ok() && !state_->Take(done)) return;
  auto reader = kafka::Reader::Open(connection);
  for (; !reader.ok(); reader = kafka::Reader::Open(connection)) {
    if (!state_->Take(reader.status())) return;
  }
  absl::Status status;
  do {
    status = Ask(**reader);  // on one connection, which says once that it cannot be made
    if (status.ok() && !done.ok()) status = done = first();
  } while (state_->Take(status));
}

absl::Status KafkaWatch::status() const {
  absl::MutexLock lock(&state_->mutex);
  return state_->status;
}

absl::Status KafkaWatch::WaitUntilKnown(absl::Duration patience) const {
  absl::MutexLock lock(&state_->mutex);
  state_->mutex.AwaitWithTimeout(absl::Condition(&state_->is_known), patience);
  return state_->status;
}

}  // namespace simpul::cli
