// The API keys of agencies: made here once, kept as keyed hashes.
#ifndef SIMPUL_SERVICES_CATALOGUE_KEY_STORE_H_
#define SIMPUL_SERVICES_CATALOGUE_KEY_STORE_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "bus/store/store.h"
#include "bus/testing/clock.h"
#include "simpul/catalogue/v1/key.pb.h"

namespace simpul::catalogue {

// HMAC-SHA-256 of a key's whole text under the pepper: 32 bytes.
std::string KeyDigestOf(std::string_view pepper, std::string_view text);

// Thread-safe. The store outlives it and has Migrations().
class KeyStore {
 public:
  // `pepper`: 32 bytes that only the catalogue and the gateways know.
  KeyStore(store::Store& store, Clock& clock, std::string pepper)
      : store_(store), clock_(clock), pepper_(std::move(pepper)) {}

  struct Made {
    v1::Key key;
    std::string text;  // "smp_<8>_<43>", here and nowhere else
    v1::KeyDigest digest;
  };
  // A key that may write to the domains `writes`. INVALID_ARGUMENT: `agency` or a domain is not
  // `[a-z][a-z0-9-]*` of at most 63 characters.
  absl::StatusOr<Made> Create(const std::string& agency,
                              const std::vector<std::string>& writes = {});

  // Sorted by creation, the revoked ones too.
  absl::StatusOr<std::vector<v1::Key>> List() const;

  // Of the keys that hold.
  absl::StatusOr<std::vector<v1::KeyDigest>> Digests() const;

  // Ends "keys/{key_id}" for good; the first time of revoking stands. NOT_FOUND: there is none.
  absl::StatusOr<v1::Key> Revoke(const std::string& name);

  const std::string& pepper() const { return pepper_; }

 private:
  store::Store& store_;
  Clock& clock_;
  const std::string pepper_;
};

}  // namespace simpul::catalogue

#endif  // SIMPUL_SERVICES_CATALOGUE_KEY_STORE_H_
