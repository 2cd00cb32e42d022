// A token is base64url(MAC ‖ payload), the MAC being the first 16 bytes of
// HMAC-SHA-256(secret, length of scope as 8 bytes ‖ scope ‖ payload).
#include "bus/rpc/token.h"

#include <array>
#include <cstdint>

#include "absl/strings/escaping.h"
#include "openssl/crypto.h"
#include "openssl/evp.h"
#include "openssl/hmac.h"

namespace simpul::rpc {
namespace {

constexpr size_t kMacBytes = 16;

std::string Mac(std::string_view secret, std::string_view scope, std::string_view payload) {
  std::string input;
  input.reserve(8 + scope.size() + payload.size());
  for (int shift = 56; shift >= 0; shift -= 8) {
    input.push_back(static_cast<char>(static_cast<uint64_t>(scope.size()) >> shift & 0xff));
  }
  input.append(scope).append(payload);
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac;
  unsigned int size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(input.data()), input.size(), mac.data(), &size);
  return std::string(reinterpret_cast<const char*>(mac.data()), kMacBytes);
}

}  // namespace

std::string TokenKey::Seal(std::string_view scope, std::string_view payload) const {
  std::string sealed = Mac(secret_, scope, payload);
  sealed.append(payload);
  return absl::WebSafeBase64Escape(sealed);
}

std::string TokenKey::Digest(std::string_view scope, std::string_view bytes) const {
  return Mac(secret_, scope, bytes);
}

absl::StatusOr<std::string> TokenKey::Open(std::string_view scope, std::string_view token) const {
  const absl::Status refused = absl::InvalidArgumentError(
      "the token is not one of ours or was made for another request; start again without it");
  std::string sealed;
  if (!absl::WebSafeBase64Unescape(absl::string_view(token.data(), token.size()), &sealed) ||
      sealed.size() < kMacBytes || absl::WebSafeBase64Escape(sealed) != token) {
    return refused;
  }
  const std::string_view payload = std::string_view(sealed).substr(kMacBytes);
  const std::string mac = Mac(secret_, scope, payload);
  if (CRYPTO_memcmp(mac.data(), sealed.data(), kMacBytes) != 0) return refused;
  return std::string(payload);
}

}  // namespace simpul::rpc
