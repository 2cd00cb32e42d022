// Reads the ends of topics: what a relay has to know before it sends.
#ifndef SIMPUL_BUS_KAFKA_LOOK_BACK_H_
#define SIMPUL_BUS_KAFKA_LOOK_BACK_H_

#include <cstdint>
#include <map>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bus/kafka/client.h"
#include "bus/kafka/reader.h"

namespace simpul::kafka {

// One thread.
class LookBack {
 public:
  // Calls end with CANCELLED soon after `stop` was requested.
  static absl::StatusOr<LookBack> Open(const Connection& connection, std::stop_token stop);

  // The greatest revision that the last records of each partition of `topics` show: by their IDs
  // ("…@<revision>"), and by their times, which the revisions of that hour cannot be far above. The
  // times matter after a resync, which sends old revisions again.
  absl::StatusOr<int64_t> GreatestRevision(const std::vector<std::string>& topics);

  // Calls `each` with the ID of every record that has a time at or after the one given for its
  // topic, up to the end the topic has now. Records that are no events are passed over.
  absl::Status Since(
      const std::map<std::string, absl::Time>& times,
      absl::FunctionRef<absl::Status(std::string_view topic, std::string_view id)> each);

 private:
  struct Range {
    std::string topic;
    int32_t partition = 0;
    int64_t begin = 0;
    int64_t end = 0;
  };

  LookBack(Client client, std::stop_token stop)
      : client_(std::move(client)), stop_(std::move(stop)) {}

  // The partitions of `topic`, each from the offset that `begin` says. A topic that does not exist
  // has none.
  absl::Status AddRanges(
      const std::string& topic,
      absl::FunctionRef<absl::StatusOr<int64_t>(int32_t partition, Watermarks)> begin,
      std::vector<Range>& ranges);
  absl::Status ReadRanges(const std::vector<Range>& ranges,
                          absl::FunctionRef<absl::Status(const rd_kafka_message_t&)> each);

  Client client_;
  std::stop_token stop_;
};

}  // namespace simpul::kafka

#endif  // SIMPUL_BUS_KAFKA_LOOK_BACK_H_
