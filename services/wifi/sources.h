// Which topics to read, and which departments are listened to.
#ifndef SIMPUL_SERVICES_WIFI_SOURCES_H_
#define SIMPUL_SERVICES_WIFI_SOURCES_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "bus/kafka/consumer.h"
#include "bus/store/store.h"
#include "services/wifi/lost_stops.h"
#include "simpul/catalogue/v1/registry.pb.h"

namespace simpul::wifi {

// The topics of hotspots and sessions of all adapters that ever served WifiSourceService: what an
// adapter published is applied also when it has left the bus. Keeps them in the store. Thread-safe.
class Sources {
 public:
  explicit Sources(store::Store& store) : store_(store) {}

  // Reads the topics that earlier runs knew.
  absl::Status Load();

  // Takes in what the catalogue says. An error means that new topics could not be stored; they are
  // known nevertheless.
  absl::Status Update(const std::vector<simpul::catalogue::v1::Part>& parts);

  std::vector<std::string> topics() const;

  // Starts to listen to departments whose adapter is on the bus once all that their topics held
  // when it was first seen there is applied, and stops with those that left. Returns what is
  // listened to.
  Listening Listen(const std::vector<kafka::Accounting>& accounting, absl::Time now);

 private:
  store::Store& store_;
  mutable absl::Mutex mutex_;
  std::set<std::string> topics_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> present_
      ABSL_GUARDED_BY(mutex_);  // departments whose adapter is on the bus
  Listening listening_ ABSL_GUARDED_BY(mutex_);
  // By department that is not listened to yet: how much each partition held when it was first seen.
  std::map<std::string, std::map<std::pair<std::string, int32_t>, int64_t>> backlog_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace simpul::wifi

#endif  // SIMPUL_SERVICES_WIFI_SOURCES_H_
