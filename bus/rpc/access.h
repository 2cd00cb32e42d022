// Which kinds of identity may call what.
#ifndef SIMPUL_BUS_RPC_ACCESS_H_
#define SIMPUL_BUS_RPC_ACCESS_H_

#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "bus/rpc/identity.h"
#include "bus/rpc/status.h"
#include "grpcpp/grpcpp.h"

namespace simpul::rpc {

// The parts themselves and operators. An agency with a certificate for Kafka is not even let in:
// the server closes the connection.
inline constexpr std::string_view kOnTheBus[] = {"gateway", "service", "adapter", "operator"};
// Who reads for others: everybody else comes through the gateway, with an API key.
inline constexpr std::string_view kReaders[] = {"gateway", "service", "operator"};
inline constexpr std::string_view kGateways[] = {"gateway"};
inline constexpr std::string_view kOperators[] = {"operator"};

// The identity of the peer if it is of one of these kinds.
// UNAUTHENTICATED: it has none. PERMISSION_DENIED: it is of another kind.
absl::StatusOr<Identity> Admit(const grpc::ServerContextBase& context,
                               std::span<const std::string_view> kinds);

// Who may write to `domain`, such as "complaints": the agency whose API key has the right, or an
// operator ("operator/admin"); the name by which its requests are told from those of others.
// UNAUTHENTICATED: there is no certificate. PERMISSION_DENIED: the key has no such right, or the
// peer is an adapter.
absl::StatusOr<std::string> AdmitWriter(const grpc::ServerContextBase& context,
                                        std::string_view domain);

// A stream that ends at once with `status`.
template <class Response>
grpc::ServerWriteReactor<Response>* Refuse(const absl::Status& status) {
  class Refusal : public grpc::ServerWriteReactor<Response> {
   public:
    explicit Refusal(const absl::Status& status) { this->Finish(ToGrpc(status)); }
    void OnDone() override { delete this; }
  };
  return new Refusal(status);
}

}  // namespace simpul::rpc

#endif  // SIMPUL_BUS_RPC_ACCESS_H_
