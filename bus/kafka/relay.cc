// The relay's thread: take the lease, look back, then send and mark until something breaks; begin
// again.
#include "bus/kafka/relay.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

#include "absl/time/clock.h"
#include "bus/kafka/lease.h"
#include "bus/kafka/look_back.h"
#include "bus/kafka/observations.h"
#include "bus/kafka/outbox_rows.h"
#include "bus/kafka/producer.h"
#include "bus/kafka/relay_metrics.h"
#include "bus/kafka/suspects.h"
#include "bus/observe/log.h"
#include "bus/testing/fault_point.h"

namespace simpul::kafka {
namespace {

const FaultPoint kLookedBack("relay.looked_back");
const FaultPoint kAfterRead("relay.after_read");
const FaultPoint kAfterSend("relay.after_send");
const FaultPoint kAfterAck("relay.after_ack");
const FaultPoint kAfterMark("relay.after_mark");

constexpr absl::Duration kTopicsTimeout = absl::Seconds(15);
constexpr absl::Duration kLeaseLength = absl::Seconds(10);
constexpr absl::Duration kLeaseRenewal = absl::Seconds(3);
constexpr absl::Duration kPoll = absl::Seconds(1);  // for rows that nobody woke us for
constexpr absl::Duration kMarkDelay = absl::Milliseconds(20);
constexpr absl::Duration kHousekeeping = absl::Seconds(5);
constexpr absl::Duration kMaxBackoff = absl::Seconds(30);
// A record's time is at or after its row's by construction (producer.cc); the margin is for
// rounding to milliseconds and for brokers that stamp records themselves with a clock a little
// behind.
constexpr absl::Duration kLookBackMargin = absl::Seconds(5);

// On their way at once: enough for a full pipe, little enough for memory.
constexpr size_t kWindowRows = 10'000;
constexpr size_t kWindowBytes = 16 << 20;
constexpr int64_t kReadRows = 2'000;
constexpr size_t kMarkRows = 4'000;

class KafkaRelay : public Relay {
 public:
  explicit KafkaRelay(RelayOptions options)
      : options_(std::move(options)),
        rows_(*options_.store),
        lease_(*options_.store, options_.part, kLeaseLength, *options_.clock),
        metrics_(options_.part),
        suspects_(options_.connection, rows_, options_.part, metrics_) {}

  ~KafkaRelay() override {
    stop_.request_stop();
    {
      const std::lock_guard lock(mutex_);  // so that nobody is between its look and its sleep
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  absl::Status Prepare() {
    if (auto s = FindTopics(options_.stop); !s.ok()) return s;
    if (options_.revisions == nullptr || options_.topics.empty()) return absl::OkStatus();
    auto look_back = LookBack::Open(options_.connection, options_.stop);
    if (!look_back.ok()) return look_back.status();
    std::vector<std::string> names;
    for (const Topic& topic : options_.topics) names.push_back(topic.name);
    auto greatest = look_back->GreatestRevision(names);
    if (!greatest.ok()) return greatest.status();
    options_.revisions->RaiseFloor(*greatest);
    return absl::OkStatus();
  }

  void StartThread() {
    thread_ = std::thread([this] { Run(); });
  }

  void Wake() override {
    {
      std::lock_guard lock(mutex_);
      woken_ = true;
    }
    changed_.notify_all();
  }

  void Observe(Observation observation) override { observations_.Set(std::move(observation)); }

  RelayCounts counts() const override {
    RelayCounts counts;
    counts.sent = sent_.load();
    OutboxRows rows(*options_.store);
    if (auto counted = rows.Count(); counted.ok()) {
      counts.pending = counted->pending;
      counts.parked = counted->parked;
    }
    return counts;
  }

 private:
  void Run();
  // Returns when another relay has the lease, when we stop (both OK), or with what broke.
  absl::Status RunSession();
  absl::Status MarkWhatIsThere();
  absl::Status Pump(Producer& producer);
  absl::Status Fill(Producer& producer);
  // Whether the next row may be sent too.
  bool SendRow(Producer& producer, const OutboxRow& row, std::vector<Delivery>& refused);
  absl::Status SendAlone(const OutboxRow& row);
  absl::Status Collect(bool all);
  void TellObservations(Producer& producer, const std::vector<Observation>& due);
  // Whether Kafka refused something of the window.
  bool NoteSuspects();
  void KeepHouse();

  absl::Status FindTopics(const std::stop_token& stop);
  bool stopping() const { return stop_.stop_requested(); }
  // Waits until woken, stopped, or `limit` has passed.
  void WaitFor(absl::Duration limit) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, absl::ToChronoNanoseconds(limit), [&] { return woken_ || stopping(); });
    woken_ = false;
  }
  void Sleep(absl::Duration limit) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, absl::ToChronoNanoseconds(limit), [&] { return stopping(); });
  }

