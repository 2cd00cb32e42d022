// The complaints service as a part: complaints of all departments, and the way back to their
// applications.
#ifndef SIMPUL_SERVICES_COMPLAINTS_PART_H_
#define SIMPUL_SERVICES_COMPLAINTS_PART_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "bus/rpc/part_options.h"
#include "bus/testing/clock.h"

namespace simpul::complaints {

// Uses all of PartOptions; `credentials` are those of "service/complaints"; the file "page-token"
// in `secrets` is made if it is missing.
struct Options : rpc::PartOptions {
  Clock* clock = &Clock::System();
};

// Serves ComplaintService: reads from its own store, writes through the adapters that serve
// ComplaintSourceService. Applies what these publish, and publishes ComplaintEvent, until
// destroyed. Thread-safe.
class Part {
 public:
  // As for domain::Core. Does not wait for the catalogue, nor for Kafka.
  static absl::StatusOr<std::unique_ptr<Part>> Start(const Options& options);
  ~Part();

  // "127.0.0.1:43211".
  std::string address() const;

 private:
  struct Running;
  explicit Part(std::unique_ptr<Running> running);
  std::unique_ptr<Running> running_;
};

}  // namespace simpul::complaints

#endif  // SIMPUL_SERVICES_COMPLAINTS_PART_H_
