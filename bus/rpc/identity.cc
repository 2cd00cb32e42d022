#include "bus/rpc/identity.h"

#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "bus/rpc/peer_verifier.h"
#include "bus/rpc/x509.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/security/tls_credentials_options.h"
#include "grpcpp/server_context.h"
#include "simpul/bus/v1/bus.pb.h"

namespace simpul::rpc {
namespace {

constexpr std::string_view kScheme = "spiffe://";
constexpr char kCallerKey[] = "simpul-caller-bin";

bool IsTrustDomain(std::string_view text) {
  return !text.empty() &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-._") == text.npos;
}

bool IsName(std::string_view text) {
  return !text.empty() && text.size() <= 63 && text[0] >= 'a' && text[0] <= 'z' &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == text.npos;
}

bool IsNamedKind(std::string_view kind) {
  return kind == "service" || kind == "adapter" || kind == "operator";
}

absl::StatusOr<std::string> Read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file.is_open() || file.bad()) {
    return absl::NotFoundError(absl::StrFormat(
        "%s cannot be read; mount the part's certificate or make one by `simpul certs`", path));
  }
  return text;
}

absl::Status Bad(const std::string& path, std::string_view what) {
  return absl::InvalidArgumentError(absl::StrFormat("%s %s", path, what));
}

std::shared_ptr<grpc::experimental::StaticDataCertificateProvider> Provider(
    const std::string& ca, const std::string& certificate, const std::string& key) {
  return std::make_shared<grpc::experimental::StaticDataCertificateProvider>(
      ca, std::vector<grpc::experimental::IdentityKeyCertPair>{{key, certificate}});
}

}  // namespace

absl::StatusOr<Identity> Identity::Parse(std::string_view uri) {
  const absl::Status bad = absl::InvalidArgumentError(
      absl::StrFormat("%s is not spiffe://<trust domain>/gateway or "
                      "spiffe://<trust domain>/<service|adapter|operator>/<name>",
                      uri));
  if (!uri.starts_with(kScheme)) return bad;
  const std::string_view rest = uri.substr(kScheme.size());
  const size_t slash = rest.find('/');
  if (slash == rest.npos || !IsTrustDomain(rest.substr(0, slash))) return bad;
  Identity identity{.trust_domain = std::string(rest.substr(0, slash))};
  const std::string_view path = rest.substr(slash + 1);
  const size_t second = path.find('/');
  identity.kind = std::string(path.substr(0, second));
  if (second == path.npos) {
    if (identity.kind != "gateway") return bad;
    return identity;
  }
  identity.name = std::string(path.substr(second + 1));
  if (!IsNamedKind(identity.kind) || !IsName(identity.name)) return bad;
  return identity;
}

std::string Identity::Uri() const {
  return absl::StrFormat("spiffe://%s/%s", trust_domain, Path());
}

std::string Identity::Path() const { return name.empty() ? kind : kind + "/" + name; }

CertificateFiles CertificateFiles::In(const std::string& directory) {
  return {directory + "/ca.crt", directory + "/tls.crt", directory + "/tls.key"};
}

absl::StatusOr<std::shared_ptr<const Credentials>> Credentials::Load(
    const CertificateFiles& files) {
  auto ca = Read(files.ca);
  if (!ca.ok()) return ca.status();
  auto certificate = Read(files.certificate);
  if (!certificate.ok()) return certificate.status();
  auto key = Read(files.key);
  if (!key.ok()) return key.status();

  if (CertificateOfPem(*ca) == nullptr) return Bad(files.ca, "holds no certificate in PEM");
  const X509Ptr x509 = CertificateOfPem(*certificate);
  if (x509 == nullptr) return Bad(files.certificate, "holds no certificate in PEM");
  const KeyPtr pkey = KeyOfPem(*key);
  if (pkey == nullptr) return Bad(files.key, "holds no unencrypted private key in PEM");
  if (X509_check_private_key(x509.get(), pkey.get()) != 1) {
    return Bad(files.key, absl::StrFormat("is not the key of %s", files.certificate));
  }
  const std::vector<std::string> uris = UrisOf(x509.get());
  if (uris.size() != 1) return Bad(files.certificate, "carries no SPIFFE ID, or more than one URI");
  auto identity = Identity::Parse(uris[0]);
  if (!identity.ok())
    return Bad(files.certificate,
               absl::StrFormat("carries an ID that is none: %s", identity.status().message()));

  std::shared_ptr<Credentials> credentials(new Credentials);
  credentials->files_ = files;
  credentials->identity_ = *std::move(identity);
  credentials->ca_ = *std::move(ca);
  credentials->certificate_ = *std::move(certificate);
  credentials->key_ = *std::move(key);
  return credentials;
}

std::shared_ptr<grpc::ServerCredentials> Credentials::ForServer() const {
  grpc::experimental::TlsServerCredentialsOptions options(Provider(ca_, certificate_, key_));
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.set_certificate_verifier(TrustDomainVerifier(identity_.trust_domain));
  return grpc::experimental::TlsServerCredentials(options);
}

std::shared_ptr<grpc::ChannelCredentials> Credentials::ForChannel(const Identity& expected) const {
  grpc::experimental::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(Provider(ca_, certificate_, key_));
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_verify_server_certs(true);
  // Parts are known by their SPIFFE ID, not by the address they happen to listen on.
  options.set_check_call_host(false);
  options.set_certificate_verifier(IdentityVerifier(expected));
  return grpc::experimental::TlsCredentials(options);
}

absl::StatusOr<Identity> PeerOf(const grpc::ServerContextBase& context) {
  const auto auth = context.auth_context();
  if (auth == nullptr || !auth->IsPeerAuthenticated()) {
    return absl::UnauthenticatedError("the call came without a client certificate");
  }
  const std::vector<grpc::string_ref> ids = auth->FindPropertyValues("peer_spiffe_id");
  if (ids.size() != 1) {
    return absl::UnauthenticatedError("the client certificate carries no SPIFFE ID");
  }
  auto identity = Identity::Parse(std::string_view(ids[0].data(), ids[0].size()));
  if (!identity.ok()) return absl::UnauthenticatedError(identity.status().message());
  return identity;
}

absl::StatusOr<bus::v1::Caller> CallerOf(const grpc::ServerContextBase& context) {
  const auto [first, last] = context.client_metadata().equal_range(kCallerKey);
  if (first == last) return bus::v1::Caller();
  const auto peer = PeerOf(context);
  if (!peer.ok()) return peer.status();
  if (peer->kind != "gateway" && peer->kind != "service" && peer->kind != "operator") {
    return absl::PermissionDeniedError(
        absl::StrFormat("%s may not speak for a caller", peer->Path()));
  }
  bus::v1::Caller caller;
  if (std::next(first) != last ||
      !caller.ParseFromArray(first->second.data(), static_cast<int>(first->second.size()))) {
    return absl::InvalidArgumentError("the metadata simpul-caller-bin is not one Caller");
  }
  return caller;
}

}  // namespace simpul::rpc
