#include "bus/kafka/look_back.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bus/kafka/offsets.h"

namespace simpul::kafka {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(15);
constexpr absl::Duration kOneTry = absl::Seconds(2);
// Of each partition, for the greatest revision.
constexpr int64_t kTail = 200;

std::string_view IdOf(const rd_kafka_message_t& message) {
  std::string_view id;
  EachHeaderOf(message, [&](std::string_view name, std::string_view value) {
    if (absl::EqualsIgnoreCase(absl::string_view(name.data(), name.size()), "ce_id")) id = value;
  });
  return id;
}

int64_t RevisionOf(std::string_view id) {
  const size_t at = id.rfind('@');
  int64_t revision = 0;
  if (at == id.npos ||
      !absl::SimpleAtoi(absl::string_view(id.data() + at + 1, id.size() - at - 1), &revision)) {
    return 0;
  }
  return revision;
}

absl::Status Stopped() { return absl::CancelledError("the look-back was stopped"); }

// Asks Kafka, a little at a time: who is to stop does not wait for a Kafka that is away.
template <class Ask>
auto Patiently(const std::stop_token& stop, Ask ask) -> decltype(ask(kTimeout)) {
  const absl::Time give_up = absl::Now() + kTimeout;
  while (true) {
    auto answer = ask(kOneTry);
    const bool is_away =
        absl::IsUnavailable(answer.status()) || absl::IsDeadlineExceeded(answer.status());
    if (!is_away || absl::Now() >= give_up) return answer;
    if (stop.stop_requested()) return Stopped();
    absl::SleepFor(absl::Milliseconds(50));
  }
}

}  // namespace

absl::StatusOr<LookBack> LookBack::Open(const Connection& connection, std::stop_token stop) {
  auto client = NewClient(
      RD_KAFKA_CONSUMER, connection,
      {{"group.id", connection.client_id.empty() ? std::string("reader") : connection.client_id},
       {"enable.auto.commit", "false"},
       {"enable.partition.eof", "true"},
       {"auto.offset.reset", "earliest"},
       {"fetch.wait.max.ms", "20"},
       {"queued.max.messages.kbytes", "16384"}});
  if (!client.ok()) return client.status();
  rd_kafka_poll_set_consumer(client->get());
  return LookBack(*std::move(client), std::move(stop));
}

absl::Status LookBack::AddRanges(
    const std::string& topic,
    absl::FunctionRef<absl::StatusOr<int64_t>(int32_t partition, Watermarks)> begin,
    std::vector<Range>& ranges) {
  auto partitions = Patiently(stop_, [&](absl::Duration timeout) {
    return CountPartitions(client_.get(), topic, timeout);
  });
  if (absl::IsNotFound(partitions.status())) return absl::OkStatus();
  if (!partitions.ok()) return partitions.status();
  for (int32_t partition = 0; partition < *partitions; ++partition) {
    if (stop_.stop_requested()) return Stopped();
    auto marks = Patiently(stop_, [&](absl::Duration timeout) {
      return QueryWatermarks(client_.get(), topic, partition, timeout);
    });
    if (!marks.ok()) return marks.status();
    auto from = begin(partition, *marks);
    if (!from.ok()) return from.status();
    if (*from < marks->high) ranges.push_back({topic, partition, *from, marks->high});
  }
  return absl::OkStatus();
}

absl::Status LookBack::ReadRanges(const std::vector<Range>& ranges,
                                  absl::FunctionRef<absl::Status(const rd_kafka_message_t&)> each) {
  std::map<std::pair<std::string, int32_t>, int64_t> open;  // to their ends
  const PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(ranges.size())));
  for (const Range& range : ranges) {
    open[{range.topic, range.partition}] = range.end;
    rd_kafka_topic_partition_list_add(list.get(), range.topic.c_str(), range.partition)->offset =
        range.begin;
  }
  if (auto s = ToStatus(rd_kafka_assign(client_.get(), list.get()), "assignment"); !s.ok())
    return s;
  absl::Time give_up = absl::Now() + kTimeout;
  while (!open.empty()) {
    if (stop_.stop_requested()) return Stopped();
    const Message message(rd_kafka_consumer_poll(client_.get(), 100));
    if (message == nullptr || message->rkt == nullptr) {
      if (absl::Now() < give_up) continue;
      return absl::UnavailableError("the look-back into the part's topics waits for Kafka");
    }
    const auto found = open.find({rd_kafka_topic_name(message->rkt), message->partition});
    if (found == open.end()) continue;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      if (message->offset >= found->second) open.erase(found);
      continue;
    }
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return ToStatus(message->err, absl::StrCat("topic ", found->first.first));
    }
    give_up = absl::Now() + kTimeout;
    if (message->offset < found->second) {
      if (auto s = each(*message); !s.ok()) return s;
    }
    if (message->offset + 1 >= found->second) open.erase(found);
  }
  return ToStatus(rd_kafka_assign(client_.get(), nullptr), "assignment");
}

absl::StatusOr<int64_t> LookBack::GreatestRevision(const std::vector<std::string>& topics) {
  std::vector<Range> ranges;
  for (const std::string& topic : topics) {
    const auto tail = [](int32_t, Watermarks marks) -> absl::StatusOr<int64_t> {
      return std::max(marks.low, marks.high - kTail);
    };
    if (auto s = AddRanges(topic, tail, ranges); !s.ok()) return s;
  }
  int64_t greatest = 0;
  const absl::Status status = ReadRanges(ranges, [&](const rd_kafka_message_t& message) {
    rd_kafka_timestamp_type_t type;
    const int64_t timestamp = rd_kafka_message_timestamp(&message, &type);
    const int64_t micros = type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? 0 : timestamp * 1000;
    greatest = std::max({greatest, RevisionOf(IdOf(message)), micros});
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return greatest;
}

absl::Status LookBack::Since(
    const std::map<std::string, absl::Time>& times,
    absl::FunctionRef<absl::Status(std::string_view topic, std::string_view id)> each) {
  std::vector<Range> ranges;
  for (const auto& [topic, time] : times) {
    const auto first = [&, &topic = topic, time = time](int32_t partition, Watermarks) {
      return Patiently(stop_, [&](absl::Duration timeout) {
        return QueryOffsetAt(client_.get(), topic, partition, time, timeout);
      });
    };
    if (auto s = AddRanges(topic, first, ranges); !s.ok()) return s;
  }
  return ReadRanges(ranges, [&](const rd_kafka_message_t& message) {
    const std::string_view id = IdOf(message);
    return id.empty() ? absl::OkStatus() : each(rd_kafka_topic_name(message.rkt), id);
  });
}

}  // namespace simpul::kafka
