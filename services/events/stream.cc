#include "services/events/stream.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "bus/rpc/status.h"
#include "services/events/metrics.h"
#include "services/events/record.h"

namespace simpul::events {

std::shared_ptr<Stream> Stream::Make(const Feed& feed, std::function<void(Stream&)> gone) {
  std::shared_ptr<Stream> stream(new Stream(feed, std::move(gone)));
  stream->self_ = stream;
  return stream;
}

void Stream::Begin(absl::StatusOr<Beginning> beginning) {
  if (!beginning.ok()) return End(beginning.status());
  const std::vector<int> topics = feed_.tail.Demand(beginning->types, beginning->high);
  {
    absl::MutexLock lock(&mutex_);
    if (!finished_ && !end_.has_value()) {
      cursor_.follower = weak_from_this();
      cursor_.types = std::move(beginning->types);
      cursor_.topics = topics;
      cursor_.prefix = std::move(beginning->prefix);
      cursor_.position = std::move(beginning->position);
      scope_ = std::move(beginning->scope);
      too_old_ = std::move(beginning->too_old);
      began_ = true;
      Prepare(nullptr, cursor_.position);
    }
  }
  if (cursor_.topics.empty()) {
    feed_.tail.Release(topics, feed_.clock.Now());
    return;
  }
  StartWrite(&response_);
}

void Stream::End(const absl::Status& status) {
  {
    absl::MutexLock lock(&mutex_);
    if (finished_ || end_.has_value()) return;
    end_ = status;
    if (writing_) return;
    finished_ = true;
  }
  Finish(rpc::ToGrpc(status));
}

absl::Time Stream::Tick() {
  Pump();
  absl::MutexLock lock(&mutex_);
  const absl::Time now = feed_.clock.Now();
  if (!began_) return now + feed_.token_interval;
  return std::max(sealed_at_ + feed_.token_interval, now + feed_.token_interval / 10);
}

bool Stream::finished() const {
  absl::MutexLock lock(&mutex_);
  return finished_ || end_.has_value();
}

void Stream::Pump() {
  Next next = Next::kNothing;
  {
    absl::MutexLock lock(&mutex_);
    if (!began_ || writing_ || in_turn_ || finished_) return;
    next = Choose();
  }
  if (next == Next::kWrite) StartWrite(&response_);
  if (next == Next::kTurn) feed_.catch_up.Enqueue(shared_from_this());
}

Stream::Next Stream::Choose() {
  if (!caught_up_.empty()) {
    const SharedRecord record = std::move(caught_up_.front());
    caught_up_.pop_front();
    const auto topic = std::find(cursor_.topics.begin(), cursor_.topics.end(), record->topic);
    const size_t type = static_cast<size_t>(std::distance(cursor_.topics.begin(), topic));
    At(sent_[type], static_cast<size_t>(record->partition)) = record->offset + 1;
    // With the last one goes what the turn passed over, too.
    Prepare(record.get(), caught_up_.empty() ? cursor_.position : sent_);
    return Next::kWrite;
  }
  if (TokenIsDue()) return Next::kWrite;
  SharedRecord record;
  switch (feed_.tail.Next(cursor_, &record)) {
    case Tail::Outcome::kRecord:
      Prepare(record.get(), cursor_.position);
      return Next::kWrite;
    case Tail::Outcome::kWaiting:
      return Next::kNothing;
    case Tail::Outcome::kBehind:
      break;
  }
  in_turn_ = true;
  sent_ = cursor_.position;
  return Next::kTurn;
}

// Prepares an answer with a token alone, if it is time for one.
bool Stream::TokenIsDue() {
  const absl::Time now = feed_.clock.Now();
  if (now - sealed_at_ < feed_.token_interval) return false;
  const Position position = feed_.tail.Refresh(cursor_);
  sealed_at_ = now;
  if (EncodePosition(position) == sealed_) return false;
  Prepare(nullptr, position);
  return true;
}

void Stream::Prepare(const EncodedRecord* record, const Position& after) {
  sealed_ = EncodePosition(after);
  sealed_at_ = feed_.clock.Now();
  response_ = EncodeResponse(record == nullptr ? nullptr : &record->event,
                             feed_.tokens.Seal(scope_, after));
  if (record != nullptr) EventsMetrics::Get().sent.Increment();
  writing_ = true;
}

void Stream::EndTurn(std::vector<SharedRecord> records, absl::Status status) {
  {
    absl::MutexLock lock(&mutex_);
    in_turn_ = false;
    caught_up_.assign(std::make_move_iterator(records.begin()),
                      std::make_move_iterator(records.end()));
    if (absl::IsOutOfRange(status)) status = absl::OutOfRangeError(too_old_);
  }
  if (!status.ok()) return End(status);
  Pump();
}

void Stream::OnWriteDone(bool ok) {
  std::optional<absl::Status> end;
  {
    absl::MutexLock lock(&mutex_);
    writing_ = false;
    if (!ok && !end_.has_value()) end_ = absl::CancelledError("the client is gone");
    end = end_;
    finished_ = finished_ || end_.has_value();
  }
  if (!end.has_value()) return Pump();
  Finish(rpc::ToGrpc(*end));
}

void Stream::OnCancel() { End(absl::CancelledError("the client is gone")); }

void Stream::OnDone() {
  std::vector<int> topics;
  {
    absl::MutexLock lock(&mutex_);
    finished_ = true;
    if (began_) topics = cursor_.topics;
    caught_up_.clear();
  }
  feed_.tail.Leave(cursor_);
  feed_.tail.Release(topics, feed_.clock.Now());
  gone_(*this);
  const std::shared_ptr<Stream> last = std::move(self_);
}

}  // namespace simpul::events
