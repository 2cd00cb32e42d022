// Up to when a service knows all that its adapters saw, though nothing may have changed.
#ifndef SIMPUL_SERVICES_DOMAIN_OBSERVATION_H_
#define SIMPUL_SERVICES_DOMAIN_OBSERVATION_H_

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "bus/kafka/consumer.h"
#include "bus/store/store.h"
#include "google/protobuf/timestamp.pb.h"

namespace simpul::domain {

// Apply with store::Migrate(store, "observation", ObservationMigrations()).
std::span<const store::Migration> ObservationMigrations();

// Whether the record is a simpul.type.v1.Observation.
bool IsObservation(const kafka::Record& record);

// Takes it in. INVALID_ARGUMENT: it is damaged, or not by the adapter whose topic it stands on.
absl::StatusOr<kafka::Outcome> ApplyObservation(store::Transaction& transaction,
                                                const kafka::Record& record);

// By department, when the sources of one noun are known to have told all.
class Observed {
 public:
  // `noun` as its topics end: "session".
  static absl::StatusOr<Observed> Read(store::Transaction& transaction, std::string_view noun);

  // Moves the resource's observe_time to when its source last told all, if that is later.
  template <class Resource>
  void Show(Resource& resource) const {
    Raise(resource.name(), *resource.mutable_observe_time());
  }

 private:
  void Raise(const std::string& name, google::protobuf::Timestamp& time) const;

  std::map<std::string, int64_t, std::less<>> times_;  // in µs; 0: not of all its partitions
};

}  // namespace simpul::domain

#endif  // SIMPUL_SERVICES_DOMAIN_OBSERVATION_H_