  const RelayOptions options_;
  std::stop_source stop_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false;
  std::atomic<int64_t> sent_{0};
  Observations observations_;

  // Of the thread alone.
  OutboxRows rows_;
  Lease lease_;
  RelayMetrics metrics_;
  std::deque<Delivery> window_;  // by seq, but for rows that were committed late
  SeqSet in_window_;
  size_t window_bytes_ = 0;
  size_t reported_ = 0;  // at the front of the window
  absl::Time oldest_report_ = absl::InfiniteFuture();
  absl::Time last_lease_ = absl::InfinitePast();
  absl::Time last_housekeeping_ = absl::InfinitePast();
  bool more_ = false;          // the last read was full
  bool topics_stand_ = false;  // they were looked for, and nothing broke since
  Suspects suspects_;
  std::thread thread_;
};

void KafkaRelay::Run() {
  absl::Duration backoff = absl::Milliseconds(200);
  while (!stopping()) {
    const absl::Time begun = absl::Now();
    const absl::Status status = RunSession();
    window_.clear();
    in_window_.Clear();
    window_bytes_ = reported_ = 0;
    if (status.ok()) {
      if (!stopping()) Sleep(kPoll);
      continue;
    }
    if (stopping()) break;
    topics_stand_ = false;
    if (absl::Now() - begun > absl::Minutes(1)) backoff = absl::Milliseconds(200);
    observe::Log(observe::Severity::kWarning, options_.part,
                 "the relay begins again; unsent events stay recorded",
                 {{"error", observe::StatusText(status)}, {"wait_ms", Milliseconds(backoff)}});
    // A refused event is our own doing, not Kafka's weakness.
    if (!absl::IsFailedPrecondition(status)) {
      Sleep(backoff);
      backoff = std::min(backoff * 2, kMaxBackoff);
    }
  }
  lease_.Release();
}

absl::Status KafkaRelay::FindTopics(const std::stop_token& stop) {
  if (topics_stand_) return absl::OkStatus();
  auto status = EnsureTopics(options_.connection, options_.topics, kTopicsTimeout, stop);
  topics_stand_ = status.ok();
  return status;
}

absl::Status KafkaRelay::RunSession() {
  auto held = lease_.Take();
  if (!held.ok()) return held.status();
  if (!*held) return absl::OkStatus();
  last_lease_ = absl::Now();
  if (auto s = FindTopics(stop_.get_token()); !s.ok()) return s;
  if (auto s = MarkWhatIsThere(); !s.ok()) return s;
  kLookedBack.Pass();
  auto producer = Producer::Open(options_.connection, Producer::AfterRefusal::kStop);
  if (!producer.ok()) return producer.status();
  const absl::Status status = Pump(*producer);
  // Reports that came in time are worth keeping. The producer goes before the window it writes to.
  {
    const Producer ended = *std::move(producer);
  }
  if (auto s = Collect(/*all=*/true); !s.ok() && status.ok()) return s;
  if (NoteSuspects()) {
    return absl::FailedPreconditionError("Kafka refused a batch; its events are sent one by one");
  }
  return status;
}

