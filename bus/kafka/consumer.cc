// The consumer's thread: collect a batch, apply it, and wait where the store asks for it.
#include "bus/kafka/consumer.h"

#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "bus/kafka/assignment.h"
#include "bus/kafka/batch.h"
#include "bus/kafka/client.h"
#include "bus/kafka/consumer_metrics.h"
#include "bus/kafka/consumer_rows.h"
#include "bus/kafka/offsets.h"
#include "bus/observe/log.h"
#include "bus/testing/fault_point.h"

namespace simpul::kafka {
namespace {

const FaultPoint kAfterPoll("consumer.after_poll");

constexpr size_t kBatchRecords = 1000;
constexpr size_t kBatchBytes = 1 << 20;
constexpr int kPollMilliseconds = 50;
constexpr absl::Duration kFirstBackoff = absl::Milliseconds(100);
constexpr absl::Duration kMaxBackoff = absl::Seconds(30);
constexpr absl::Duration kShowLag = absl::Seconds(1);
constexpr absl::Duration kTellPosition = absl::Seconds(2);

// The topics are part of the name: a member that comes back under the same one is handed the
// partitions it had, though it asks for others now. std::hash is the same in all our processes.
std::string InstanceOf(const ConsumerOptions& options, std::vector<std::string> topics) {
  std::string name = options.instance;
  if (name.empty()) {
    char host[256] = {};
    gethostname(host, sizeof(host) - 1);
    name = options.group + "@" + host;
  }
  std::sort(topics.begin(), topics.end());
  const std::string sorted = absl::StrJoin(topics, ",");
  return absl::StrFormat("%s-%016x", name, std::hash<std::string>()(sorted));
}

class KafkaConsumer : public Consumer {
 public:
  KafkaConsumer(ConsumerOptions options, Handler handler, std::function<void()> after_commit)
      : options_(std::move(options)),
        handler_(std::move(handler)),
        after_commit_(std::move(after_commit)),
        rows_(*options_.store, options_.group),
        assignment_(rows_, options_.group),
        batch_(rows_, *options_.store, handler_),
        wanted_(options_.topics) {}

  ~KafkaConsumer() override {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  absl::Status Connect(bool as_instance);
  bool has_topics() const { return !wanted().empty(); }
  void StartThread() {
    thread_ = std::thread([this] { Run(); });
  }

  void SetTopics(std::vector<std::string> topics) override {
    {
      std::lock_guard lock(mutex_);
      wanted_ = std::move(topics);
      topics_changed_ = true;
    }
    changed_.notify_all();
  }

  absl::StatusOr<std::vector<Accounting>> accounting() override;

 private:
  void Run();
  bool Join();
  void Subscribe();
  void Collect();
  void Take(Message message);
  void HandleError(const rd_kafka_message_t& message);
  void ApplyBatch();
  void KeepPolling(absl::Duration duration);
  void ShowLag();
  void Disconnect();

  static void OnError(rd_kafka_t*, int error, const char*, void* self) {
    if (error != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) return;
    static_cast<KafkaConsumer*>(self)->is_alone_ = true;
  }
  static void OnRebalance(rd_kafka_t* client, rd_kafka_resp_err_t event,
                          rd_kafka_topic_partition_list_t* partitions, void* self);

  std::shared_ptr<rd_kafka_t> client() const {
    std::lock_guard lock(mutex_);
    return client_;
  }
  bool stopping() const {
    std::lock_guard lock(mutex_);
    return stopping_;
  }
  std::vector<std::string> wanted() const {
    std::lock_guard lock(mutex_);
    return wanted_;
  }

  const ConsumerOptions options_;
  const Handler handler_;
  const std::function<void()> after_commit_;
  ConsumerRows rows_;

  // Of the thread alone.
  Assignment assignment_;
  Batch batch_;
  size_t batch_bytes_ = 0;
  bool fatal_ = false;
  bool is_alone_ = false;  // no broker is there, and no record came since
  bool has_news_ = false;  // something was applied that the group's offsets do not show
  absl::Time last_lag_ = absl::InfinitePast();
  std::set<std::string> complained_;  // topics that cannot be read, told once
  std::thread thread_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> wanted_;  // guarded by mutex_, as all below
  bool topics_changed_ = true;
  bool stopping_ = false;
  std::shared_ptr<rd_kafka_t> client_;
  std::set<std::pair<std::string, int32_t>> assigned_;
};

absl::Status KafkaConsumer::Connect(bool as_instance) {
  const std::string instance = as_instance ? InstanceOf(options_, wanted()) : std::string();
  auto made = NewClient(RD_KAFKA_CONSUMER, options_.connection,
                        {{"group.id", options_.group},
                         {"group.instance.id", instance},
                         {"session.timeout.ms", "10000"},
                         {"enable.auto.commit", "false"},
                         {"enable.auto.offset.store", "false"},
                         {"auto.offset.reset", "error"},  // never jump in silence
                         {"fetch.wait.max.ms", "100"},
                         {"topic.metadata.refresh.interval.ms", "2000"},
                         {"queued.min.messages", "20000"},
                         {"queued.max.messages.kbytes", "16384"}},
                        [&](rd_kafka_conf_t* conf) {
                          rd_kafka_conf_set_opaque(conf, this);
                          rd_kafka_conf_set_rebalance_cb(conf, OnRebalance);
                          rd_kafka_conf_set_error_cb(conf, OnError);
                        });
  if (!made.ok()) return made.status();
  rd_kafka_poll_set_consumer(made->get());
  std::lock_guard lock(mutex_);
  client_ = *std::move(made);
  topics_changed_ = true;
  return absl::OkStatus();
}

void KafkaConsumer::OnRebalance(rd_kafka_t* client, rd_kafka_resp_err_t event,
                                rd_kafka_topic_partition_list_t* partitions, void* self) {
  auto& consumer = *static_cast<KafkaConsumer*>(self);
  if (event == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    consumer.assignment_.Assign(client, partitions);
  } else {
    consumer.assignment_.Revoke(client);
  }
  std::lock_guard lock(consumer.mutex_);
  consumer.assigned_.clear();
  for (const auto& [key, partition] : consumer.assignment_.partitions()) {
    consumer.assigned_.insert(key);
  }
}

// Joins the group, not before there are topics, as they are part of the name to join under; without
// a name, should it be fenced: somebody else has it, or a commit met a restarted broker. The store
// has the offsets, so nothing is lost, but the name's session may have to end first. False: again.
bool KafkaConsumer::Join() {
  if (client_ != nullptr && !fatal_) return true;
  if (fatal_) Disconnect();
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return stopping_ || !wanted_.empty(); });
    if (stopping_) return false;
  }
  const absl::Status status = Connect(/*as_instance=*/!std::exchange(fatal_, false));
  if (status.ok()) return true;
  observe::Log(observe::Severity::kError, options_.group, "cannot make a consumer; tried again",
               {{"error", observe::StatusText(status)}});
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, absl::ToChronoNanoseconds(kMaxBackoff), [&] { return stopping_; });
  return false;
}

