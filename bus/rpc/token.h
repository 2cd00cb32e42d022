// Opaque, authenticated tokens: page tokens and resume tokens that a client keeps and cannot make.
#ifndef SIMPUL_BUS_RPC_TOKEN_H_
#define SIMPUL_BUS_RPC_TOKEN_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace simpul::rpc {

// Seals payloads with HMAC-SHA-256 under one secret. Immutable, thread-safe.
class TokenKey {
 public:
  // `secret`: 32 random bytes.
  explicit TokenKey(std::string secret) : secret_(std::move(secret)) {}

  // URL-safe text that only Open with the same `scope` accepts. `scope` binds the token to what it
  // was made for: the rpc and its filter.
  std::string Seal(std::string_view scope, std::string_view payload) const;

  // 16 bytes that tell whether something is the same without saying what it is: a keyed hash.
  std::string Digest(std::string_view scope, std::string_view bytes) const;

  // The payload. INVALID_ARGUMENT: made by somebody else, for another scope, or damaged.
  absl::StatusOr<std::string> Open(std::string_view scope, std::string_view token) const;

 private:
  std::string secret_;
};

}  // namespace simpul::rpc

#endif  // SIMPUL_BUS_RPC_TOKEN_H_
