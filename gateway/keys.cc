#include "gateway/keys.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <utility>

#include "absl/strings/str_format.h"
#include "simpul/bus/v1/bus.pb.h"

namespace simpul::gateway {
namespace {

constexpr size_t kDigest = 32;
constexpr std::string_view kPrefix = "smp_";
constexpr size_t kIdSize = 8;
constexpr size_t kTextSize = 4 + 8 + 1 + 43;

}  // namespace

std::string HmacSha256(std::string_view key, std::string_view text) {
  std::string digest(kDigest, '\0');
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(),
       reinterpret_cast<unsigned char*>(digest.data()), &size);
  return digest;
}

std::string_view KeyIdOf(std::string_view text) {
  const size_t separator = kPrefix.size() + kIdSize;
  if (text.size() != kTextSize || !text.starts_with(kPrefix) || text[separator] != '_') return {};
  return text.substr(kPrefix.size(), kIdSize);
}

KeySet::KeySet(std::string pepper, std::vector<Entry> entries) : pepper_(std::move(pepper)) {
  for (Entry& entry : entries) {
    bus::v1::Caller caller;
    caller.set_agency(entry.agency);
    caller.set_key_id(entry.id);
    for (std::string& domain : entry.writes) caller.add_writes(std::move(domain));
    Key key{entry.id, std::move(entry.agency), std::move(entry.digest), caller.SerializeAsString()};
    keys_.insert_or_assign(std::move(entry.id), std::move(key));
  }
}

absl::StatusOr<std::shared_ptr<const KeySet>> KeySet::FromTexts(
    const std::vector<std::pair<std::string, std::string>>& agencies_and_texts) {
  std::string pepper(kDigest, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(pepper.data()), kDigest) != 1) {
    return absl::InternalError("no random bytes for the pepper of the API keys");
  }
  std::vector<Entry> entries;
  for (const auto& [agency, text] : agencies_and_texts) {
    const std::string_view id = KeyIdOf(text);
    if (id.empty()) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "the API key of agency \"%s\" is not smp_<8 characters>_<43 characters>", agency));
    }
    entries.push_back({std::string(id), agency, HmacSha256(pepper, text)});
  }
  return std::make_shared<const KeySet>(std::move(pepper), std::move(entries));
}

const Key* KeySet::Check(std::string_view text) const {
  const auto it = keys_.find(KeyIdOf(text));
  if (it == keys_.end()) return nullptr;
  const std::string digest = HmacSha256(pepper_, text);
  const Key& key = it->second;
  const bool same =
      key.digest.size() == kDigest && CRYPTO_memcmp(digest.data(), key.digest.data(), kDigest) == 0;
  return same ? &key : nullptr;
}

std::set<std::string> KeySet::GoneSince(const KeySet& before) const {
  std::set<std::string> gone;
  for (const auto& [id, key] : before.keys_) {
    const auto it = keys_.find(id);
    if (it == keys_.end() || it->second.digest != key.digest || it->second.caller != key.caller) {
      gone.insert(id);
    }
  }
  return gone;
}

const Key* KeyCache::Check(const std::shared_ptr<const KeySet>& keys, std::string_view text) {
  if (keys == keys_ && text.size() == text_.size() && key_ != nullptr &&
      CRYPTO_memcmp(text.data(), text_.data(), text.size()) == 0) {
    return key_;
  }
  const Key* key = keys->Check(text);
  if (key != nullptr) {
    keys_ = keys;
    text_ = std::string(text);
    key_ = key;
  }
  return key;
}

}  // namespace simpul::gateway
