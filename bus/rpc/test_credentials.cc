#include "bus/rpc/test_credentials.h"

#include <stdlib.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <utility>

namespace simpul::rpc {
namespace {

std::string MakeRoot() {
  std::string path = (std::filesystem::temp_directory_path() / "simpul-certs-XXXXXX").string();
  if (mkdtemp(path.data()) == nullptr) {
    std::perror("mkdtemp");
    std::abort();
  }
  return path;
}

template <class T>
T Need(absl::StatusOr<T> value) {
  if (value.ok()) return *std::move(value);
  std::fprintf(stderr, "%s\n", value.status().ToString().c_str());
  std::abort();
}

}  // namespace

TestCredentials::TestCredentials(std::string trust_domain)
    : TestCredentials(std::move(trust_domain), Need(CertificateAuthority::Make("Simpul test CA"))) {
}

TestCredentials::TestCredentials(std::string trust_domain, const CertificateAuthority& authority)
    : trust_domain_(std::move(trust_domain)), root_(MakeRoot()), authority_(authority) {}

TestCredentials::~TestCredentials() {
  std::error_code ignored;
  std::filesystem::remove_all(root_, ignored);
}

Identity TestCredentials::IdentityOf(const std::string& path) const {
  const size_t slash = path.find('/');
  return {trust_domain_, path.substr(0, slash),
          slash == std::string::npos ? "" : path.substr(slash + 1)};
}

std::string TestCredentials::DirectoryOf(const std::string& path) {
  const std::string directory = root_ + "/" + path;
  if (std::filesystem::exists(directory + "/tls.key")) return directory;
  const CertificatePem pem = Need(authority_.Issue(IdentityOf(path), absl::Hours(24)));
  std::filesystem::create_directories(directory);
  std::ofstream(directory + "/ca.crt") << authority_.pem().certificate;
  std::ofstream(directory + "/tls.crt") << pem.certificate;
  std::ofstream(directory + "/tls.key") << pem.key;
  return directory;
}

std::shared_ptr<const Credentials> TestCredentials::For(const std::string& path) {
  return Need(Credentials::Load(CertificateFiles::In(DirectoryOf(path))));
}

}  // namespace simpul::rpc
