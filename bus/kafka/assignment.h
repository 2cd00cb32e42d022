// The partitions that a consumer has now, and where it stands in each.
#ifndef SIMPUL_BUS_KAFKA_ASSIGNMENT_H_
#define SIMPUL_BUS_KAFKA_ASSIGNMENT_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "bus/kafka/client.h"
#include "bus/kafka/consumer_rows.h"

namespace simpul::kafka {

struct Partition {
  std::string topic;
  int32_t id = 0;
  bool ours = true;   // until it is revoked
  bool lost = false;  // somebody else has moved the stored offset: look again
  bool positioned =
      false;  // Kafka sends from where the store says; until then its records are dropped
  std::optional<Progress> stored;
  int64_t expected = -1;      // of the next record; -1: whatever comes first
  bool out_of_range = false;  // Kafka has no record at `expected`
  // A record came whose offset is greater than expected: where, and how often in a row.
  int64_t gap_at = -1;
  int gap_seen = 0;
};

// What to do with a record that came.
enum class Arrival {
  kTake,
  kDrop,  // not ours, had before, or something before it is missing: that will be read again
};

// One thread.
class Assignment {
 public:
  Assignment(ConsumerRows& rows, std::string part) : rows_(rows), part_(std::move(part)) {}

  // The rebalance callback's two sides.
  void Assign(rd_kafka_t* client, const rd_kafka_topic_partition_list_t* partitions);
  void Revoke(rd_kafka_t* client);

  // Stops and restarts the flow of all records, without leaving the group.
  void Pause(rd_kafka_t* client);
  void Resume(rd_kafka_t* client);

  // Brings partitions that are not positioned to the stored offset; those that fail wait for the
  // next call. Where Kafka no longer has, or never had, what is expected, it counts the loss,
  // loudly, and goes on at what there is. Not while records are in hand.
  void Position(rd_kafka_t* client);

  std::shared_ptr<Partition> Find(const rd_kafka_message_t& message) const;
  Arrival Judge(Partition& partition, int64_t offset) const;

  // By topic and number; a view of the topic finds it too.
  struct Before {
    using is_transparent = void;
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
      return a.second != b.second ? a.second < b.second : a.first < b.first;
    }
  };
  using Partitions = std::map<std::pair<std::string, int32_t>, std::shared_ptr<Partition>, Before>;
  const Partitions& partitions() const { return partitions_; }

 private:
  // Each with the offset to go on at.
  PartitionList All() const;
  void Reassign(rd_kafka_t* client);
  absl::Status Seek(rd_kafka_t* client, Partition& partition);
  // Where the partition goes on, by what the broker has; nothing: where it is.
  std::optional<Progress> AfterLoss(rd_kafka_t* client, const Partition& partition) const;
  absl::Status Mend(rd_kafka_t* client, Partition& partition);

  ConsumerRows& rows_;
  const std::string part_;
  Partitions partitions_;
  bool paused_ = false;
};

}  // namespace simpul::kafka

#endif  // SIMPUL_BUS_KAFKA_ASSIGNMENT_H_
