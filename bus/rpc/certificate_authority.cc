#include "bus/rpc/certificate_authority.h"

#include <array>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "bus/rpc/x509.h"
#include "openssl/err.h"
#include "openssl/rand.h"
#include "openssl/x509v3.h"

namespace simpul::rpc {
namespace {

constexpr absl::Duration kAuthorityLifetime = absl::Hours(24 * 3652);

absl::Status Failed(std::string_view what) {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_get_error(), text.data(), text.size());
  ERR_clear_error();
  return absl::InternalError(absl::StrFormat("cannot %s: %s", what, text.data()));
}

bool AddExtension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  if (extension == nullptr) return false;
  const bool added = X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

bool SetSerial(X509* certificate) {
  std::array<unsigned char, 16> bytes;
  if (RAND_bytes(bytes.data(), bytes.size()) != 1) return false;
  bytes[0] = (bytes[0] & 0x7f) | 0x40;  // positive, and always 16 bytes
  BIGNUM* number = BN_bin2bn(bytes.data(), bytes.size(), nullptr);
  const bool set = number != nullptr &&
                   BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr;
  BN_free(number);
  return set;
}

// A certificate for `key` with everything but extensions and signature.
X509Ptr Draft(EVP_PKEY* key, const std::string& common_name, absl::Duration lifetime) {
  X509Ptr certificate(X509_new());
  if (certificate == nullptr || !SetSerial(certificate.get())) return nullptr;
  const absl::Time now = absl::Now();
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_TIME_set(X509_getm_notBefore(certificate.get()), absl::ToTimeT(now - absl::Hours(1)));
  ASN1_TIME_set(X509_getm_notAfter(certificate.get()), absl::ToTimeT(now + lifetime));
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  if (X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                 reinterpret_cast<const unsigned char*>(common_name.data()),
                                 static_cast<int>(common_name.size()), -1, 0) != 1 ||
      X509_set_pubkey(certificate.get(), key) != 1) {
    return nullptr;
  }
  return certificate;
}

}  // namespace

bool Serves(const Identity& identity) {
  return identity.kind != "agency" && identity.kind != "operator";
}

absl::StatusOr<CertificateAuthority> CertificateAuthority::Make(const std::string& common_name) {
  const KeyPtr key(EVP_EC_gen("P-256"));
  if (key == nullptr) return Failed("make a key");
  const X509Ptr certificate = Draft(key.get(), common_name, kAuthorityLifetime);
  if (certificate == nullptr) return Failed("make the CA's certificate");
  X509* x = certificate.get();
  if (X509_set_issuer_name(x, X509_get_subject_name(x)) != 1 ||
      !AddExtension(x, x, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
      !AddExtension(x, x, NID_key_usage, "critical,keyCertSign,cRLSign") ||
      !AddExtension(x, x, NID_subject_key_identifier, "hash") ||
      X509_sign(x, key.get(), EVP_sha256()) == 0) {
    return Failed("sign the CA's certificate");
  }
  return CertificateAuthority({ToPem(x), ToPem(key.get())});
}

absl::StatusOr<CertificateAuthority> CertificateAuthority::FromPem(CertificatePem pem) {
  const X509Ptr certificate = CertificateOfPem(pem.certificate);
  if (certificate == nullptr) return absl::InvalidArgumentError("the CA's certificate is no PEM");
  const KeyPtr key = KeyOfPem(pem.key);
  if (key == nullptr) return absl::InvalidArgumentError("the CA's key is no PEM");
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    ERR_clear_error();
    return absl::InvalidArgumentError("the CA's key is not that of its certificate");
  }
  return CertificateAuthority(std::move(pem));
}

absl::StatusOr<CertificatePem> CertificateAuthority::Issue(const Identity& identity,
                                                           absl::Duration lifetime) const {
  const X509Ptr issuer = CertificateOfPem(pem_.certificate);
  const KeyPtr issuer_key = KeyOfPem(pem_.key);
  const KeyPtr key(EVP_EC_gen("P-256"));
  if (key == nullptr) return Failed("make a key");
  const X509Ptr certificate = Draft(key.get(), identity.Path(), lifetime);
  if (certificate == nullptr) return Failed("make a certificate");
  X509* x = certificate.get();
  const bool serves = Serves(identity);
  const std::string names =
      absl::StrFormat("URI:%s%s", identity.Uri(), serves ? ",DNS:localhost,IP:127.0.0.1" : "");
  if (X509_set_issuer_name(x, X509_get_subject_name(issuer.get())) != 1 ||
      !AddExtension(x, issuer.get(), NID_basic_constraints, "critical,CA:FALSE") ||
      !AddExtension(x, issuer.get(), NID_key_usage, "critical,digitalSignature") ||
      !AddExtension(x, issuer.get(), NID_ext_key_usage,
                    serves ? "serverAuth,clientAuth" : "clientAuth") ||
      !AddExtension(x, issuer.get(), NID_subject_key_identifier, "hash") ||
      !AddExtension(x, issuer.get(), NID_authority_key_identifier, "keyid:always") ||
      !AddExtension(x, issuer.get(), NID_subject_alt_name, names) ||
      X509_sign(x, issuer_key.get(), EVP_sha256()) == 0) {
    return Failed("sign a certificate");
  }
  return CertificatePem{ToPem(x), ToPem(key.get())};
}

}  // namespace simpul::rpc
