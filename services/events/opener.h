// Finds out where a subscriber begins: the waiting that a stream's start needs, on one thread.
#ifndef SIMPUL_SERVICES_EVENTS_OPENER_H_
#define SIMPUL_SERVICES_EVENTS_OPENER_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "services/events/position.h"
#include "services/events/tail_reader.h"

namespace simpul::events {

// What Kafka keeps of some types, in their order.
struct Kept {
  Position low;   // the first offsets that are kept
  Position high;  // the offsets that the next records will get
};

// OUT_OF_RANGE: something after `position` is no longer kept, or the topic was made anew since.
// Partitions that were added since begin at 0.
absl::Status CheckKept(const Position& position, const Kept& kept);

// Asks Kafka once for all who came while it was asking. Thread-safe.
class Opener {
 public:
  struct Job {
    // The sorted types it needs; may wait for the store.
    std::function<absl::StatusOr<std::vector<std::string>>()> types;
    // Called with the answer, of a time after Add. UNAVAILABLE: Kafka does not answer, or a topic
    // did not come.
    std::function<void(absl::StatusOr<Kept>)> done;
    absl::Time since = absl::Now();
  };

  // `idle` is called about once a second on the same thread and may wait. A part's topics come a
  // moment after the part: who asks in between waits for them, for at most `patience`.
  Opener(OpenReader open, std::function<void()> idle, absl::Duration patience = absl::Seconds(10));
  ~Opener();  // answers those who wait with UNAVAILABLE

  // Calls `done` on the opener's thread; at the end, at once.
  void Add(Job job);

 private:
  void Run();
  void Serve(std::vector<Job>& jobs);
  // NOT_FOUND: there is no such topic.
  absl::Status Ask(const std::string& type, std::vector<int64_t>& low, std::vector<int64_t>& high);
  absl::StatusOr<Kept> Find(const std::vector<std::string>& types,
                            std::map<std::string, absl::StatusOr<Kept>>& answers);

  const OpenReader open_;
  const std::function<void()> idle_;
  const absl::Duration patience_;
  std::unique_ptr<kafka::Reader> reader_;  // of the thread
  std::vector<Job> early_;                 // of the thread: a topic of theirs is not there yet
  absl::Mutex mutex_;
  std::vector<Job> jobs_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace simpul::events

#endif  // SIMPUL_SERVICES_EVENTS_OPENER_H_
