// Whom a TLS handshake believes, once the chain to our CA has been verified.
#ifndef SIMPUL_BUS_RPC_PEER_VERIFIER_H_
#define SIMPUL_BUS_RPC_PEER_VERIFIER_H_

#include <memory>
#include <string>

#include "bus/rpc/identity.h"

namespace grpc::experimental {
class CertificateVerifier;
}

namespace simpul::rpc {

// Exactly `expected`.
std::shared_ptr<grpc::experimental::CertificateVerifier> IdentityVerifier(const Identity& expected);

// Any part of this trust domain.
std::shared_ptr<grpc::experimental::CertificateVerifier> TrustDomainVerifier(
    const std::string& trust_domain);

}  // namespace simpul::rpc

#endif  // SIMPUL_BUS_RPC_PEER_VERIFIER_H_
