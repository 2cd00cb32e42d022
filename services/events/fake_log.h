// A log in memory with readers, for tests without Kafka.
#ifndef SIMPUL_SERVICES_EVENTS_FAKE_LOG_H_
#define SIMPUL_SERVICES_EVENTS_FAKE_LOG_H_

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "bus/kafka/reader.h"

namespace simpul::events {

// Topics of two partitions. Outlives its readers. Thread-safe.
class FakeLog {
 public:
  // Appends an event about `subject`; an empty subject is a record that is no CloudEvent.
  void Append(const std::string& topic, int32_t partition, const std::string& subject,
              const std::string& data = "") {
    absl::MutexLock lock(&mutex_);
    Partition& log = topics_[topic][static_cast<size_t>(partition)];
    kafka::Record record;
    record.topic = topic;
    record.partition = partition;
    record.offset = log.low + static_cast<int64_t>(log.records.size());
    record.event.type = topic;
    record.event.subject = subject;
    record.event.data = data;
    log.records.push_back(std::move(record));
  }
  // Forgets what is before `offset`.
  void Delete(const std::string& topic, int32_t partition, int64_t offset) {
    absl::MutexLock lock(&mutex_);
    Partition& log = topics_[topic][static_cast<size_t>(partition)];
    log.records.erase(log.records.begin(), log.records.begin() + (offset - log.low));
    log.low = offset;
  }
  void SetAway(bool away) { away_ = away; }
  int opened() const { return opened_; }

  absl::StatusOr<std::unique_ptr<kafka::Reader>> Open() {
    if (away_) return absl::UnavailableError("no broker answers");
    ++opened_;
    return std::make_unique<LogReader>(*this);
  }

 private:
  struct Partition {
    int64_t low = 0;
    std::vector<kafka::Record> records;
    int64_t high() const { return low + static_cast<int64_t>(records.size()); }
  };

  class LogReader : public kafka::Reader {
   public:
    explicit LogReader(FakeLog& log) : log_(log) {}

    absl::StatusOr<int> Partitions(const std::string& topic, absl::Duration) override {
      if (log_.away_) return absl::UnavailableError("no broker answers");
      absl::MutexLock lock(&log_.mutex_);
      if (!log_.topics_.contains(topic)) return absl::NotFoundError("no such topic");
      return 2;
    }
    absl::StatusOr<kafka::Watermarks> GetWatermarks(const std::string& topic, int32_t partition,
                                                    absl::Duration) override {
      absl::MutexLock lock(&log_.mutex_);
      const Partition& of = log_.topics_[topic][static_cast<size_t>(partition)];
      return kafka::Watermarks{of.low, of.high()};
    }
    absl::StatusOr<int64_t> OffsetAt(const std::string&, int32_t, absl::Time,
                                     absl::Duration) override {
      return absl::UnimplementedError("not in a fake");
    }
    absl::Status Assign(const std::vector<Position>& positions) override {
      positions_ = positions;
      return absl::OkStatus();
    }
    absl::StatusOr<std::optional<kafka::Record>> Next(absl::Duration timeout) override {
      if (log_.away_) return absl::UnavailableError("no broker answers");
      absl::MutexLock lock(&log_.mutex_);
      const auto has_next = [this]() { return Ready() != nullptr; };
      if (!log_.mutex_.AwaitWithTimeout(absl::Condition(&has_next), timeout)) return std::nullopt;
      Position& position = *Ready();
      Partition& of = Of(position);
      if (position.offset < of.low) return absl::OutOfRangeError("no longer kept");
      kafka::Record record = of.records[static_cast<size_t>(position.offset++ - of.low)];
      if (record.event.subject.empty()) return absl::DataLossError("no CloudEvent");
      return record;
    }

   private:
    Partition& Of(const Position& position) {
      return log_.topics_[position.topic][static_cast<size_t>(position.partition)];
    }
    Position* Ready() {
      auto ready = std::find_if(positions_.begin(), positions_.end(),
                                [this](const Position& at) { return at.offset < Of(at).high(); });
      return ready == positions_.end() ? nullptr : &*ready;
    }

    FakeLog& log_;
    std::vector<Position> positions_;
  };

  absl::Mutex mutex_;
  std::map<std::string, std::array<Partition, 2>> topics_ ABSL_GUARDED_BY(mutex_);
  std::atomic<bool> away_{false};
  std::atomic<int> opened_{0};
};

}  // namespace simpul::events

#endif  // SIMPUL_SERVICES_EVENTS_FAKE_LOG_H_
