#include "adapters/sources/source.h"

namespace simpul::sources {

Source::Lease::~Lease() {
  if (connection_ == nullptr || !connection_->usable()) return;
  absl::MutexLock lock(&permit_->source->mutex_);
  permit_->source->idle_.push_back(std::move(connection_));
}

Source::Lease::Permit::~Permit() {
  absl::MutexLock lock(&source->mutex_);
  --source->used_;
}

absl::StatusOr<Source::Lease> Source::Acquire(absl::Time deadline) {
  std::unique_ptr<Lease::Permit> permit;
  std::unique_ptr<Connection> connection;
  {
    absl::MutexLock lock(&mutex_);
    if (!mutex_.AwaitWithDeadline(absl::Condition(this, &Source::HasPermit),
                                  std::min(deadline, absl::Now() + limits_.timeout))) {
      return absl::ResourceExhaustedError(
          "the application's budget of connections is in use; try again later");
    }
    ++used_;
    permit = std::make_unique<Lease::Permit>(this);
    if (!idle_.empty()) {
      connection = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (connection == nullptr) {
    auto opened = Connect();
    if (!opened.ok()) return opened.status();
    connection = *std::move(opened);
  }
  return Lease(std::move(permit), std::move(connection));
}

absl::Status Source::Query(const sources::Query& query, const Bindings& bindings,
                           absl::Time deadline, EachBatch each) {
  bool answered = false;
  const auto watched = [&](const Batch& batch) {
    answered = true;
    return each(batch);
  };
  for (int attempt = 0;; ++attempt) {
    auto lease = Acquire(deadline);
    if (!lease.ok()) return lease.status();
    const absl::Status status = (*lease)->Query(query, bindings, Bounded(deadline), watched);
    if (status.ok() || answered || attempt > 0 || (*lease)->usable()) return status;
  }
}

}  // namespace simpul::sources
