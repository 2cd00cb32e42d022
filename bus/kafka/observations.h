// Tells the readers of a part's topics up to when they know all, while nothing changes.
#ifndef SIMPUL_BUS_KAFKA_OBSERVATIONS_H_
#define SIMPUL_BUS_KAFKA_OBSERVATIONS_H_

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bus/kafka/producer.h"
#include "bus/kafka/relay.h"

namespace simpul::kafka {

// The last observation of each topic, told every 10 s at most. They are not stored: after a crash
// the next one comes soon enough. Thread-safe.
class Observations {
 public:
  void Set(Observation observation);

  // Those that may be told if all that was recorded before this call is sent.
  std::vector<Observation> Due(absl::Time now) const;

  // Sends them to each partition. `revision`: no smaller than any on these topics, since it may be
  // all that a look at their tail finds.
  absl::Status Tell(Producer& producer, const std::vector<Observation>& due, int64_t revision,
                    absl::Time now);

 private:
  struct Last {
    Observation observation;
    absl::Time told = absl::InfinitePast();
    absl::Time told_at = absl::InfinitePast();
  };

  mutable std::mutex mutex_;
  std::map<std::string, Last> last_;  // by topic
};

}  // namespace simpul::kafka

#endif  // SIMPUL_BUS_KAFKA_OBSERVATIONS_H_
