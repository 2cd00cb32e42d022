#include "services/events/streams.h"

#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "services/events/metrics.h"

namespace simpul::events {

absl::StatusOr<std::shared_ptr<Stream>> Streams::Open(const Feed& feed, const std::string& agency) {
  absl::MutexLock lock(&mutex_);
  if (stopping_) return absl::UnavailableError("the events service is stopping; try again");
  int& count = of_agency_[agency];
  if (count >= per_agency_) {
    return absl::ResourceExhaustedError(
        absl::StrFormat("this agency has %d streams open, as many as it may; end one first, or ask "
                        "for several types in one",
                        count));
  }
  ++count;
  std::shared_ptr<Stream> stream =
      Stream::Make(feed, [this, agency](Stream& gone) { Remove(gone, agency); });
  open_.emplace(stream.get(), stream);
  due_.emplace(clock_.Now() + feed.token_interval, stream);
  EventsMetrics::Get().subscribers.Increment();
  return stream;
}

void Streams::Remove(Stream& stream, const std::string& agency) {
  absl::MutexLock lock(&mutex_);
  open_.erase(&stream);
  auto count = of_agency_.find(agency);
  if (--count->second == 0) of_agency_.erase(count);
  EventsMetrics::Get().subscribers.Decrement();
}

void Streams::Tick() {
  std::vector<std::shared_ptr<Stream>> due;
  {
    absl::MutexLock lock(&mutex_);
    const auto end = due_.upper_bound(clock_.Now());
    for (auto entry = due_.begin(); entry != end; ++entry) {
      std::shared_ptr<Stream> stream = entry->second.lock();
      if (stream != nullptr) due.push_back(std::move(stream));
    }
    due_.erase(due_.begin(), end);
  }
  for (const std::shared_ptr<Stream>& stream : due) {
    const absl::Time next = stream->Tick();
    absl::MutexLock lock(&mutex_);
    due_.emplace(next, stream);
  }
}

void Streams::Stop() {
  std::vector<std::shared_ptr<Stream>> open;
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    for (const auto& [pointer, weak] : open_) {
      std::shared_ptr<Stream> stream = weak.lock();
      if (stream != nullptr) open.push_back(std::move(stream));
    }
  }
  for (const std::shared_ptr<Stream>& stream : open) {
    stream->End(
        absl::UnavailableError("the events service is stopping; go on with your last token"));
  }
}

}  // namespace simpul::events
