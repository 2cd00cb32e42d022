#include "services/events/catch_up.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "bus/observe/log.h"
#include "services/events/metrics.h"

namespace simpul::events {
namespace {

// A turn ends at the first of these.
constexpr size_t kTurnRecords = 1000;
constexpr size_t kTurnBytes = 512 << 10;
constexpr size_t kTurnScanned = 50'000;
constexpr absl::Duration kTurnTime = absl::Milliseconds(500);

// A reader that was set anew may take so long, with a busy broker, to bring its first record.
constexpr absl::Duration kFirstRecord = absl::Seconds(5);

constexpr absl::Duration kPoll = absl::Milliseconds(50);
constexpr absl::Duration kRetry = absl::Milliseconds(500);
// How long a reader waits for a client to send what the last turn brought, and how long one client
// may have it so while others wait.
constexpr absl::Duration kReturn = absl::Milliseconds(50);
constexpr absl::Duration kSlot = absl::Seconds(2);
constexpr absl::Duration kKeepReader = absl::Seconds(30);

}  // namespace

CatchUp::CatchUp(OpenReader open, const Tail& tail, const PublicTypes& types, int max_readers)
    : open_(std::move(open)),
      tail_(tail),
      types_(types),
      max_readers_(static_cast<size_t>(max_readers)) {}

CatchUp::~CatchUp() {
  std::vector<std::thread> threads;
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    threads.swap(threads_);
  }
  for (std::thread& thread : threads) thread.join();
  std::deque<std::shared_ptr<Lagging>> queue;
  {
    absl::MutexLock lock(&mutex_);
    queue.swap(queue_);
  }
  for (const std::shared_ptr<Lagging>& lagging : queue) {
    lagging->EndTurn({}, absl::UnavailableError("the events service is stopping"));
  }
}

void CatchUp::Enqueue(std::shared_ptr<Lagging> lagging) {
  {
    absl::MutexLock lock(&mutex_);
    if (!stopping_) {
      for (Worker* worker : awaiting_) {
        if (worker->awaited != lagging.get()) continue;
        worker->returned = std::move(lagging);
        return;
      }
      queue_.push_back(std::move(lagging));
      if (queue_.size() > idle_ && threads_.size() < max_readers_) {
        threads_.emplace_back([this] { Run(); });
      }
      return;
    }
  }
  lagging->EndTurn({}, absl::UnavailableError("the events service is stopping"));
}

void CatchUp::Run() {
  Worker worker;
  while (std::shared_ptr<Lagging> lagging = Take(worker)) GiveTurn(worker, *lagging);
}

// The next one whose turn it is; null at the end.
std::shared_ptr<Lagging> CatchUp::Take(Worker& worker) {
  absl::MutexLock lock(&mutex_);
  std::shared_ptr<Lagging> same = AwaitReturn(worker);
  if (same != nullptr) return same;
  const auto has_work = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return stopping_ || worker.returned != nullptr || !queue_.empty();
  };
  ++idle_;
  while (!mutex_.AwaitWithTimeout(absl::Condition(&has_work), kKeepReader)) {
    StopAwaiting(worker);
    mutex_.Unlock();
    worker = Worker();
    mutex_.Lock();
  }
  --idle_;
  StopAwaiting(worker);
  if (stopping_) return nullptr;
  std::shared_ptr<Lagging> lagging = std::move(queue_.front());
  queue_.pop_front();
  worker.slot_end = absl::Now() + kSlot;
  return lagging;
}

// Him who had the last turn, if he is back at once and nobody has waited for too long.
std::shared_ptr<Lagging> CatchUp::AwaitReturn(Worker& worker) {
  if (worker.awaited == nullptr) return nullptr;
  const auto is_back = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return stopping_ || worker.returned != nullptr;
  };
  mutex_.AwaitWithTimeout(absl::Condition(&is_back), kReturn);
  if (worker.returned == nullptr || stopping_) return nullptr;
  if (!queue_.empty() && absl::Now() > worker.slot_end) return nullptr;
  std::shared_ptr<Lagging> same = std::move(worker.returned);
  StopAwaiting(worker);
  return same;
}

// Who has come back to this worker goes to the end of the queue.
void CatchUp::StopAwaiting(Worker& worker) {
  std::erase(awaiting_, &worker);
  worker.awaited = nullptr;
  if (worker.returned != nullptr) queue_.push_back(std::move(worker.returned));
}

