// What a broker knows of a topic's partitions.
#ifndef SIMPUL_BUS_KAFKA_OFFSETS_H_
#define SIMPUL_BUS_KAFKA_OFFSETS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bus/kafka/client.h"
#include "bus/kafka/reader.h"

namespace simpul::kafka {

// NOT_FOUND: there is no such topic (yet). UNAVAILABLE, for all three: no broker answered in time.
absl::StatusOr<int> CountPartitions(rd_kafka_t* client, const std::string& topic,
                                    absl::Duration timeout);
absl::StatusOr<Watermarks> QueryWatermarks(rd_kafka_t* client, const std::string& topic,
                                           int32_t partition, absl::Duration timeout);
// The first offset at or after `time`; the high watermark if there is none.
absl::StatusOr<int64_t> QueryOffsetAt(rd_kafka_t* client, const std::string& topic,
                                      int32_t partition, absl::Time time, absl::Duration timeout);

}  // namespace simpul::kafka

#endif  // SIMPUL_BUS_KAFKA_OFFSETS_H_
