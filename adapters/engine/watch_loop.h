// The thread of one watch: polls and reconciles when they are due.
#ifndef SIMPUL_ADAPTERS_ENGINE_WATCH_LOOP_H_
#define SIMPUL_ADAPTERS_ENGINE_WATCH_LOOP_H_

#include <functional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "adapters/engine/watch.h"

namespace simpul::engine {

// Runs until destroyed, after the query in hand. A legacy that is away is asked again each time a
// poll is due, and logged once until it is back. Thread-safe.
class WatchLoop {
 public:
  // `committed` is called after each poll: there may be events to send. `observed` is called with a
  // time before which all that rows may still change is seen and committed. All of it outlives the
  // loop.
  WatchLoop(Watch& watch, const LoadedMapping& mapping, const ResourcePlan& plan, Clock& clock,
            std::function<void()> committed, std::function<void(absl::Time)> observed);
  ~WatchLoop();

  // Polls now.
  void Wake();

 private:
  void Run();
  // Waits for the next poll or a wake. False: it is to stop.
  bool Wait(absl::Duration at_most);
  bool IsStopping() const;
  void Tell(const absl::Status& status);

  Watch& watch_;
  const absl::Duration every_;
  const absl::Duration pause_;  // between chunks of a reconcile: polls and calls come first
  Clock& clock_;
  const std::string part_;  // for the log
  const std::string adapter_;
  const std::string resource_;
  const bool polls_see_changes_;  // else only a whole reconcile does
  const std::function<void()> committed_;
  const std::function<void(absl::Time)> observed_;
  std::string told_;  // the error that was logged last

  mutable absl::Mutex mutex_;
  bool is_stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_woken_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace simpul::engine

#endif  // SIMPUL_ADAPTERS_ENGINE_WATCH_LOOP_H_
