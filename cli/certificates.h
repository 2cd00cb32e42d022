// The development CA and the certificates of one machine, below the data directory.
#ifndef SIMPUL_CLI_CERTIFICATES_H_
#define SIMPUL_CLI_CERTIFICATES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace simpul::cli {

struct CertificateOptions {
  std::string data;  // holds ca/ and certs/
  std::string trust_domain = "simpul.local";
  std::vector<std::string> identities;  // "gateway", "service/wifi", "adapter/diskominfo", …
  absl::Duration lifetime = absl::Hours(24 * 365);
  absl::Duration renew_before = absl::Hours(24 * 30);
};

// The identities that every machine needs, adapters apart: services, gateway, Kafka's broker, the
// operator, and a sample agency that reads Kafka.
std::vector<std::string> StandardIdentities();

// Makes the CA (ca/ca.crt, ca/ca.key) if there is none, and
// certs/<identity>/{ca.crt,tls.crt,tls.key} where one is missing, ends within `renew_before`, or is
// not of this CA, key and trust domain. Returns the identities whose certificate was made anew. A
// CA that exists is never written. FAILED_PRECONDITION: the CA is broken or about to end, or a file
// cannot be written; names it. INVALID_ARGUMENT: an identity is not `<kind>` or `<kind>/<name>`.
absl::StatusOr<std::vector<std::string>> EnsureCertificates(const CertificateOptions& options);

}  // namespace simpul::cli

#endif  // SIMPUL_CLI_CERTIFICATES_H_
