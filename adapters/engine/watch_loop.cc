#include "adapters/engine/watch_loop.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "bus/observe/log.h"

namespace simpul::engine {

WatchLoop::WatchLoop(Watch& watch, const LoadedMapping& mapping, const ResourcePlan& plan,
                     Clock& clock, std::function<void()> committed,
                     std::function<void(absl::Time)> observed)
    : watch_(watch),
      every_(plan.watch.every),
      pause_(absl::Milliseconds(20)),
      clock_(clock),
      part_("adapter/" + mapping.department),
      adapter_(mapping.adapter),
      resource_(plan.message),
      polls_see_changes_(!plan.watch.open.empty()),
      committed_(std::move(committed)),
      observed_(std::move(observed)) {
  thread_ = std::thread([this] { Run(); });
}

WatchLoop::~WatchLoop() {
  {
    absl::MutexLock lock(&mutex_);
    is_stopping_ = true;
  }
  thread_.join();
}

void WatchLoop::Wake() {
  absl::MutexLock lock(&mutex_);
  is_woken_ = true;
}

bool WatchLoop::IsStopping() const {
  absl::MutexLock lock(&mutex_);
  return is_stopping_;
}

bool WatchLoop::Wait(absl::Duration at_most) {
  const auto has_news = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return is_stopping_ || is_woken_;
  };
  absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithTimeout(absl::Condition(&has_news), at_most);
  is_woken_ = false;
  return !is_stopping_;
}

void WatchLoop::Run() {
  absl::Time reconcile_began = clock_.Now();
  while (!IsStopping()) {
    const absl::Time began = absl::Now();
    const absl::Time poll_began = clock_.Now();
    const absl::Status polled = watch_.Poll();
    Tell(polled);
    committed_();
    if (polled.ok() && watch_.has_backlog()) continue;
    if (polled.ok() && polls_see_changes_) observed_(poll_began);
    // What is left until the next poll is the reconcile's, and a page of it in any case.
    absl::Duration left;
    while (polled.ok() && clock_.Now() >= watch_.reconcile_due()) {
      if (!watch_.is_reconciling()) reconcile_began = clock_.Now();
      auto is_over = watch_.Reconcile();
      committed_();
      if (is_over.ok() && *is_over && !polls_see_changes_) observed_(reconcile_began);
      if (!is_over.ok()) Tell(is_over.status());
      if (!is_over.ok() || *is_over) break;
      left = every_ - (absl::Now() - began);
      if (left <= pause_) break;
      if (!Wait(pause_)) return;
    }
    left = every_ - (absl::Now() - began);
    if (!Wait(std::max(left, absl::ZeroDuration()))) return;
  }
}

void WatchLoop::Tell(const absl::Status& status) {
  const std::string text = status.ok() ? "" : observe::StatusText(status);
  if (text == told_) return;
  if (status.ok()) {
    observe::Log(observe::Severity::kInfo, part_, "the watch goes on",
                 {{"adapter", adapter_}, {"resource", resource_}});
  } else {
    observe::Log(observe::Severity::kError, part_, "the watch failed and is tried again",
                 {{"adapter", adapter_}, {"resource", resource_}, {"error", text}});
  }
  told_ = text;
}

}  // namespace simpul::engine
