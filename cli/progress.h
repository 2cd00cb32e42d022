// What `simpul up` says while it starts: each step with the time since the start.
#ifndef SIMPUL_CLI_PROGRESS_H_
#define SIMPUL_CLI_PROGRESS_H_

#include <cstdio>
#include <mutex>
#include <string>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace simpul::cli {

// Thread-safe.
class Progress {
 public:
  explicit Progress(bool silent) : silent_(silent) {}

  void Say(const std::string& step) {
    std::lock_guard lock(mutex_);
    if (silent_) return;
    absl::PrintF("%6.2f s  %s\n", absl::ToDoubleSeconds(elapsed()), step);
    std::fflush(stdout);
  }

  absl::Duration elapsed() const { return absl::Now() - start_; }

 private:
  const bool silent_;
  const absl::Time start_ = absl::Now();
  std::mutex mutex_;
};

}  // namespace simpul::cli

#endif  // SIMPUL_CLI_PROGRESS_H_