void KafkaConsumer::Run() {
  while (!stopping()) {
    if (!Join()) continue;
    Subscribe();
    assignment_.Position(client_.get());
    Collect();
    // Right after a poll, which tells whether Kafka is there.
    if (absl::Now() - last_lag_ > kShowLag) ShowLag();
    if (!batch_.empty()) {
      kAfterPoll.Pass();
      ApplyBatch();
    }
  }
  if (client_ != nullptr) Disconnect();
}

void KafkaConsumer::Disconnect() {
  rd_kafka_consumer_close(client_.get());
  std::shared_ptr<rd_kafka_t> last;
  std::lock_guard lock(mutex_);
  last.swap(client_);
}

void KafkaConsumer::Subscribe() {
  {
    std::lock_guard lock(mutex_);
    if (!std::exchange(topics_changed_, false)) return;
  }
  const std::vector<std::string> topics = wanted();
  if (topics.empty()) {
    rd_kafka_unsubscribe(client_.get());
    return;
  }
  const PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(topics.size())));
  for (const std::string& topic : topics) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  }
  if (auto s = ToStatus(rd_kafka_subscribe(client_.get(), list.get()), options_.group); !s.ok()) {
    observe::Log(observe::Severity::kError, options_.group, "cannot subscribe to the topics",
                 {{"error", observe::StatusText(s)}});
  }
}

// Waits for a first record, then takes what is there.
void KafkaConsumer::Collect() {
  batch_bytes_ = 0;
  int wait = kPollMilliseconds;
  while (batch_.size() < kBatchRecords && batch_bytes_ < kBatchBytes) {
    Message message(rd_kafka_consumer_poll(client_.get(), wait));
    if (message == nullptr) return;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      HandleError(*message);
    } else {
      Take(std::move(message));
    }
    if (!batch_.empty()) wait = 0;
    if (fatal_) return;
  }
}

void KafkaConsumer::Take(Message message) {
  std::shared_ptr<Partition> partition = assignment_.Find(*message);
  if (partition == nullptr || assignment_.Judge(*partition, message->offset) == Arrival::kDrop) {
    return;
  }
  batch_bytes_ += message->len;
  is_alone_ = false;
  batch_.Add(std::move(message), std::move(partition));
}

void KafkaConsumer::HandleError(const rd_kafka_message_t& message) {
  const std::string topic = message.rkt == nullptr ? "" : rd_kafka_topic_name(message.rkt);
  switch (message.err) {
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
      if (auto partition = assignment_.Find(message); partition != nullptr) {
        partition->out_of_range = true;
        partition->positioned = false;
      }
      return;
    case RD_KAFKA_RESP_ERR__FATAL:
      fatal_ = true;
      break;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
      return;  // it will be read once it is there
    default:
      break;
  }
  if (!complained_.insert(topic + rd_kafka_err2name(message.err)).second) return;
  observe::Log(observe::Severity::kWarning, options_.group, "the consumer waits for Kafka",
               {{"topic", topic}, {"error", rd_kafka_err2name(message.err)}});
}

