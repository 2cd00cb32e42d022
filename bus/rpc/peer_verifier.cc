#include "bus/rpc/peer_verifier.h"

#include <functional>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "grpcpp/security/tls_certificate_verifier.h"

namespace simpul::rpc {
namespace {

using grpc::experimental::CertificateVerifier;
using grpc::experimental::ExternalCertificateVerifier;
using grpc::experimental::TlsCustomVerificationCheckRequest;

class PeerVerifier : public ExternalCertificateVerifier {
 public:
  PeerVerifier(std::function<bool(const Identity&)> believes, std::string whom)
      : believes_(std::move(believes)), whom_(std::move(whom)) {}

  bool Verify(TlsCustomVerificationCheckRequest* request, std::function<void(grpc::Status)>,
              grpc::Status* status) override {
    const auto uris = request->uri_names();
    if (uris.size() != 1) {
      *status = Refused("shows no SPIFFE ID, or more than one URI");
      return true;
    }
    const std::string_view uri(uris[0].data(), uris[0].size());
    const auto identity = Identity::Parse(uri);
    if (!identity.ok() || !believes_(*identity)) *status = Refused(absl::StrFormat("is %s", uri));
    return true;
  }

  void Cancel(TlsCustomVerificationCheckRequest*) override {}

 private:
  grpc::Status Refused(std::string_view what) const {
    return grpc::Status(grpc::StatusCode::UNAUTHENTICATED,
                        absl::StrFormat("the peer %s, expected is %s", what, whom_));
  }

  const std::function<bool(const Identity&)> believes_;
  const std::string whom_;
};

}  // namespace

std::shared_ptr<CertificateVerifier> IdentityVerifier(const Identity& expected) {
  return ExternalCertificateVerifier::Create<PeerVerifier>(
      [expected](const Identity& peer) { return peer == expected; }, expected.Uri());
}

std::shared_ptr<CertificateVerifier> TrustDomainVerifier(const std::string& trust_domain) {
  return ExternalCertificateVerifier::Create<PeerVerifier>(
      [trust_domain](const Identity& peer) { return peer.trust_domain == trust_domain; },
      absl::StrFormat("a part of the trust domain %s", trust_domain));
}

}  // namespace simpul::rpc
