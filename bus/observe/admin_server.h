// The admin port: /metrics for Prometheus, /healthz and /readyz for whoever starts and watches the
// process. Plain HTTP, for the machine or the pod's network only.
#ifndef SIMPUL_BUS_OBSERVE_ADMIN_SERVER_H_
#define SIMPUL_BUS_OBSERVE_ADMIN_SERVER_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace prometheus {
class Registry;
class Collectable;
}  // namespace prometheus

namespace simpul::observe {

// The process's metrics. Names are `simpul_<part>_<what>_<unit>`; labels never hold personal data
// and have few values. Get a family and its children once, at start: not on hot paths. Never
// destroyed.
std::shared_ptr<prometheus::Registry> Metrics();

// Serves until destroyed. Thread-safe.
class AdminServer {
 public:
  virtual ~AdminServer() = default;

  // Listens on `address`, "127.0.0.1:9901"; port 0 picks one.
  // FAILED_PRECONDITION: the port is in use; the message names it.
  static absl::StatusOr<std::unique_ptr<AdminServer>> Start(const std::string& address);

  // /readyz answers 503 until this is called: a check that is not there yet cannot fail.
  virtual void SayStarted() = 0;

  // From then on it answers 200 while every check is OK, else 503 with the name and text of those
  // that are not.
  virtual void AddReadyCheck(std::string name, std::function<absl::Status()> check) = 0;

  // What is worth knowing and decides nothing: while the check is not OK, /readyz has its name and
  // text on a line of their own, whatever else it answers.
  virtual void AddRemark(std::string name, std::function<absl::Status()> check) = 0;

  // What /readyz answers: OK, or the first check that is not.
  virtual absl::Status ready() = 0;

  // More metrics than the registry's, such as counters a hot path keeps itself. Kept weakly.
  virtual void AddCollectable(std::weak_ptr<prometheus::Collectable> collectable) = 0;

  // "127.0.0.1:43211".
  virtual std::string address() const = 0;
};

}  // namespace simpul::observe

#endif  // SIMPUL_BUS_OBSERVE_ADMIN_SERVER_H_
