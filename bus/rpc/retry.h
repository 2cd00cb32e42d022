// A thread that stops promptly, and waits that grow: what registration and the parts watch share.
#ifndef SIMPUL_BUS_RPC_RETRY_H_
#define SIMPUL_BUS_RPC_RETRY_H_

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>

#include "absl/time/time.h"
#include "grpcpp/client_context.h"

namespace simpul::rpc {

// Ends waits and the call in hand when the owner is destroyed. Thread-safe.
class Stop {
 public:
  // Returns false once stopped, at once; true after `duration`.
  bool WaitFor(absl::Duration duration) {
    std::unique_lock lock(mutex_);
    return !changed_.wait_for(lock, absl::ToChronoNanoseconds(duration), [&] { return stopped_; });
  }

  bool stopped() {
    std::lock_guard lock(mutex_);
    return stopped_;
  }

  // Runs `call` with a context that is cancelled by Trigger. It waits for the connection: gRPC
  // moves a handshake on only while some thread waits for a call, and a process without a gRPC
  // server has no other.
  void Run(const std::function<void(grpc::ClientContext&)>& call) {
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    {
      std::lock_guard lock(mutex_);
      if (stopped_) context.TryCancel();
      context_ = &context;
    }
    call(context);
    std::lock_guard lock(mutex_);
    context_ = nullptr;
  }

  void Trigger() {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    if (context_ != nullptr) context_->TryCancel();
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ = false;
  grpc::ClientContext* context_ = nullptr;
};

// 50 ms, 100 ms, … 2 s.
class Backoff {
 public:
  absl::Duration Next() {
    const absl::Duration wait = next_;
    next_ = std::min(next_ * 2, absl::Seconds(2));
    return wait;
  }
  void Reset() { next_ = absl::Milliseconds(50); }

 private:
  absl::Duration next_ = absl::Milliseconds(50);
};

}  // namespace simpul::rpc

#endif  // SIMPUL_BUS_RPC_RETRY_H_
