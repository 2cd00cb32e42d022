// How far a reader has come, and the resume token that a client keeps of it.
#ifndef SIMPUL_SERVICES_EVENTS_POSITION_H_
#define SIMPUL_SERVICES_EVENTS_POSITION_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "bus/rpc/token.h"

namespace simpul::events {

// The offset of the next record, per type (in the sorted order of the reader's types) and
// partition.
using Position = std::vector<std::vector<int64_t>>;

// The next offset of a partition; 0 for one that was added after the position was taken.
int64_t& At(std::vector<int64_t>& partitions, size_t partition);

// A byte for the version, then per type the number of partitions and their offsets, as varints.
std::string EncodePosition(const Position& position);
// INVALID_ARGUMENT: not what EncodePosition makes, or not of so many types.
absl::StatusOr<Position> DecodePosition(std::string_view bytes, size_t types);

// Moves each offset of `position` to that of `to` where that is greater, and says whether any
// moved. A partition that only one of them knows is kept.
bool Advance(Position& position, const Position& to);

// What a token is bound to. Made once per stream.
std::string StatelessScope(std::string_view agency, std::span<const std::string> types,
                           std::string_view prefix);
std::string DurableScope(std::string_view agency, std::string_view subscription, int64_t uid);

// Seals positions. Immutable, thread-safe.
class ResumeTokens {
 public:
  explicit ResumeTokens(std::string secret) : key_(std::move(secret)) {}

  std::string Seal(std::string_view scope, const Position& position) const;
  // INVALID_ARGUMENT: forged, damaged, too long, or made for another scope.
  absl::StatusOr<Position> Open(std::string_view scope, std::string_view token, size_t types) const;

  const rpc::TokenKey& key() const { return key_; }

 private:
  rpc::TokenKey key_;
};

}  // namespace simpul::events

#endif  // SIMPUL_SERVICES_EVENTS_POSITION_H_