void CatchUp::GiveTurn(Worker& worker, Lagging& lagging) {
  std::vector<SharedRecord> records;
  EventsMetrics::Get().catch_up_readers.Increment();
  absl::Status status = Assign(worker, lagging.cursor());
  if (status.ok()) status = Read(worker, lagging, records);
  if (!status.ok()) worker = Worker();
  if (!status.ok() && !absl::IsOutOfRange(status)) {
    // Kafka is away: the subscriber keeps its place and waits.
    absl::MutexLock lock(&mutex_);
    mutex_.AwaitWithTimeout(absl::Condition(&stopping_), kRetry);
    status = absl::OkStatus();
  }
  EventsMetrics::Get().catch_up_readers.Decrement();
  if (!records.empty()) status = absl::OkStatus();  // these first; the error will come again
  if (status.ok()) {
    absl::MutexLock lock(&mutex_);
    worker.awaited = &lagging;
    awaiting_.push_back(&worker);
  }
  lagging.EndTurn(std::move(records), std::move(status));
}

absl::Status CatchUp::Assign(Worker& worker, const Cursor& cursor) {
  if (worker.reader == nullptr) {
    absl::StatusOr<std::unique_ptr<kafka::Reader>> reader = open_();
    if (!reader.ok()) return reader.status();
    worker.reader = *std::move(reader);
  }
  const bool stands_there = worker.types == cursor.types && worker.position == cursor.position;
  if (stands_there && worker.narrow.has_value() == cursor.narrow_turn) return absl::OkStatus();
  // After a turn that met an unreadable record, or nothing, only the partition that lags is read:
  // should such a record be the last one there, its place is known then and it can be stepped over.
  worker.narrow = cursor.narrow_turn ? tail_.Lag(cursor) : std::nullopt;
  std::vector<kafka::Reader::Position> positions;
  for (size_t type = 0; type < cursor.types.size(); ++type) {
    for (size_t partition = 0; partition < cursor.position[type].size(); ++partition) {
      if (worker.narrow.has_value() && *worker.narrow != std::pair(type, partition)) continue;
      positions.push_back(
          {cursor.types[type], static_cast<int32_t>(partition), cursor.position[type][partition]});
    }
  }
  worker.types = cursor.types;
  return worker.reader->Assign(positions);
}

absl::Status CatchUp::Read(Worker& worker, Lagging& lagging, std::vector<SharedRecord>& records) {
  Cursor& cursor = lagging.cursor();
  absl::Time end = absl::Now() + kFirstRecord;
  size_t bytes = 0;
  size_t scanned = 0;
  cursor.narrow_turn = false;
  while (records.size() < kTurnRecords && bytes < kTurnBytes && scanned < kTurnScanned &&
         absl::Now() < end && !lagging.finished()) {
    absl::StatusOr<std::optional<kafka::Record>> record = worker.reader->Next(kPoll);
    const bool is_unreadable = absl::IsDataLoss(record.status());
    if (!record.ok() && !is_unreadable) return record.status();
    const bool is_record = record.ok() && record->has_value();
    if ((is_unreadable || is_record) && scanned++ == 0) end = absl::Now() + kTurnTime;
    if (is_unreadable) {
      EventsMetrics::Get().unreadable.Increment();
      cursor.narrow_turn = true;
      if (!worker.narrow.has_value()) continue;
      StepOverUnreadable(worker, cursor);
      return absl::OkStatus();
    }
    if (is_record) {
      SharedRecord match = Match(cursor, **std::move(record));
      if (match != nullptr) bytes += match->bytes();
      if (match != nullptr) records.push_back(std::move(match));
      if (scanned % 64 != 0) continue;
    }
    const auto lag = tail_.Lag(cursor);
    if (!lag.has_value() || (worker.narrow.has_value() && lag != worker.narrow)) break;
  }
  if (scanned == 0) cursor.narrow_turn = true;
  worker.position = cursor.position;
  return absl::OkStatus();
}

// The record as the subscriber gets it, if it is for him; moves his position past it either way.
SharedRecord CatchUp::Match(Cursor& cursor, kafka::Record record) {
  auto type = std::lower_bound(cursor.types.begin(), cursor.types.end(), record.topic);
  if (type == cursor.types.end() || *type != record.topic) return nullptr;
  const size_t index = static_cast<size_t>(type - cursor.types.begin());
  int64_t& next = At(cursor.position[index], static_cast<size_t>(record.partition));
  if (record.offset < next) return nullptr;
  next = record.offset + 1;
  if (!record.event.subject.starts_with(cursor.prefix)) return nullptr;
  absl::StatusOr<SharedRecord> encoded = Encode(types_, cursor.topics[index], std::move(record));
  if (encoded.ok()) return *std::move(encoded);
  EventsMetrics::Get().unreadable.Increment();
  return nullptr;
}

// One partition is assigned, so the record that cannot be read lies at its position or after it.
void CatchUp::StepOverUnreadable(Worker& worker, Cursor& cursor) {
  ++cursor.position[worker.narrow->first][worker.narrow->second];
  worker.types.clear();
}

}  // namespace simpul::events
