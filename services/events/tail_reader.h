// The one thread that reads the newest records of all public topics in demand.
#ifndef SIMPUL_SERVICES_EVENTS_TAIL_READER_H_
#define SIMPUL_SERVICES_EVENTS_TAIL_READER_H_

#include <functional>
#include <memory>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "bus/kafka/reader.h"
#include "bus/testing/clock.h"
#include "services/events/public_types.h"
#include "services/events/tail.h"

namespace simpul::events {

using OpenReader = std::function<absl::StatusOr<std::unique_ptr<kafka::Reader>>()>;

// What a subscriber gets of a record of this topic.
// DATA_LOSS: it is no event of the topic's type. NOT_FOUND: the topic is not public.
absl::StatusOr<SharedRecord> Encode(const PublicTypes& types, int topic, kafka::Record record);

// Feeds the Tail until destroyed. Thread-safe.
class TailReader {
 public:
  // `tail` and `types` outlive it. `tick` is called a few times a second, on the same thread.
  TailReader(OpenReader open, Tail& tail, const PublicTypes& types, Clock& clock,
             std::function<void()> tick);
  ~TailReader();

 private:
  void Run();
  // One look for a record, or for what else there is to do.
  absl::Status Step();
  absl::Status Probe();
  absl::Status Follow();
  void Take(kafka::Record record);
  absl::Status ResetWhatIsGone();
  void Report(const absl::Status& status);
  bool WaitOrStop(absl::Duration time);

  const OpenReader open_;
  Tail& tail_;
  const PublicTypes& types_;
  Clock& clock_;
  const std::function<void()> tick_;
  std::unique_ptr<kafka::Reader> reader_;  // of the thread, as is plan_
  uint64_t plan_ = 0;
  bool reads_ = false;
  absl::Time probed_ = absl::InfinitePast();
  absl::StatusCode last_ = absl::StatusCode::kUnavailable;  // what the last step came to
  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace simpul::events

#endif  // SIMPUL_SERVICES_EVENTS_TAIL_READER_H_
