// All streams that are open, and how many an agency may have.
#ifndef SIMPUL_SERVICES_EVENTS_STREAMS_H_
#define SIMPUL_SERVICES_EVENTS_STREAMS_H_

#include <map>
#include <memory>
#include <string>
#include <unordered_map>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "bus/testing/clock.h"
#include "services/events/stream.h"

namespace simpul::events {

// Thread-safe. Outlives its streams.
class Streams {
 public:
  Streams(Clock& clock, int per_agency) : clock_(clock), per_agency_(per_agency) {}

  // Opens one for this agency.
  // RESOURCE_EXHAUSTED: it has as many as it may. UNAVAILABLE: the service is stopping.
  absl::StatusOr<std::shared_ptr<Stream>> Open(const Feed& feed, const std::string& agency);

  // Gives those whose token may be old the chance to send one: only those that are due are looked
  // at.
  void Tick();

  // Ends all with UNAVAILABLE and lets no more come.
  void Stop();

 private:
  void Remove(Stream& stream, const std::string& agency);

  Clock& clock_;
  const int per_agency_;
  absl::Mutex mutex_;
  std::unordered_map<Stream*, std::weak_ptr<Stream>> open_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, int> of_agency_ ABSL_GUARDED_BY(mutex_);
  std::multimap<absl::Time, std::weak_ptr<Stream>> due_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace simpul::events

#endif  // SIMPUL_SERVICES_EVENTS_STREAMS_H_
