// Which kinds of identity may ask the catalogue what.
#ifndef SIMPUL_SERVICES_CATALOGUE_ACCESS_H_
#define SIMPUL_SERVICES_CATALOGUE_ACCESS_H_

#include <span>
#include <string_view>

#include "absl/status/statusor.h"
#include "bus/rpc/identity.h"
#include "grpcpp/grpcpp.h"

namespace simpul::catalogue {

// The parts themselves and operators; not, say, an agency with a certificate for Kafka.
inline constexpr std::string_view kOnTheBus[] = {"gateway", "service", "adapter", "operator"};
inline constexpr std::string_view kGateways[] = {"gateway"};
inline constexpr std::string_view kOperators[] = {"operator"};

// The identity of the peer if it is of one of these kinds.
// UNAUTHENTICATED: it has none. PERMISSION_DENIED: it is of another kind.
absl::StatusOr<rpc::Identity> Admit(const grpc::ServerContextBase& context,
                                    std::span<const std::string_view> kinds);

// A stream that ends at once with `status`.
template <class Response>
grpc::ServerWriteReactor<Response>* Refuse(const grpc::Status& status) {
  class Refusal : public grpc::ServerWriteReactor<Response> {
   public:
    explicit Refusal(const grpc::Status& status) { this->Finish(status); }
    void OnDone() override { delete this; }
  };
  return new Refusal(status);
}

}  // namespace simpul::catalogue

#endif  // SIMPUL_SERVICES_CATALOGUE_ACCESS_H_
