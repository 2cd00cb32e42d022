#include "bus/kafka/assignment.h"

#include "bus/observe/log.h"

namespace simpul::kafka {
namespace {

constexpr int kSeekMilliseconds = 5000;
constexpr int kWatermarkMilliseconds = 5000;
// How often the same gap has to be read before it is believed, where the broker says that nothing
// expired: a consumer that was paused or moved may hand out what it had fetched before.
constexpr int kBelieveGap = 3;

}  // namespace

void Assignment::Assign(rd_kafka_t* client, const rd_kafka_topic_partition_list_t* list) {
  partitions_.clear();
  for (int i = 0; i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& element = list->elems[i];
    auto partition = std::make_shared<Partition>();
    partition->topic = element.topic;
    partition->id = element.partition;
    if (auto stored = rows_.Load(partition->topic, partition->id); stored.ok()) {
      partition->positioned = true;
      partition->stored = *stored;
      if (stored->has_value()) partition->expected = (*stored)->next;
    }
    partitions_[{partition->topic, partition->id}] = std::move(partition);
  }
  Reassign(client);
}

void Assignment::Revoke(rd_kafka_t* client) {
  for (const auto& [key, partition] : partitions_) partition->ours = false;
  partitions_.clear();
  rd_kafka_assign(client, nullptr);
}

PartitionList Assignment::All() const {
  PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions_.size())));
  for (const auto& [key, partition] : partitions_) {
    rd_kafka_topic_partition_list_add(list.get(), key.first.c_str(), key.second)->offset =
        partition->expected < 0 ? int64_t{RD_KAFKA_OFFSET_BEGINNING} : partition->expected;
  }
  return list;
}

void Assignment::Pause(rd_kafka_t* client) {
  paused_ = true;
  rd_kafka_pause_partitions(client, All().get());
}

// Seeks too: what was fetched before the pause may be gone.
void Assignment::Resume(rd_kafka_t* client) {
  paused_ = false;
  rd_kafka_resume_partitions(client, All().get());
  for (const auto& [key, partition] : partitions_) {
    if (partition->positioned && !Seek(client, *partition).ok()) partition->positioned = false;
  }
}

void Assignment::Position(rd_kafka_t* client) {
  bool moved = false;
  for (const auto& [key, partition] : partitions_) {
    if (partition->positioned) continue;
    auto stored = rows_.Load(partition->topic, partition->id);
    if (!stored.ok()) return;  // the store is away: all wait
    partition->stored = *stored;
    if (partition->stored.has_value() && (partition->out_of_range || partition->gap_seen > 0) &&
        !Mend(client, *partition).ok()) {
      continue;
    }
    partition->out_of_range = partition->lost = false;
    partition->expected = partition->stored.has_value() ? partition->stored->next : -1;
    partition->positioned = moved = true;
  }
  if (moved) Reassign(client);
}

// After an offset that Kafka does not have, librdkafka heeds no seek.
void Assignment::Reassign(rd_kafka_t* client) {
  const PartitionList list = All();
  rd_kafka_assign(client, list.get());
  if (paused_) rd_kafka_pause_partitions(client, list.get());
}

absl::Status Assignment::Seek(rd_kafka_t* client, Partition& partition) {
  const PartitionList list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.id)->offset =
      partition.expected < 0 ? int64_t{RD_KAFKA_OFFSET_BEGINNING} : partition.expected;
  rd_kafka_error_t* error = rd_kafka_seek_partitions(client, list.get(), kSeekMilliseconds);
  absl::Status status = ToStatus(error, partition.topic);
  if (error != nullptr) rd_kafka_error_destroy(error);
  if (status.ok()) status = ToStatus(list->elems[0].err, partition.topic);
  return status;
}

std::shared_ptr<Partition> Assignment::Find(const rd_kafka_message_t& message) const {
  if (message.rkt == nullptr) return nullptr;
  const auto found = partitions_.find(
      std::pair<std::string_view, int32_t>(rd_kafka_topic_name(message.rkt), message.partition));
  return found == partitions_.end() ? nullptr : found->second;
}

Arrival Assignment::Judge(Partition& partition, int64_t offset) const {
  if (paused_ || !partition.positioned) return Arrival::kDrop;
  if (partition.expected >= 0 && offset < partition.expected) return Arrival::kDrop;
  if (partition.expected >= 0 && offset > partition.expected) {
    partition.positioned = false;
    partition.gap_seen = partition.gap_at == offset ? partition.gap_seen + 1 : 1;
    partition.gap_at = offset;
    return Arrival::kDrop;
  }
  partition.expected = offset + 1;
  partition.gap_seen = 0;
  return Arrival::kTake;
}

std::optional<Progress> Assignment::AfterLoss(rd_kafka_t* client,
                                              const Partition& partition) const {
  int64_t low = 0;
  int64_t high = 0;
  const rd_kafka_resp_err_t error = rd_kafka_query_watermark_offsets(
      client, partition.topic.c_str(), partition.id, &low, &high, kWatermarkMilliseconds);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return std::nullopt;
  Progress after = *partition.stored;
  if (after.next > high) {
    // The end of the log was lost, or the topic was made anew. Reading all of it loses nothing:
    // what was applied before shows as duplicates.
    return Progress{.first = low, .next = low};
  }
  int64_t next = after.next;
  if (next < low) next = low;
  if (next < partition.gap_at && partition.gap_seen >= kBelieveGap) next = partition.gap_at;
  after.expired += next - after.next;
  after.next = next;
  return after;
}

absl::Status Assignment::Mend(rd_kafka_t* client, Partition& partition) {
  const auto after = AfterLoss(client, partition);
  if (!after.has_value()) return absl::UnavailableError("no broker tells the ends of the log");
  const int64_t before = partition.stored->next;
  if (after->next == before) return absl::OkStatus();
  auto ours = rows_.Store(partition.topic, partition.id, partition.stored, *after);
  if (!ours.ok()) return ours.status();
  if (!*ours) return absl::AbortedError("the partition is somebody else's");
  partition.stored = *after;
  partition.gap_seen = 0;
  observe::Log(observe::Severity::kError, part_,
               after->next > before
                   ? "records were gone before they were read: ask their owner for a resync"
                   : "the log ends before our place in it: it is read anew from its beginning",
               {{"topic", partition.topic},
                {"partition", partition.id},
                {"from_offset", before},
                {"to_offset", after->next}});
  return absl::OkStatus();
}

}  // namespace simpul::kafka
