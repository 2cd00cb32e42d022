#include "services/events/opener.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_format.h"
#include "bus/observe/log.h"

namespace simpul::events {
namespace {

constexpr absl::Duration kIdle = absl::Seconds(1);
constexpr absl::Duration kAnswer = absl::Seconds(3);
constexpr absl::Duration kRetry = absl::Milliseconds(100);

absl::Status Stopping() {
  return absl::UnavailableError("the events service is stopping; go on with your last token");
}

}  // namespace

absl::Status CheckKept(const Position& position, const Kept& kept) {
  for (size_t type = 0; type < position.size(); ++type) {
    const std::vector<int64_t>& next = position[type];
    if (next.size() > kept.low[type].size()) return absl::OutOfRangeError("a partition is gone");
    for (size_t partition = 0; partition < next.size(); ++partition) {
      if (next[partition] < kept.low[type][partition] ||
          next[partition] > kept.high[type][partition]) {
        return absl::OutOfRangeError("the position is not kept");
      }
    }
  }
  return absl::OkStatus();
}

Opener::Opener(OpenReader open, std::function<void()> idle, absl::Duration patience)
    : open_(std::move(open)),
      idle_(std::move(idle)),
      patience_(patience),
      thread_([this] { Run(); }) {}

Opener::~Opener() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
  for (Job& job : jobs_) job.done(Stopping());
  for (Job& job : early_) job.done(Stopping());
}

void Opener::Add(Job job) {
  {
    absl::MutexLock lock(&mutex_);
    if (!stopping_) {
      jobs_.push_back(std::move(job));
      return;
    }
  }
  job.done(Stopping());
}

void Opener::Run() {
  const auto has_work = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return stopping_ || !jobs_.empty();
  };
  absl::Time idled = absl::Now();
  while (true) {
    std::vector<Job> jobs;
    {
      absl::MutexLock lock(&mutex_);
      mutex_.AwaitWithTimeout(absl::Condition(&has_work), early_.empty() ? kIdle : kRetry);
      if (stopping_) return;
      jobs.swap(jobs_);
    }
    std::move(early_.begin(), early_.end(), std::back_inserter(jobs));
    early_.clear();
    Serve(jobs);
    if (absl::Now() - idled < kIdle) continue;
    idle_();
    idled = absl::Now();
  }
}

void Opener::Serve(std::vector<Job>& jobs) {
  std::map<std::string, absl::StatusOr<Kept>> answers;
  for (Job& job : jobs) {
    absl::StatusOr<std::vector<std::string>> types = job.types();
    if (!types.ok()) {
      job.done(types.status());
      continue;
    }
    absl::StatusOr<Kept> kept = Find(*types, answers);
    if (absl::IsNotFound(kept.status())) {
      if (absl::Now() - job.since < patience_) {
        early_.push_back(std::move(job));
        continue;
      }
      kept = absl::UnavailableError(kept.status().message());
    }
    job.done(std::move(kept));
  }
}

absl::StatusOr<Kept> Opener::Find(const std::vector<std::string>& types,
                                  std::map<std::string, absl::StatusOr<Kept>>& answers) {
  Kept kept;
  for (const std::string& type : types) {
    auto answer = answers.find(type);
    if (answer == answers.end()) {
      Kept of_type{Position(1), Position(1)};
      absl::Status asked = Ask(type, of_type.low[0], of_type.high[0]);
      answer = answers
                   .emplace(type, asked.ok() ? absl::StatusOr<Kept>(std::move(of_type))
                                             : absl::StatusOr<Kept>(std::move(asked)))
                   .first;
    }
    if (!answer->second.ok()) return answer->second.status();
    kept.low.push_back(answer->second->low[0]);
    kept.high.push_back(answer->second->high[0]);
  }
  return kept;
}

absl::Status Opener::Ask(const std::string& type, std::vector<int64_t>& low,
                         std::vector<int64_t>& high) {
  if (reader_ == nullptr) {
    absl::StatusOr<std::unique_ptr<kafka::Reader>> reader = open_();
    if (!reader.ok()) return reader.status();
    reader_ = *std::move(reader);
  }
  absl::StatusOr<int> partitions = reader_->Partitions(type, kAnswer);
  absl::Status status = partitions.status();
  for (int partition = 0; status.ok() && partition < *partitions; ++partition) {
    absl::StatusOr<kafka::Watermarks> marks = reader_->GetWatermarks(type, partition, kAnswer);
    status = marks.status();
    if (!status.ok()) break;
    low.push_back(marks->low);
    high.push_back(marks->high);
  }
  if (status.ok()) return status;
  if (absl::IsNotFound(status)) {
    return absl::NotFoundError(
        absl::StrFormat("there are no events of %s yet; try again when its owner is ready", type));
  }
  observe::Log(observe::Severity::kWarning, "events", "a topic's offsets cannot be had",
               {{"topic", type}, {"error", observe::StatusText(status)}});
  return absl::UnavailableError(
      absl::StrFormat("the event backbone does not answer for %s; try again", type));
}

}  // namespace simpul::events
