#include "services/catalogue/key_store.h"

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "google/protobuf/util/time_util.h"
#include "openssl/evp.h"
#include "openssl/hmac.h"
#include "openssl/rand.h"
#include "services/catalogue/ownership.h"

namespace simpul::catalogue {
namespace {

using google::protobuf::util::TimeUtil;

constexpr std::string_view kBase62 =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kNamePrefix = "keys/";

absl::Status RandomBytes(std::span<uint8_t> bytes) {
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1) return absl::OkStatus();
  return absl::UnavailableError("the machine gives no random bytes; try again");
}

// 32 bytes as one number in base 62: always 43 digits.
std::string Base62(std::array<uint8_t, 32> number) {
  std::string digits(43, '0');
  for (size_t i = digits.size(); i-- > 0;) {
    unsigned remainder = 0;
    for (uint8_t& byte : number) {
      const unsigned value = remainder << 8 | byte;
      byte = static_cast<uint8_t>(value / 62);
      remainder = value % 62;
    }
    digits[i] = kBase62[remainder];
  }
  return digits;
}

// 8 characters, each as likely as any other.
absl::StatusOr<std::string> RandomId() {
  std::string id;
  while (id.size() < 8) {
    std::array<uint8_t, 16> bytes;
    if (auto status = RandomBytes(bytes); !status.ok()) return status;
    for (const uint8_t byte : bytes) {
      if (byte < 62 * 4 && id.size() < 8) id += kBase62[byte % 62];
    }
  }
  return id;
}

void AddWrites(std::string_view text, google::protobuf::RepeatedPtrField<std::string>& writes) {
  while (!text.empty()) {
    const size_t comma = text.find(',');
    writes.Add(std::string(text.substr(0, comma)));
    text.remove_prefix(comma == text.npos ? text.size() : comma + 1);
  }
}

v1::Key ReadKey(const store::Row& row) {
  v1::Key key;
  key.set_name(std::string(kNamePrefix) + std::string(row.Text(0)));
  key.set_agency(std::string(row.Text(1)));
  *key.mutable_create_time() = TimeUtil::MicrosecondsToTimestamp(row.Int(2));
  if (!row.IsNull(3)) *key.mutable_revoke_time() = TimeUtil::MicrosecondsToTimestamp(row.Int(3));
  AddWrites(row.Text(4), *key.mutable_writes());
  return key;
}

}  // namespace

std::string KeyDigestOf(std::string_view pepper, std::string_view text) {
  std::string digest(32, '\0');
  unsigned size = 0;
  HMAC(EVP_sha256(), pepper.data(), static_cast<int>(pepper.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(),
       reinterpret_cast<unsigned char*>(digest.data()), &size);
  return digest;
}

absl::StatusOr<KeyStore::Made> KeyStore::Create(const std::string& agency,
                                                const std::vector<std::string>& writes) {
  if (!IsName(agency)) {
    return absl::InvalidArgumentError(
        "agency is not a lower-case letter and up to 62 lower-case letters, digits and '-'");
  }
  std::string joined;
  for (const std::string& domain : writes) {
    if (!IsName(domain)) {
      return absl::InvalidArgumentError(
          "writes has a domain that is not a lower-case letter and up to 62 lower-case letters, "
          "digits and '-'; such as complaints");
    }
    joined += (joined.empty() ? "" : ",") + domain;
  }
  auto id = RandomId();
  if (!id.ok()) return id.status();
  std::array<uint8_t, 32> secret;
  if (auto status = RandomBytes(secret); !status.ok()) return status;

  Made made;
  made.text = "smp_" + *id + "_" + Base62(secret);
  const int64_t now = absl::ToUnixMicros(clock_.Now());
  made.key.set_name(std::string(kNamePrefix) + *id);
  made.key.set_agency(agency);
  *made.key.mutable_create_time() = TimeUtil::MicrosecondsToTimestamp(now);
  made.digest.set_key_id(*id);
  made.digest.set_agency(agency);
  for (const std::string& domain : writes) {
    made.key.add_writes(domain);
    made.digest.add_writes(domain);
  }
  made.digest.set_digest(KeyDigestOf(pepper_, made.text));
  auto status = store_.Transact([&](store::Transaction& transaction) {
    return transaction
        .Execute(
            "INSERT INTO api_key (key_id, agency, digest, create_us, writes) "
            "VALUES ($1, $2, $3, $4, $5)",
            {*id, agency, store::Blob{made.digest.digest()}, now, joined})
        .status();
  });
  if (!status.ok()) return status;
  return made;
}

absl::StatusOr<std::vector<v1::Key>> KeyStore::List() const {
  std::vector<v1::Key> keys;
  auto status = store_.Read([&](store::Transaction& transaction) {
    return transaction.Query(
        "SELECT key_id, agency, create_us, revoke_us, writes FROM api_key ORDER BY create_us, "
        "key_id",
        {}, [&](const store::Row& row) {
          keys.push_back(ReadKey(row));
          return absl::OkStatus();
        });
  });
  if (!status.ok()) return status;
  return keys;
}

absl::StatusOr<std::vector<v1::KeyDigest>> KeyStore::Digests() const {
  std::vector<v1::KeyDigest> digests;
  auto status = store_.Read([&](store::Transaction& transaction) {
    return transaction.Query(
        "SELECT key_id, agency, digest, writes FROM api_key WHERE revoke_us IS NULL", {},
        [&](const store::Row& row) {
          v1::KeyDigest digest;
          digest.set_key_id(std::string(row.Text(0)));
          digest.set_agency(std::string(row.Text(1)));
          digest.set_digest(std::string(row.Bytes(2)));
          AddWrites(row.Text(3), *digest.mutable_writes());
          digests.push_back(std::move(digest));
          return absl::OkStatus();
        });
  });
  if (!status.ok()) return status;
  return digests;
}

absl::StatusOr<v1::Key> KeyStore::Revoke(const std::string& name) {
  const absl::Status missing =
      absl::NotFoundError("no key has this name; simpul key list shows all");
  if (!name.starts_with(kNamePrefix)) return missing;
  const std::string id = name.substr(kNamePrefix.size());
  const int64_t now = absl::ToUnixMicros(clock_.Now());
  std::optional<v1::Key> key;
  auto status = store_.Transact([&](store::Transaction& transaction) -> absl::Status {
    auto revoked = transaction.Execute(
        "UPDATE api_key SET revoke_us = $1 WHERE key_id = $2 AND revoke_us IS NULL", {now, id});
    if (!revoked.ok()) return revoked.status();
    return transaction.Query(
        "SELECT key_id, agency, create_us, revoke_us, writes FROM api_key WHERE key_id = $1", {id},
        [&](const store::Row& row) {
          key = ReadKey(row);
          return absl::OkStatus();
        });
  });
  if (!status.ok()) return status;
  if (!key) return missing;
  return *key;
}

}  // namespace simpul::catalogue
