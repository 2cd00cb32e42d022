#include "services/events/tail_reader.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "bus/observe/log.h"
#include "services/events/metrics.h"
#include "simpul/events/v1/events.pb.h"

namespace simpul::events {
namespace {

constexpr absl::Duration kPoll = absl::Milliseconds(100);
constexpr absl::Duration kProbe = absl::Seconds(10);
constexpr absl::Duration kRetry = absl::Milliseconds(500);
constexpr absl::Duration kAnswer = absl::Seconds(5);
// A topic that nobody follows is read on for a while, since clients come back.
constexpr absl::Duration kLinger = absl::Minutes(1);

}  // namespace

absl::StatusOr<SharedRecord> Encode(const PublicTypes& types, int topic, kafka::Record record) {
  if (record.event.type != record.topic) {
    return absl::DataLossError("the event is not of its topic's type");
  }
  absl::StatusOr<std::string> data =
      types.WithoutPersonal(record.topic, std::move(record.event.data));
  if (!data.ok()) return data.status();
  auto encoded = std::make_shared<EncodedRecord>();
  encoded->topic = topic;
  encoded->partition = record.partition;
  encoded->offset = record.offset;
  encoded->event = EncodeEvent(record.event, *data);
  encoded->subject = std::move(record.event.subject);
  return SharedRecord(std::move(encoded));
}

TailReader::TailReader(OpenReader open, Tail& tail, const PublicTypes& types, Clock& clock,
                       std::function<void()> tick)
    : open_(std::move(open)),
      tail_(tail),
      types_(types),
      clock_(clock),
      tick_(std::move(tick)),
      thread_([this] { Run(); }) {}

TailReader::~TailReader() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
}

bool TailReader::WaitOrStop(absl::Duration time) {
  absl::MutexLock lock(&mutex_);
  return mutex_.AwaitWithTimeout(absl::Condition(&stopping_), time);
}

void TailReader::Run() {
  absl::Time ticked = absl::InfinitePast();
  while (!WaitOrStop(absl::ZeroDuration())) {
    absl::Status status = Step();
    const bool failed = !status.ok();
    Report(status);
    if (absl::Now() - ticked >= kPoll) {
      tail_.Forget(clock_.Now() - kLinger);
      tick_();
      ticked = absl::Now();
    }
    if (failed && WaitOrStop(kRetry)) return;
    if (!failed && !reads_ && WaitOrStop(kPoll)) return;
  }
}

absl::Status TailReader::Step() {
  if (reader_ == nullptr) {
    absl::StatusOr<std::unique_ptr<kafka::Reader>> reader = open_();
    if (!reader.ok()) return reader.status();
    reader_ = *std::move(reader);
    plan_ = ~tail_.plan();
  }
  if (plan_ != tail_.plan()) {
    absl::Status followed = Follow();
    if (!followed.ok()) return followed;
  }
  if (!reads_) return Probe();
  absl::StatusOr<std::optional<kafka::Record>> record = reader_->Next(kPoll);
  if (absl::IsOutOfRange(record.status())) return ResetWhatIsGone();
  if (absl::IsDataLoss(record.status())) {
    EventsMetrics::Get().unreadable.Increment();
    return absl::OkStatus();
  }
  if (!record.ok()) return record.status();
  if (record->has_value()) Take(**std::move(record));
  return absl::OkStatus();
}

// While nothing is read: whether Kafka answers at all. Any answer will do.
absl::Status TailReader::Probe() {
  const absl::Time now = absl::Now();
  if (now - probed_ < kProbe) return absl::OkStatus();
  absl::Status answer = reader_->Partitions(v1::Event::descriptor()->full_name(), kAnswer).status();
  if (absl::IsUnavailable(answer) || absl::IsDeadlineExceeded(answer)) return answer;
  probed_ = now;
  return absl::OkStatus();
}

absl::Status TailReader::Follow() {
  const uint64_t plan = tail_.plan();
  const std::vector<kafka::Reader::Position> wanted = tail_.Wanted();
  absl::Status assigned = reader_->Assign(wanted);
  if (!assigned.ok()) return assigned;
  plan_ = plan;
  reads_ = !wanted.empty();
  return absl::OkStatus();
}

void TailReader::Take(kafka::Record record) {
  const int topic = tail_.TopicNumber(record.topic);
  if (topic < 0) return;
  const int32_t partition = record.partition;
  const int64_t offset = record.offset;
  absl::StatusOr<SharedRecord> encoded = Encode(types_, topic, std::move(record));
  if (!encoded.ok()) {
    EventsMetrics::Get().unreadable.Increment();
    tail_.Skip(topic, partition, offset);
    return;
  }
  for (const std::shared_ptr<Follower>& follower : tail_.Append(*std::move(encoded))) {
    follower->Wake();
  }
}

// Retention or a topic made anew has overtaken the tail: go on at the end, and let those who waited
// find out by catching up.
absl::Status TailReader::ResetWhatIsGone() {
  std::map<std::string, std::vector<int64_t>> highs;
  std::map<std::string, bool> gone;
  for (const kafka::Reader::Position& position : tail_.Wanted()) {
    absl::StatusOr<kafka::Watermarks> marks =
        reader_->GetWatermarks(position.topic, position.partition, kAnswer);
    if (!marks.ok()) return marks.status();
    highs[position.topic].push_back(marks->high);
    if (position.offset < marks->low || position.offset > marks->high) gone[position.topic] = true;
  }
  for (const auto& [topic, is_gone] : gone) {
    observe::Log(observe::Severity::kWarning, "events", "the tail was overtaken by retention",
                 {{"topic", topic}});
    for (const std::shared_ptr<Follower>& follower : tail_.Reset(topic, highs[topic])) {
      follower->Wake();
    }
  }
  return Follow();
}

void TailReader::Report(const absl::Status& status) {
  if (!status.ok() && status.code() != last_) {
    observe::Log(observe::Severity::kWarning, "events", "Kafka cannot be read",
                 {{"error", observe::StatusText(status)}});
  }
  last_ = status.code();
}

}  // namespace simpul::events
