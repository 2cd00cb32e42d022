// What the gateway remembers over a restart: the last parts, their contracts, and the API keys.
#ifndef SIMPUL_GATEWAY_SNAPSHOT_H_
#define SIMPUL_GATEWAY_SNAPSHOT_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "simpul/catalogue/v1/key.pb.h"
#include "simpul/catalogue/v1/registry.pb.h"

namespace simpul::gateway {

// Files in one directory: "parts" (a ListPartsResponse) and "contracts/<hash>" (protosets). Each
// file is replaced whole, and parts are written after the contracts that they need, so that a crash
// leaves the last state or this one. One thread.
class Snapshot {
 public:
  // An empty directory name keeps nothing.
  explicit Snapshot(std::string directory) : directory_(std::move(directory)) {}

  // INTERNAL: a file cannot be written; names it.
  absl::Status Save(const std::vector<catalogue::v1::Part>& parts,
                    const std::map<std::string, std::string>& contracts);

  struct Content {
    std::vector<catalogue::v1::Part> parts;
    std::map<std::string, std::string> contracts;  // by hash
  };
  // Nothing if there is none, or if it is damaged: it is only a start until the catalogue answers.
  // A contract that is not what its name says is left out.
  Content Load() const;

 private:
  std::string directory_;
};

// The file "keys" of a directory: when the catalogue last said that these keys hold, and what is
// needed to check them. That is the pepper and digests: no key can be had from them, for each has
// 256 random bits.
struct SavedKeys {
  absl::Time time = absl::InfinitePast();
  catalogue::v1::WatchKeysResponse keys;  // all; without pepper: there are none
};

// Replaces the file as one; only its owner may read it. An empty directory name keeps nothing.
// INTERNAL: it cannot be written; names it.
absl::Status SaveKeys(const std::string& directory, const catalogue::v1::WatchKeysResponse& keys,
                      absl::Time time);
// Nothing if there is no file, or if it is damaged.
SavedKeys LoadKeys(const std::string& directory);

}  // namespace simpul::gateway

#endif  // SIMPUL_GATEWAY_SNAPSHOT_H_
