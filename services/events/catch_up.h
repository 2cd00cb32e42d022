// Reads for subscribers that are behind the ring: a few readers take turns among them.
#ifndef SIMPUL_SERVICES_EVENTS_CATCH_UP_H_
#define SIMPUL_SERVICES_EVENTS_CATCH_UP_H_

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "services/events/public_types.h"
#include "services/events/tail.h"
#include "services/events/tail_reader.h"

namespace simpul::events {

// A subscriber that is behind. While it is queued or has its turn, its cursor is CatchUp's.
class Lagging {
 public:
  virtual ~Lagging() = default;
  virtual Cursor& cursor() = 0;
  // Whether its client is gone, so that its turn can end early.
  virtual bool finished() const = 0;
  // Ends its turn: the matching records that were read, and the cursor's position after them.
  // Whoever is behind still comes back once it has sent them. An error ends the subscriber.
  virtual void EndTurn(std::vector<SharedRecord> records, absl::Status status) = 0;
};

// At most `max_readers` threads, each with a Kafka reader, made when needed and closed after a
// while. A turn is bounded in records, bytes and time, and no turn waits for a client: one that is
// slow costs the records of a turn, not a reader. Thread-safe.
class CatchUp {
 public:
  CatchUp(OpenReader open, const Tail& tail, const PublicTypes& types, int max_readers);
  ~CatchUp();  // ends the turns of all who are queued with UNAVAILABLE

  // Gives it a turn when one is free.
  void Enqueue(std::shared_ptr<Lagging> lagging);

 private:
  // One thread's own, but for the last two.
  struct Worker {
    std::unique_ptr<kafka::Reader> reader;
    std::vector<std::string> types;  // what the reader is assigned, and where it stands
    Position position;
    // The one partition it reads, by type and number; all if unset.
    std::optional<std::pair<size_t, size_t>> narrow;
    absl::Time slot_end;  // how long one subscriber may keep the reader while others wait
    // Guarded by mutex_: whom the worker waits for a moment to come back, and whether he has.
    const Lagging* awaited = nullptr;
    std::shared_ptr<Lagging> returned;
  };

  void Run();
  std::shared_ptr<Lagging> Take(Worker& worker);
  std::shared_ptr<Lagging> AwaitReturn(Worker& worker) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void StopAwaiting(Worker& worker) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void GiveTurn(Worker& worker, Lagging& lagging);
  absl::Status Assign(Worker& worker, const Cursor& cursor);
  absl::Status Read(Worker& worker, Lagging& lagging, std::vector<SharedRecord>& records);
  SharedRecord Match(Cursor& cursor, kafka::Record record);
  void StepOverUnreadable(Worker& worker, Cursor& cursor);

  const OpenReader open_;
  const Tail& tail_;
  const PublicTypes& types_;
  const size_t max_readers_;
  absl::Mutex mutex_;
  std::deque<std::shared_ptr<Lagging>> queue_ ABSL_GUARDED_BY(mutex_);
  std::vector<Worker*> awaiting_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_ ABSL_GUARDED_BY(mutex_);
  size_t idle_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace simpul::events

#endif  // SIMPUL_SERVICES_EVENTS_CATCH_UP_H_
