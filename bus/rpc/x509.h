// OpenSSL's objects with owners, and PEM in and out of them. Only for identity.cc,
// certificate_authority.cc and the tool that keeps certificates fresh.
#ifndef SIMPUL_BUS_RPC_X509_H_
#define SIMPUL_BUS_RPC_X509_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "openssl/evp.h"
#include "openssl/x509.h"

namespace simpul::rpc {

struct X509Free {
  void operator()(X509* x) const { X509_free(x); }
  void operator()(EVP_PKEY* x) const { EVP_PKEY_free(x); }
};
using X509Ptr = std::unique_ptr<X509, X509Free>;
using KeyPtr = std::unique_ptr<EVP_PKEY, X509Free>;

// Null if it is no PEM of that kind. An encrypted key is none.
X509Ptr CertificateOfPem(std::string_view pem);
KeyPtr KeyOfPem(std::string_view pem);

std::string ToPem(X509* certificate);
std::string ToPem(EVP_PKEY* key);

// The URIs among the subject's alternative names.
std::vector<std::string> UrisOf(X509* certificate);

// Whether a client may believe it of a server.
bool MayServe(X509* certificate);

absl::Time NotAfter(X509* certificate);

}  // namespace simpul::rpc

#endif  // SIMPUL_BUS_RPC_X509_H_
