// Named places where a test may kill the process, to show that nothing accepted is lost there.
#ifndef SIMPUL_BUS_TESTING_FAULT_POINT_H_
#define SIMPUL_BUS_TESTING_FAULT_POINT_H_

#include <atomic>
#include <string_view>
#include <vector>

namespace simpul {

// One place, a constant at namespace scope: `const FaultPoint kAfterSend("relay.after_send");`,
// passed by `kAfterSend.Pass();`. With SIMPUL_FAULT="relay.after_send:3" in the environment the
// third pass ends the process with SIGKILL; without it a pass costs one predictable branch.
// Thread-safe.
class FaultPoint {
 public:
  // `name` is `<file's noun>.<where>` and outlives the process.
  explicit FaultPoint(std::string_view name);
  FaultPoint(const FaultPoint&) = delete;

  void Pass() const {
    if (armed_) Count();
  }
  std::string_view name() const { return name_; }

  // Arms the point of this name as SIMPUL_FAULT does: for a process that a test has forked.
  static void Arm(std::string_view name, long passes);

  // Every point linked into this program, sorted: what a kill storm goes through.
  static std::vector<std::string_view> All();

 private:
  void Count() const;

  const std::string_view name_;
  mutable bool armed_ = false;
  mutable std::atomic<long> remaining_{0};
};

}  // namespace simpul

#endif  // SIMPUL_BUS_TESTING_FAULT_POINT_H_
