// Which topics to read, and which departments are listened to.
#ifndef SIMPUL_SERVICES_DOMAIN_SOURCES_H_
#define SIMPUL_SERVICES_DOMAIN_SOURCES_H_

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "bus/kafka/consumer.h"
#include "bus/store/store.h"
#include "simpul/catalogue/v1/registry.pb.h"

namespace simpul::domain {

// Since when each department has been listened to: its adapter is on the bus and all it had
// published by then is applied. Silence counts from then at the earliest, so that our own absence
// is nobody's silence.
using Listening = std::map<std::string, absl::Time>;

// What a domain service reads.
struct SourceKind {
  std::string service;             // the source contract: "simpul.wifi.v1.WifiSourceService"
  std::vector<std::string> nouns;  // "session", "hotspot": how its topics end
};

// The table of source topics; apply with store::Migrate(store, "sources", SourceMigrations()).
std::span<const store::Migration> SourceMigrations();

// The department whose adapter `part` is, if it serves `service`; empty: it is none.
std::string AdapterOf(const simpul::catalogue::v1::Part& part, std::string_view service);

// The topics of all adapters that ever served one source contract: what an adapter published is
// applied also when it has left the bus. Keeps them in the store. Thread-safe.
class Sources {
 public:
  Sources(store::Store& store, SourceKind kind) : store_(store), kind_(std::move(kind)) {}

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
  bool IsOurs(const std::string& topic, const std::string& department) const;

  store::Store& store_;
  const SourceKind kind_;
  mutable absl::Mutex mutex_;
  std::set<std::string> topics_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> present_
      ABSL_GUARDED_BY(mutex_);  // departments whose adapter is on the bus
  Listening listening_ ABSL_GUARDED_BY(mutex_);
  // By department that is not listened to yet: how much each partition held when it was first seen.
  std::map<std::string, std::map<std::pair<std::string, int32_t>, int64_t>> backlog_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace simpul::domain

#endif  // SIMPUL_SERVICES_DOMAIN_SOURCES_H_
