// API keys: which agency a key text belongs to.
#ifndef SIMPUL_GATEWAY_KEYS_H_
#define SIMPUL_GATEWAY_KEYS_H_

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"

namespace simpul::gateway {

// HMAC-SHA-256.
std::string HmacSha256(std::string_view key, std::string_view text);

// A key that holds.
struct Key {
  std::string id;  // 8 characters
  std::string agency;
  std::string digest;  // HMAC-SHA-256 of the key text, 32 bytes
  std::string caller;  // serialized simpul.bus.v1.Caller: agency, key_id, writes
};

// The keys that hold at one moment. Immutable, thread-safe.
class KeySet {
 public:
  struct Entry {
    std::string id;
    std::string agency;
    std::string digest;
    std::vector<std::string> writes = {};  // domains it may write to
  };
  // `pepper`: the key of the HMAC.
  KeySet(std::string pepper, std::vector<Entry> entries);
  // From key texts, with a pepper of its own. INVALID_ARGUMENT: a text is no key; names the agency.
  static absl::StatusOr<std::shared_ptr<const KeySet>> FromTexts(
      const std::vector<std::pair<std::string, std::string>>& agencies_and_texts);

  // The key of this text; null: it is none of ours. Takes the same time for every digest.
  const Key* Check(std::string_view text) const;
  size_t size() const { return keys_.size(); }
  // The ids of keys of `before` that hold no more.
  std::set<std::string> GoneSince(const KeySet& before) const;

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view id) const { return std::hash<std::string_view>()(id); }
  };
  const std::string pepper_;
  std::unordered_map<std::string, Key, Hash, std::equal_to<>> keys_;
};

// The 8 characters of "smp_<8 characters>_<43 characters>"; empty: the text has another shape.
std::string_view KeyIdOf(std::string_view text);

// Remembers the last key text of one connection, which is nearly always the next one too, so that
// the HMAC is computed once a connection and key set. One thread.
class KeyCache {
 public:
  const Key* Check(const std::shared_ptr<const KeySet>& keys, std::string_view text);

 private:
  std::shared_ptr<const KeySet> keys_;
  std::string text_;
  const Key* key_ = nullptr;
};

}  // namespace simpul::gateway

#endif  // SIMPUL_GATEWAY_KEYS_H_
