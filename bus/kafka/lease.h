// Which relay of a part is active: a row with the holder and the time its claim ends.
#ifndef SIMPUL_BUS_KAFKA_LEASE_H_
#define SIMPUL_BUS_KAFKA_LEASE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bus/store/store.h"
#include "bus/testing/clock.h"

namespace simpul::kafka {

// A claim that is good for `length` from the last Take. One that its holder did not give back is
// free when it has run out; at once, if the holder was a process of this machine that is no more.
// One thread.
class Lease {
 public:
  Lease(store::Store& store, std::string part, absl::Duration length, Clock& clock);
  ~Lease();
  Lease(const Lease&) = delete;

  // Takes the lease or makes it longer; whether we have it now.
  absl::StatusOr<bool> Take();

  // Gives it back.
  void Release();

 private:
  absl::StatusOr<bool> TakeFrom(const std::string& gone);

  store::Store& store_;
  const std::string part_;
  const absl::Duration length_;
  Clock& clock_;
  const int number_;  // among the leases of this process
  const std::string owner_;
};

}  // namespace simpul::kafka

#endif  // SIMPUL_BUS_KAFKA_LEASE_H_
