// The gateway as a part: the single entry for agencies.
#ifndef SIMPUL_GATEWAY_PART_H_
#define SIMPUL_GATEWAY_PART_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gateway/options.h"

namespace simpul::gateway {

// Serves gRPC, REST and reflection until destroyed. Thread-safe.
class Part {
 public:
  // FAILED_PRECONDITION: an address is in use or cannot be bound. NOT_FOUND, INVALID_ARGUMENT: a
  // certificate, a protoset or a static part cannot be used. Each names which.
  // Without a catalogue that answers it starts from the parts it knew last; see ready().
  static absl::StatusOr<std::unique_ptr<Part>> Start(const Options& options);

  // Takes no new calls, lets those in hand finish within `stop_grace`, then cuts them.
  ~Part();

  // "127.0.0.1:8080": where it really listens. Empty: not at all.
  std::string address() const;
  std::string tls_address() const;

  // OK once parts and keys are known; else what is missing. Also /readyz.
  absl::Status ready() const;

  // Whether calls go to the part that listens at `address`: it has public methods, and the
  // catalogue has told of it.
  bool has_routes_to(const std::string& address) const;

 private:
  struct Running;
  explicit Part(std::unique_ptr<Running> running);
  std::unique_ptr<Running> running_;
};

}  // namespace simpul::gateway

#endif  // SIMPUL_GATEWAY_PART_H_
