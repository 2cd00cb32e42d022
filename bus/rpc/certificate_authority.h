// Issues certificates to parts: the development CA of `simpul certs`, and the tests'.
#ifndef SIMPUL_BUS_RPC_CERTIFICATE_AUTHORITY_H_
#define SIMPUL_BUS_RPC_CERTIFICATE_AUTHORITY_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bus/rpc/identity.h"

namespace simpul::rpc {

// A certificate and its key, both PEM.
struct CertificatePem {
  std::string certificate;
  std::string key;
};

// Whether others connect to it: all but agencies and operators, who only connect.
bool Serves(const Identity& identity);

// A CA's certificate and key (EC P-256). Immutable, thread-safe.
class CertificateAuthority {
 public:
  // A new CA that holds for ten years.
  static absl::StatusOr<CertificateAuthority> Make(const std::string& common_name);

  // INVALID_ARGUMENT: one of them is no PEM, or the key is not the certificate's.
  static absl::StatusOr<CertificateAuthority> FromPem(CertificatePem pem);

  const CertificatePem& pem() const { return pem_; }

  // A certificate (EC P-256): common name identity.Path(), SAN identity.Uri(). Of one that serves,
  // for server and client, with localhost and 127.0.0.1 as further SANs; else for a client alone,
  // so that nobody can pose as a server with it. Holds from an hour ago, so that a slow clock
  // believes it.
  absl::StatusOr<CertificatePem> Issue(const Identity& identity, absl::Duration lifetime) const;

 private:
  explicit CertificateAuthority(CertificatePem pem) : pem_(std::move(pem)) {}
  CertificatePem pem_;
};

}  // namespace simpul::rpc

#endif  // SIMPUL_BUS_RPC_CERTIFICATE_AUTHORITY_H_
