#include "cli/signals.h"

#include <csignal>
#include <ctime>

namespace simpul::cli {
namespace {

sigset_t Signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

}  // namespace

StopSignals::StopSignals() {
  const sigset_t signals = Signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

int StopSignals::Wait() const {
  const sigset_t signals = Signals();
  int number = 0;
  sigwait(&signals, &number);
  return number;
}

bool StopSignals::CameWithin(absl::Duration duration) const {
  const sigset_t signals = Signals();
  const timespec timeout = absl::ToTimespec(duration);
  const int number = sigtimedwait(&signals, nullptr, &timeout);
  if (number > 0) raise(number);  // stays pending for Wait
  return number > 0;
}

}  // namespace simpul::cli
