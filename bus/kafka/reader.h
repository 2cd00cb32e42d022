// A reader without a group: from given offsets on, keeping no state. For subscriptions and
// look-backs.
#ifndef SIMPUL_BUS_KAFKA_READER_H_
#define SIMPUL_BUS_KAFKA_READER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bus/kafka/connection.h"
#include "bus/kafka/consumer.h"

namespace simpul::kafka {

struct Watermarks {
  int64_t low = 0;   // the first offset that is kept
  int64_t high = 0;  // the offset the next record will get
};

// Owns one librdkafka consumer. One thread.
class Reader {
 public:
  virtual ~Reader() = default;

  // Who is assigned anew often asks for little of each partition at a time: the whole of an answer
  // is fetched before its first record can be had.
  static absl::StatusOr<std::unique_ptr<Reader>> Open(const Connection& connection,
                                                      int partition_fetch_bytes = 1 << 20);

  // Partitions of a topic. NOT_FOUND: there is no such topic (yet).
  virtual absl::StatusOr<int> Partitions(const std::string& topic, absl::Duration timeout) = 0;
  virtual absl::StatusOr<Watermarks> GetWatermarks(const std::string& topic, int32_t partition,
                                                   absl::Duration timeout) = 0;
  // The first offset at or after `time`; the high watermark if there is none.
  virtual absl::StatusOr<int64_t> OffsetAt(const std::string& topic, int32_t partition,
                                           absl::Time time, absl::Duration timeout) = 0;

  struct Position {
    std::string topic;
    int32_t partition = 0;
    int64_t offset = 0;  // of the next record
  };
  // Reads on from these positions and no others.
  virtual absl::Status Assign(const std::vector<Position>& positions) = 0;

  // The next record, or nothing within `timeout`. Records of one partition come in order.
  // OUT_OF_RANGE: the position is no longer kept. DATA_LOSS: the record is no CloudEvent; the
  // reader has moved past it.
  virtual absl::StatusOr<std::optional<Record>> Next(absl::Duration timeout) = 0;
};

}  // namespace simpul::kafka

#endif  // SIMPUL_BUS_KAFKA_READER_H_
