#include "bus/kafka/offsets.h"

#include <algorithm>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace simpul::kafka {
namespace {

// A topic that was just made, or a broker that just came back, has no leader for a moment.
bool IsLeaderless(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION ||
         error == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
         error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
}

// Calls until the partition has a leader. A topic that does not exist is believed sooner.
rd_kafka_resp_err_t WithLeader(absl::Duration timeout,
                               absl::FunctionRef<rd_kafka_resp_err_t()> call) {
  const absl::Time begun = absl::Now();
  while (true) {
    const rd_kafka_resp_err_t error = call();
    if (!IsLeaderless(error)) return error;
    const absl::Duration limit = error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART
                                     ? std::min(timeout, absl::Seconds(1))
                                     : timeout;
    if (absl::Now() - begun > limit) return error;
    absl::SleepFor(absl::Milliseconds(50));
  }
}

}  // namespace

absl::StatusOr<int> CountPartitions(rd_kafka_t* client, const std::string& topic,
                                    absl::Duration timeout) {
  rd_kafka_topic_t* handle = rd_kafka_topic_new(client, topic.c_str(), nullptr);
  const rd_kafka_metadata_t* metadata = nullptr;
  rd_kafka_resp_err_t error =
      rd_kafka_metadata(client, /*all_topics=*/0, handle, &metadata, Milliseconds(timeout));
  int count = 0;
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
    if (metadata->topic_cnt == 1) {
      error = metadata->topics[0].err;
      count = metadata->topics[0].partition_cnt;
    }
    rd_kafka_metadata_destroy(metadata);
  }
  rd_kafka_topic_destroy(handle);
  if (auto s = ToStatus(error, absl::StrCat("topic ", topic)); !s.ok()) return s;
  if (count == 0) return absl::NotFoundError(absl::StrCat("there is no topic ", topic, " yet"));
  return count;
}

absl::StatusOr<Watermarks> QueryWatermarks(rd_kafka_t* client, const std::string& topic,
                                           int32_t partition, absl::Duration timeout) {
  Watermarks marks;
  const rd_kafka_resp_err_t error = WithLeader(timeout, [&] {
    return rd_kafka_query_watermark_offsets(client, topic.c_str(), partition, &marks.low,
                                            &marks.high, Milliseconds(timeout));
  });
  if (auto s = ToStatus(error, absl::StrCat("topic ", topic)); !s.ok()) return s;
  return marks;
}

absl::StatusOr<int64_t> QueryOffsetAt(rd_kafka_t* client, const std::string& topic,
                                      int32_t partition, absl::Time time, absl::Duration timeout) {
  const PartitionList list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition);
  const rd_kafka_resp_err_t error = WithLeader(timeout, [&] {
    list->elems[0].offset = std::max<int64_t>(absl::ToUnixMillis(time), 0);
    const rd_kafka_resp_err_t asked =
        rd_kafka_offsets_for_times(client, list.get(), Milliseconds(timeout));
    return asked == RD_KAFKA_RESP_ERR_NO_ERROR ? list->elems[0].err : asked;
  });
  if (auto s = ToStatus(error, absl::StrCat("topic ", topic)); !s.ok()) return s;
  if (list->elems[0].offset >= 0) return list->elems[0].offset;
  auto marks = QueryWatermarks(client, topic, partition, timeout);
  if (!marks.ok()) return marks.status();
  return marks->high;
}

}  // namespace simpul::kafka
