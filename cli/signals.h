// SIGTERM and SIGINT as something to wait for.
#ifndef SIMPUL_CLI_SIGNALS_H_
#define SIMPUL_CLI_SIGNALS_H_

#include "absl/time/time.h"

namespace simpul::cli {

// Must be made before any other thread is. From then on the signals only wake Wait, and a peer that
// closes its socket kills nobody.
class StopSignals {
 public:
  StopSignals();

  // Blocks until one comes; the number of the signal.
  int Wait() const;
  // Whether one has come, or comes within `duration`.
  bool CameWithin(absl::Duration duration) const;
};

}  // namespace simpul::cli

#endif  // SIMPUL_CLI_SIGNALS_H_
