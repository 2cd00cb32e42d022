// A consumer's place in each partition and what it parked, in the part's store.
#ifndef SIMPUL_BUS_KAFKA_CONSUMER_ROWS_H_
#define SIMPUL_BUS_KAFKA_CONSUMER_ROWS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bus/kafka/client.h"
#include "bus/store/store.h"

namespace simpul::kafka {

// What became of the records of a partition; next - first is the sum of the rest.
struct Progress {
  int64_t first = 0;
  int64_t next = 0;
  int64_t delivered = 0;
  int64_t parked = 0;
  int64_t filtered = 0;
  int64_t duplicate = 0;
  int64_t expired = 0;
};

struct PartitionProgress {
  std::string topic;
  int32_t partition = 0;
  Progress progress;
};

// Thread-safe.
class ConsumerRows {
 public:
  ConsumerRows(store::Store& store, std::string group) : store_(store), group_(std::move(group)) {}

  // Nothing if the partition was never read.
  absl::StatusOr<std::optional<Progress>> Load(const std::string& topic, int32_t partition);
  absl::StatusOr<std::vector<PartitionProgress>> LoadAll();

  // Stores `after`, if the store still has `before`; false if it does not: somebody else reads the
  // partition. `before` is empty for a partition that was never read.
  absl::StatusOr<bool> Advance(store::Transaction& transaction, const std::string& topic,
                               int32_t partition, const std::optional<Progress>& before,
                               const Progress& after);

  // The same, in a transaction of its own.
  absl::StatusOr<bool> Store(const std::string& topic, int32_t partition,
                             const std::optional<Progress>& before, const Progress& after);

  absl::Status Park(store::Transaction& transaction, const rd_kafka_message_t& message,
                    std::string_view reason);

 private:
  store::Store& store_;
  const std::string group_;
};

}  // namespace simpul::kafka

#endif  // SIMPUL_BUS_KAFKA_CONSUMER_ROWS_H_
