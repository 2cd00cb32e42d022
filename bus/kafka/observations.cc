#include "bus/kafka/observations.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "simpul/type/v1/observation.pb.h"

namespace simpul::kafka {
namespace {

constexpr absl::Duration kEvery = absl::Seconds(10);

Event EventOf(const Observation& observation, int32_t partition, int partitions, int64_t revision,
              absl::Time now) {
  const int64_t micros = absl::ToUnixMicros(observation.time);
  type::v1::Observation data;
  data.mutable_observe_time()->set_seconds(micros / 1'000'000);
  data.mutable_observe_time()->set_nanos(static_cast<int32_t>(micros % 1'000'000) * 1000);
  data.set_partitions(partitions);
  return {.id = EventId(absl::StrCat(observation.topic, "/", partition), revision),
          .source = observation.source,
          .type = data.GetTypeName(),
          .subject = observation.topic,
          .time = now,
          .dataschema = "",
          .traceparent = "",
          .data = data.SerializeAsString()};
}

}  // namespace

void Observations::Set(Observation observation) {
  const std::lock_guard lock(mutex_);
  Last& last = last_[observation.topic];
  last.observation = std::move(observation);
}

std::vector<Observation> Observations::Due(absl::Time now) const {
  std::vector<Observation> due;
  const std::lock_guard lock(mutex_);
  for (const auto& [topic, last] : last_) {
    if (last.observation.time > last.told && now - last.told_at >= kEvery) {
      due.push_back(last.observation);
    }
  }
  return due;
}

absl::Status Observations::Tell(Producer& producer, const std::vector<Observation>& due,
                                int64_t revision, absl::Time now) {
  for (const Observation& observation : due) {
    auto partitions = producer.CountPartitions(observation.topic);
    if (!partitions.ok()) return partitions.status();
    for (int32_t partition = 0; partition < *partitions; ++partition) {
      const Event event = EventOf(observation, partition, *partitions, revision, now);
      const auto error = producer.SendTo(observation.topic, partition, event);
      if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return ToStatus(error, observation.topic);
    }
    const std::lock_guard lock(mutex_);
    Last& last = last_[observation.topic];
    last.told = observation.time;
    last.told_at = now;
  }
  return absl::OkStatus();
}

}  // namespace simpul::kafka
