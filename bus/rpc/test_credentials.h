// Certificates for tests: a CA of the test's own in a temporary directory.
#ifndef SIMPUL_BUS_RPC_TEST_CREDENTIALS_H_
#define SIMPUL_BUS_RPC_TEST_CREDENTIALS_H_

#include <memory>
#include <string>

#include "bus/rpc/certificate_authority.h"
#include "bus/rpc/identity.h"

namespace simpul::rpc {

// Owns the directory and removes it. Aborts the test if it cannot be made. One thread.
class TestCredentials {
 public:
  explicit TestCredentials(std::string trust_domain = "simpul.test");
  // Issued by `authority`.
  TestCredentials(std::string trust_domain, const CertificateAuthority& authority);
  ~TestCredentials();
  TestCredentials(const TestCredentials&) = delete;

  // Credentials of "gateway", "service/wifi", "adapter/diskominfo", …
  std::shared_ptr<const Credentials> For(const std::string& path);

  // The directory with ca.crt, tls.crt and tls.key of `path`, issued at the first call.
  std::string DirectoryOf(const std::string& path);

  Identity IdentityOf(const std::string& path) const;
  const CertificateAuthority& authority() const { return authority_; }

 private:
  const std::string trust_domain_;
  const std::string root_;
  const CertificateAuthority authority_;
};

}  // namespace simpul::rpc

#endif  // SIMPUL_BUS_RPC_TEST_CREDENTIALS_H_
