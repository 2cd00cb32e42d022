// Who a part is: a SPIFFE ID in its certificate, and the files that prove it.
#ifndef SIMPUL_BUS_RPC_IDENTITY_H_
#define SIMPUL_BUS_RPC_IDENTITY_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace grpc {
class ChannelCredentials;
class ServerCredentials;
class ServerContextBase;
}  // namespace grpc

namespace simpul::bus::v1 {
class Caller;
}

namespace simpul::rpc {

// "spiffe://<trust domain>/<kind>[/<name>]": kinds are "gateway" (no name), "service", "adapter"
// (named after the department), "operator".
struct Identity {
  std::string trust_domain;
  std::string kind;
  std::string name;

  // INVALID_ARGUMENT: not a SPIFFE ID of this shape.
  static absl::StatusOr<Identity> Parse(std::string_view uri);
  std::string Uri() const;
  // "service/wifi", "gateway": the certificate's common name, and so its Kafka principal.
  std::string Path() const;

  bool operator==(const Identity&) const = default;
};

// A directory as cert-manager mounts it: ca.crt, tls.crt, tls.key.
struct CertificateFiles {
  std::string ca;
  std::string certificate;
  std::string key;

  static CertificateFiles In(const std::string& directory);
};

// A part's certificate, loaded. Immutable, thread-safe.
class Credentials {
 public:
  // NOT_FOUND: a file is missing. INVALID_ARGUMENT: it is no PEM, the key is not the certificate's,
  // or the certificate carries no SPIFFE ID. Names the file.
  static absl::StatusOr<std::shared_ptr<const Credentials>> Load(const CertificateFiles& files);

  const Identity& identity() const { return identity_; }
  const CertificateFiles& files() const { return files_; }

  // Demands a client certificate of the same CA and trust domain.
  std::shared_ptr<grpc::ServerCredentials> ForServer() const;
  // Shows our certificate and believes only a server whose certificate is `expected`'s.
  std::shared_ptr<grpc::ChannelCredentials> ForChannel(const Identity& expected) const;

 private:
  Credentials() = default;
  CertificateFiles files_;
  Identity identity_;
  std::string ca_;
  std::string certificate_;
  std::string key_;
};

// The identity in the certificate of the peer of this call.
// UNAUTHENTICATED: it showed none.
absl::StatusOr<Identity> PeerOf(const grpc::ServerContextBase& context);

// On whose behalf the peer calls; an empty Caller if it does not say.
// PERMISSION_DENIED: the peer is neither the gateway, a service nor an operator, so its word does
// not count. INVALID_ARGUMENT: the metadata is no Caller.
absl::StatusOr<simpul::bus::v1::Caller> CallerOf(const grpc::ServerContextBase& context);

}  // namespace simpul::rpc

#endif  // SIMPUL_BUS_RPC_IDENTITY_H_