absl::Status KafkaRelay::MarkWhatIsThere() {
  auto oldest = rows_.OldestUnsent();
  if (!oldest.ok()) return oldest.status();
  if (oldest->empty()) return absl::OkStatus();
  for (auto& [topic, time] : *oldest) time = std::min(time, absl::Now()) - kLookBackMargin;
  auto look_back = LookBack::Open(options_.connection, stop_.get_token());
  if (!look_back.ok()) return look_back.status();
  std::vector<std::pair<std::string, std::string>> found;
  int64_t marked = 0;
  const auto mark = [&]() -> absl::Status {
    auto count = rows_.MarkPresent(found);
    found.clear();
    if (!count.ok()) return count.status();
    marked += *count;
    auto held = lease_.Take();
    if (!held.ok()) return held.status();
    return *held ? absl::OkStatus() : absl::AbortedError("another relay took over");
  };
  const absl::Status status =
      look_back->Since(*oldest, [&](std::string_view topic, std::string_view id) {
        found.emplace_back(topic, id);
        return found.size() < kMarkRows ? absl::OkStatus() : mark();
      });
  if (!status.ok()) return status;
  if (auto s = mark(); !s.ok()) return s;
  if (marked > 0) {
    sent_ += marked;
    observe::Log(observe::Severity::kInfo, options_.part,
                 "events were on their topic already, though not marked", {{"events", marked}});
  }
  return absl::OkStatus();
}

absl::Status KafkaRelay::Pump(Producer& producer) {
  while (!stopping()) {
    if (absl::Now() - last_lease_ > kLeaseRenewal) {
      auto held = lease_.Take();
      if (!held.ok()) return held.status();
      if (!*held) return absl::OkStatus();
      last_lease_ = absl::Now();
    }
    const std::vector<Observation> observed = observations_.Due(absl::Now());
    const bool has_room = window_.size() < kWindowRows / 2 && window_bytes_ < kWindowBytes / 2;
    if (has_room) {
      if (auto s = Fill(producer); !s.ok()) return s;
    }
    KeepHouse();
    if (window_.empty()) {
      if (more_) continue;
      TellObservations(producer, observed);
      WaitFor(kPoll);
      continue;
    }
    producer.Poll(absl::Milliseconds(more_ && has_room ? 0 : 5));
    if (auto s = Collect(/*all=*/false); !s.ok()) return s;
    if (const auto fatal = producer.fatal_error(); fatal != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return ToStatus(fatal, "producer");
    }
  }
  return absl::OkStatus();
}

absl::Status KafkaRelay::Fill(Producer& producer) {
  int64_t read = 0;
  std::vector<Delivery> refused;
  OutboxRow suspect;
  const auto room = static_cast<int64_t>(kWindowRows - window_.size());
  const int64_t limit = std::min(kReadRows, room);
  const absl::Status status = rows_.ReadUnsent(in_window_, limit, [&](const OutboxRow& row) {
    ++read;
    if (read == 1) kAfterRead.Pass();
    if (suspects_.Contains(row.seq)) {
      if (window_.empty()) suspect = row;
      return false;  // its turn is when nothing else is on its way
    }
    return SendRow(producer, row, refused);
  });
  more_ = read >= limit;
  if (!status.ok()) return status;
  for (const Delivery& delivery : refused) {
    if (auto s = suspects_.Park(delivery.seq, delivery.error); !s.ok()) return s;
  }
  if (suspect.seq != 0) {
    more_ = true;
    return SendAlone(suspect);
  }
  return absl::OkStatus();
}

