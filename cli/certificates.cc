#include "cli/certificates.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "bus/rpc/certificate_authority.h"
#include "bus/rpc/x509.h"
#include "cli/files.h"

namespace simpul::cli {
namespace {

using rpc::CertificateAuthority;
using rpc::CertificatePem;

constexpr mode_t kPublic = 0644;
constexpr mode_t kSecret = 0600;

bool IsWord(std::string_view text) {
  return !text.empty() && text.size() <= 63 && text[0] >= 'a' && text[0] <= 'z' &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == text.npos;
}

absl::StatusOr<rpc::Identity> ParseIdentity(const std::string& trust_domain,
                                            const std::string& path) {
  const size_t slash = path.find('/');
  rpc::Identity identity{trust_domain, path.substr(0, slash),
                         slash == path.npos ? "" : path.substr(slash + 1)};
  if (!IsWord(identity.kind) || (slash != path.npos && !IsWord(identity.name))) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s is no identity; write <kind>/<name>, such as adapter/diskominfo", path));
  }
  return identity;
}

absl::StatusOr<CertificateAuthority> LoadAuthority(const std::string& directory) {
  auto certificate = ReadFile(directory + "/ca.crt");
  if (!certificate.ok()) return certificate.status();
  auto key = ReadFile(directory + "/ca.key");
  if (!key.ok()) return key.status();
  return CertificateAuthority::FromPem({*std::move(certificate), *std::move(key)});
}

// Makes both files in a directory of their own and renames it, so that of two who do so at once one
// wins and the other uses what is there.
absl::Status MakeAuthority(const std::string& directory) {
  const auto authority = CertificateAuthority::Make("Simpul development CA");
  if (!authority.ok()) return authority.status();
  const std::string draft = absl::StrFormat("%s.%d.new", directory, getpid());
  std::error_code ignored;
  std::filesystem::remove_all(draft, ignored);
  if (auto status = MakePrivateDirectory(draft); !status.ok()) return status;
  for (const auto& [name, bytes, mode] :
       {std::tuple{"/ca.crt", authority->pem().certificate, kPublic},
        std::tuple{"/ca.key", authority->pem().key, kSecret}}) {
    if (auto status = WriteFile(draft + name, bytes, mode); !status.ok()) return status;
  }
  const bool renamed = rename(draft.c_str(), directory.c_str()) == 0;
  const int error = errno;
  if (!renamed) std::filesystem::remove_all(draft, ignored);
  if (renamed || error == EEXIST || error == ENOTEMPTY) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrFormat("%s cannot be made: %s", directory, std::strerror(error)));
}

absl::StatusOr<CertificateAuthority> LoadOrMakeAuthority(const CertificateOptions& options) {
  const std::string directory = options.data + "/ca";
  // The folder itself may be anyone's to pass through, such as a database's of the sample city.
  if (auto s = MakePrivateDirectory(options.data + "/certs"); !s.ok()) return s;
  if (!std::filesystem::exists(directory)) {
    if (auto status = MakeAuthority(directory); !status.ok()) return status;
  }
  auto authority = LoadAuthority(directory);
  if (!authority.ok()) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "the development CA in %s is broken (%s); restore both files, or move %s and %s/certs away "
        "to get new ones",
        directory, authority.status().message(), directory, options.data));
  }
  const absl::Time end = rpc::NotAfter(rpc::CertificateOfPem(authority->pem().certificate).get());
  if (end < absl::Now() + options.renew_before) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "the development CA in %s ends on %s; move %s and %s/certs away to get new ones", directory,
        absl::FormatTime("%Y-%m-%d", end, absl::UTCTimeZone()), directory, options.data));
  }
  return authority;
}

bool IsFresh(const std::string& directory, const rpc::Identity& identity,
             const CertificateAuthority& authority, absl::Duration renew_before) {
  const auto ca = ReadFile(directory + "/ca.crt");
  const auto certificate = ReadFile(directory + "/tls.crt");
  const auto key = ReadFile(directory + "/tls.key");
  if (!ca.ok() || !certificate.ok() || !key.ok()) return false;
  const rpc::X509Ptr x509 = rpc::CertificateOfPem(*certificate);
  const rpc::KeyPtr pkey = rpc::KeyOfPem(*key);
  const rpc::X509Ptr issuer = rpc::CertificateOfPem(authority.pem().certificate);
  return x509 != nullptr && pkey != nullptr && *ca == authority.pem().certificate &&
         X509_check_private_key(x509.get(), pkey.get()) == 1 &&
         X509_verify(x509.get(), X509_get0_pubkey(issuer.get())) == 1 &&
         rpc::UrisOf(x509.get()) == std::vector<std::string>{identity.Uri()} &&
         rpc::MayServe(x509.get()) == rpc::Serves(identity) &&
         rpc::NotAfter(x509.get()) > absl::Now() + renew_before;
}

absl::Status Write(const std::string& directory, const CertificateAuthority& authority,
                   const CertificatePem& pem) {
  if (auto status = MakePrivateDirectory(directory); !status.ok()) return status;
  // A crash in between leaves a key that is not the certificate's: the next run makes both anew.
  if (auto status = WriteFile(directory + "/tls.key", pem.key, kSecret); !status.ok())
    return status;
  if (auto status = WriteFile(directory + "/tls.crt", pem.certificate, kPublic); !status.ok()) {
    return status;
  }
  return WriteFile(directory + "/ca.crt", authority.pem().certificate, kPublic);
}

}  // namespace

std::vector<std::string> StandardIdentities() {
  return {"gateway",        "service/catalogue", "service/complaints", "service/wifi",
          "service/events", "operator/admin",    "kafka/broker",       "agency/sample"};
}

absl::StatusOr<std::vector<std::string>> EnsureCertificates(const CertificateOptions& options) {
  const auto authority = LoadOrMakeAuthority(options);
  if (!authority.ok()) return authority.status();
  std::vector<std::string> made;
  for (const std::string& path : options.identities) {
    const auto identity = ParseIdentity(options.trust_domain, path);
    if (!identity.ok()) return identity.status();
    const std::string directory = absl::StrFormat("%s/certs/%s", options.data, path);
    if (IsFresh(directory, *identity, *authority, options.renew_before)) continue;
    const auto pem = authority->Issue(*identity, options.lifetime);
    if (!pem.ok()) return pem.status();
    if (auto status = Write(directory, *authority, *pem); !status.ok()) return status;
    made.push_back(path);
  }
  return made;
}

}  // namespace simpul::cli
