#include "services/domain/observation.h"

#include <algorithm>

#include "google/protobuf/util/time_util.h"
#include "services/domain/name.h"
#include "services/domain/source_event.h"
#include "simpul/type/v1/observation.pb.h"

namespace simpul::domain {

using google::protobuf::util::TimeUtil;
using type::v1::Observation;

std::span<const store::Migration> ObservationMigrations() {
  static constexpr store::Migration kSteps[] = {
      {1, R"(CREATE TABLE observation (
               topic TEXT NOT NULL,
               topic_partition BIGINT NOT NULL,
               department TEXT NOT NULL,
               noun TEXT NOT NULL,
               observe_us BIGINT NOT NULL,
               partitions BIGINT NOT NULL,
               PRIMARY KEY (topic, topic_partition));)"},
  };
  return kSteps;
}

bool IsObservation(const kafka::Record& record) {
  return record.event.type == Observation::descriptor()->full_name();
}

absl::StatusOr<kafka::Outcome> ApplyObservation(store::Transaction& transaction,
                                                const kafka::Record& record) {
  const auto topic = ParseSourceTopic(record.topic);
  if (!topic || record.event.source != "//simpul/adapter/" + topic->department) {
    return absl::InvalidArgumentError("the observation is not by the adapter that owns the topic");
  }
  Observation observation;
  if (!observation.ParseFromString(record.event.data) || !IsInRange(observation.observe_time()) ||
      observation.partitions() <= 0) {
    return absl::InvalidArgumentError("the data is no simpul.type.v1.Observation");
  }
  auto written = transaction.Write(
      "INSERT INTO observation (topic, topic_partition, department, noun, observe_us, partitions) "
      "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (topic, topic_partition) DO UPDATE SET "
      "observe_us = excluded.observe_us, partitions = excluded.partitions",
      {record.topic, static_cast<int64_t>(record.partition), topic->department, topic->noun,
       TimeUtil::TimestampToMicroseconds(observation.observe_time()),
       static_cast<int64_t>(observation.partitions())});
  if (!written.ok()) return written;
  return kafka::Outcome::kDelivered;
}

absl::StatusOr<Observed> Observed::Read(store::Transaction& transaction, std::string_view noun) {
  Observed observed;
  auto status = transaction.Query(
      "SELECT department, COUNT(*), MIN(observe_us), MAX(partitions) FROM observation "
      "WHERE noun = $1 GROUP BY department, topic",
      {noun}, [&](const store::Row& row) {
        const int64_t time = row.Int(1) >= row.Int(3) ? row.Int(2) : 0;
        const auto [entry, is_first] = observed.times_.emplace(row.Text(0), time);
        if (!is_first) entry->second = std::min(entry->second, time);
        return absl::OkStatus();
      });
  if (!status.ok()) return status;
  return observed;
}

void Observed::Raise(const std::string& name, google::protobuf::Timestamp& time) const {
  std::string_view department(name);  // "departments/{department}/…"
  department.remove_prefix(std::min(department.size(), std::string_view("departments/").size()));
  const auto found = times_.find(department.substr(0, department.find('/')));
  if (found == times_.end() || found->second <= TimeUtil::TimestampToMicroseconds(time)) return;
  time = TimeUtil::MicrosecondsToTimestamp(found->second);
}

}  // namespace simpul::domain
