// Where subscribers that keep up are fed from: one ring of recent records for all of them.
#ifndef SIMPUL_SERVICES_EVENTS_TAIL_H_
#define SIMPUL_SERVICES_EVENTS_TAIL_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "bus/kafka/reader.h"
#include "services/events/position.h"
#include "services/events/ring.h"

namespace simpul::events {

// Who is woken when there may be something to read.
class Follower {
 public:
  virtual ~Follower() = default;
  // Called on the tail's thread, under no lock; must not block.
  virtual void Wake() = 0;
};

// A subscriber's place. Its owner gives it to one call at a time; between calls that left it
// waiting the Tail moves it.
struct Cursor {
  std::weak_ptr<Follower> follower;
  std::vector<std::string> types;  // sorted
  std::vector<int> topics;         // the Tail's numbers for `types`
  std::string prefix;              // of the names of resources
  Position position;               // all before it has been returned or does not match

  // The Tail's own:
  bool joined = false;
  bool waiting = false;
  uint64_t number = 0;  // of the next record in the ring
  // CatchUp's own: whether only the partition that lags is to be read next.
  bool narrow_turn = false;
};

// The ring and who waits at its end. A record that comes wakes only those whose type and prefix
// match it, found by looking the prefixes up and not by asking each subscriber: an idle one costs
// nothing. Thread-safe.
class Tail {
 public:
  explicit Tail(size_t ring_bytes) : ring_(ring_bytes) {}

  // Says that a stream needs these types, which are read from `high` on unless they are read
  // already. Returns their numbers. Each Demand is followed by one Release.
  std::vector<int> Demand(const std::vector<std::string>& types, const Position& high);
  void Release(const std::vector<int>& topics, absl::Time now);

  enum class Outcome {
    kRecord,   // here is the next one; the position is after it
    kWaiting,  // nothing more now; the follower will be woken
    kBehind,   // the ring does not reach back to the position: catch up, then try again
  };
  Outcome Next(Cursor& cursor, SharedRecord* record);

  // The position, moved up to now if the cursor waits. The only way to read it while it may be
  // waiting.
  Position Refresh(Cursor& cursor);
  // The cursor will not be used any more.
  void Leave(Cursor& cursor);
  // Whether Next would not be kBehind.
  bool Reaches(const Cursor& cursor) const;
  // The first place where the ring does not reach back far enough: index of the type, and
  // partition.
  std::optional<std::pair<size_t, size_t>> Lag(const Cursor& cursor) const;

  // For the thread that reads. What to read changes when `plan` does.
  uint64_t plan() const { return plan_.load(std::memory_order_acquire); }
  std::vector<kafka::Reader::Position> Wanted() const;
  // The number of a topic that is read; -1 if it is not (any more).
  int TopicNumber(const std::string& type) const;
  // Takes a record in and returns who is to be woken. One that was read before is left out.
  std::vector<std::shared_ptr<Follower>> Append(SharedRecord record);
  // Passes over an unreadable or unwanted record.
  void Skip(int topic, int32_t partition, int64_t offset);
  // The records up to `high` cannot be read in order any more: whoever waits for them must catch
  // up.
  std::vector<std::shared_ptr<Follower>> Reset(const std::string& type,
                                               const std::vector<int64_t>& high);
  // Stops reading topics that nobody has needed since `before`.
  void Forget(absl::Time before);

  size_t ring_bytes() const;

 private:
  struct Topic {
    std::string type;
    bool read = false;
    int demand = 0;
    absl::Time idle_since;
    std::vector<int64_t> floor;  // the ring holds all from here on, per partition
    std::vector<int64_t> next;   // of the next record to come
    std::map<std::string, std::set<Cursor*>, std::less<>> waiting;  // by prefix
    std::map<size_t, int> prefix_lengths;  // of `waiting`, with how many there are
  };

  std::optional<std::pair<size_t, size_t>> LagLocked(const Cursor& cursor) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Wait(Cursor& cursor) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void StopWaiting(Cursor& cursor) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void MoveToNow(Cursor& cursor) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::vector<std::shared_ptr<Follower>> StopWaitingAll(const std::set<Cursor*>& cursors)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  Ring ring_ ABSL_GUARDED_BY(mutex_);
  std::vector<Topic> topics_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, int, std::less<>> numbers_ ABSL_GUARDED_BY(mutex_);
  std::atomic<uint64_t> plan_{0};
};

}  // namespace simpul::events

#endif  // SIMPUL_SERVICES_EVENTS_TAIL_H_