void KafkaConsumer::ApplyBatch() {
  absl::Duration backoff = kFirstBackoff;
  bool paused = false;
  while (!stopping()) {
    const absl::Status status = batch_.Apply(after_commit_);
    has_news_ = true;
    if (status.ok()) break;
    if (!paused) assignment_.Pause(client_.get());
    paused = true;
    observe::Log(observe::Severity::kWarning, options_.group,
                 "records wait, as they cannot be applied now",
                 {{"error", observe::StatusText(status)}, {"wait_ms", Milliseconds(backoff)}});
    KeepPolling(backoff);
    backoff = std::min(backoff * 2, kMaxBackoff);
  }
  batch_.Clear();
  if (paused) assignment_.Resume(client_.get());
}

// Kafka takes a consumer that does not poll for dead.
void KafkaConsumer::KeepPolling(absl::Duration duration) {
  const absl::Time until = absl::Now() + duration;
  while (!stopping() && !fatal_ && absl::Now() < until) {
    const Message message(rd_kafka_consumer_poll(
        client_.get(), std::min(kPollMilliseconds, Milliseconds(until - absl::Now()) + 1)));
    if (message != nullptr && message->err != RD_KAFKA_RESP_ERR_NO_ERROR) HandleError(*message);
  }
}

// Group offsets are for tools that show lag; nothing reads them back. One that Kafka does not
// answer holds up the consumer's end for a session's length, so none is sent at the end, nor while
// Kafka is away.
void KafkaConsumer::ShowLag() {
  last_lag_ = absl::Now();
  const PartitionList list(rd_kafka_topic_partition_list_new(8));
  for (const auto& [key, partition] : assignment_.partitions()) {
    if (!partition->stored.has_value()) continue;
    const Progress& progress = *partition->stored;
    rd_kafka_topic_partition_list_add(list.get(), key.first.c_str(), key.second)->offset =
        progress.next;
    int64_t low = 0;
    int64_t high = 0;
    rd_kafka_get_watermark_offsets(client_.get(), key.first.c_str(), key.second, &low, &high);
    const int64_t pending = std::max<int64_t>(high - progress.next, 0);
    ShowAccounting(options_.group, {key.first, key.second, progress.next - progress.first + pending,
                                    progress.delivered, progress.parked, progress.filtered,
                                    progress.duplicate, progress.expired, pending});
  }
  if (list->cnt == 0 || is_alone_ || !std::exchange(has_news_, false)) return;
  rd_kafka_commit(client_.get(), list.get(), /*async=*/1);
}

absl::StatusOr<std::vector<Accounting>> KafkaConsumer::accounting() {
  auto all = rows_.LoadAll();
  if (!all.ok()) return all.status();
  std::set<std::pair<std::string, int32_t>> unread;
  {
    std::lock_guard lock(mutex_);
    unread = assigned_;
  }
  const std::shared_ptr<rd_kafka_t> kafka = client();
  if (all->empty() && unread.empty()) return std::vector<Accounting>();
  if (kafka == nullptr) return absl::UnavailableError("the consumer is connecting");
  std::vector<Accounting> result;
  for (const PartitionProgress& row : *all) {
    unread.erase({row.topic, row.partition});
    const auto marks = QueryWatermarks(kafka.get(), row.topic, row.partition, kTellPosition);
    if (!marks.ok() && !absl::IsNotFound(marks.status())) return marks.status();
    const Progress& p = row.progress;
    const int64_t pending = marks.ok() ? std::max<int64_t>(marks->high - p.next, 0) : 0;
    result.push_back({row.topic, row.partition, p.next - p.first + pending, p.delivered, p.parked,
                      p.filtered, p.duplicate, p.expired, pending});
  }
  for (const auto& [topic, partition] : unread) {
    const auto marks = QueryWatermarks(kafka.get(), topic, partition, kTellPosition);
    if (!marks.ok()) return marks.status();
    const int64_t pending = marks->high - marks->low;
    result.push_back({.topic = topic, .partition = partition, .in = pending, .pending = pending});
  }
  return result;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Consumer>> Consumer::Start(ConsumerOptions options, Handler handler,
                                                          std::function<void()> after_commit) {
  if (options.store == nullptr || options.group.empty()) {
    return absl::InvalidArgumentError("a consumer needs a store and a group");
  }
  auto consumer = std::make_unique<KafkaConsumer>(std::move(options), std::move(handler),
                                                  std::move(after_commit));
  if (consumer->has_topics()) {
    if (auto s = consumer->Connect(/*as_instance=*/true); !s.ok()) return s;
  }
  consumer->StartThread();
  return consumer;
}

}  // namespace simpul::kafka