bool KafkaRelay::SendRow(Producer& producer, const OutboxRow& row, std::vector<Delivery>& refused) {
  window_.push_back({.seq = row.seq, .bytes = row.event.data.size() + row.event.id.size() + 200});
  const rd_kafka_resp_err_t error = producer.Send(row, &window_.back());
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    window_.pop_back();
    if (!IsRefusal(error)) return false;  // the queue is full, or the producer is broken
    refused.push_back({.seq = row.seq, .error = error});
    return true;
  }
  in_window_.Insert(row.seq);
  window_bytes_ += window_.back().bytes;
  kAfterSend.Pass();
  return window_.size() < kWindowRows && window_bytes_ < kWindowBytes;
}

absl::Status KafkaRelay::SendAlone(const OutboxRow& row) {
  auto sent = suspects_.SendAlone(row, stop_.get_token());
  if (!sent.ok()) return sent.status();
  sent_ += *sent ? 1 : 0;
  return absl::OkStatus();
}

// Marks what Kafka has acknowledged, from the front of the window on, so that a mark is one run of
// numbers. `all`: also what stands behind rows without a report.
absl::Status KafkaRelay::Collect(bool all) {
  while (reported_ < window_.size() && window_[reported_].reported) {
    if (const Delivery& delivery = window_[reported_]; delivery.error != 0 && !all) {
      return ToStatus(delivery.error, "producer");
    }
    if (reported_++ == 0) oldest_report_ = absl::Now();
  }
  if (reported_ == 0 && !all) return absl::OkStatus();
  const bool due = reported_ >= kMarkRows || reported_ == window_.size() ||
                   absl::Now() - oldest_report_ > kMarkDelay;
  if (!due && !all) return absl::OkStatus();
  std::vector<int64_t> seqs;
  for (size_t i = 0; i < (all ? window_.size() : reported_); ++i) {
    if (window_[i].reported && window_[i].error == 0) seqs.push_back(window_[i].seq);
  }
  if (seqs.empty()) return absl::OkStatus();
  kAfterAck.Pass();
  const int64_t count = static_cast<int64_t>(seqs.size());
  if (auto s = rows_.MarkSent(std::move(seqs)); !s.ok()) return s;
  kAfterMark.Pass();
  sent_ += count;
  metrics_.AddSent(count);
  if (all) return absl::OkStatus();
  for (; reported_ > 0; --reported_) {
    in_window_.Erase(window_.front().seq);
    window_bytes_ -= window_.front().bytes;
    window_.pop_front();
  }
  return absl::OkStatus();
}

// Nothing that was recorded before `due` was taken is unsent.
void KafkaRelay::TellObservations(Producer& producer, const std::vector<Observation>& due) {
  if (due.empty()) return;
  const int64_t revision = options_.revisions == nullptr ? 0 : options_.revisions->greatest();
  auto status = observations_.Tell(producer, due, revision, absl::Now());
  producer.Poll(absl::ZeroDuration());
  if (status.ok()) return;
  observe::Log(observe::Severity::kWarning, options_.part,
               "readers are not told how far the sources are observed; tried again",
               {{"error", observe::StatusText(status)}});
}

bool KafkaRelay::NoteSuspects() {
  bool any = false;
  for (const Delivery& delivery : window_) {
    if (!delivery.reported || !IsRefusal(delivery.error)) continue;
    suspects_.Add(delivery.seq);
    any = true;
  }
  return any;
}

void KafkaRelay::KeepHouse() {
  const absl::Time now = absl::Now();
  if (now - last_housekeeping_ < kHousekeeping) return;
  auto more = rows_.DeleteSome(options_.clock->Now() - options_.keep);
  if (!more.ok() || !*more) last_housekeeping_ = now;
  if (auto counts = rows_.Count(); counts.ok())
    metrics_.SetWaiting(counts->pending, counts->parked);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Relay>> Relay::Start(RelayOptions options) {
  if (options.store == nullptr) return absl::InvalidArgumentError("a relay needs a store");
  auto relay = std::make_unique<KafkaRelay>(std::move(options));
  if (auto s = relay->Prepare(); !s.ok()) return s;
  relay->StartThread();
  return relay;
}

}  // namespace simpul::kafka
