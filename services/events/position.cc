#include "services/events/position.h"

#include <algorithm>

#include "google/protobuf/io/coded_stream.h"

namespace simpul::events {
namespace {

constexpr char kVersion = 1;
constexpr size_t kMaxPartitions = 1024;
constexpr size_t kMaxToken = 8192;

void AppendVarint(std::string& out, uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

// With its length before it, so that no two lists of parts make the same scope.
void AppendPart(std::string& scope, std::string_view part) {
  AppendVarint(scope, part.size());
  scope.append(part);
}

absl::Status Unreadable() {
  return absl::InvalidArgumentError(
      "resume_token: not one of ours, or made for other types, another prefix, subscription or "
      "agency; use the token of this stream's last answer, or List first and start at LATEST");
}

}  // namespace

int64_t& At(std::vector<int64_t>& partitions, size_t partition) {
  if (partition >= partitions.size()) partitions.resize(partition + 1, 0);
  return partitions[partition];
}

std::string EncodePosition(const Position& position) {
  std::string bytes(1, kVersion);
  for (const std::vector<int64_t>& partitions : position) {
    AppendVarint(bytes, partitions.size());
    for (int64_t offset : partitions) AppendVarint(bytes, static_cast<uint64_t>(offset));
  }
  return bytes;
}

absl::StatusOr<Position> DecodePosition(std::string_view bytes, size_t types) {
  if (bytes.empty() || bytes[0] != kVersion) return Unreadable();
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const uint8_t*>(bytes.data()) + 1,
                                            static_cast<int>(bytes.size() - 1));
  Position position(types);
  for (std::vector<int64_t>& partitions : position) {
    uint64_t count = 0;
    if (!in.ReadVarint64(&count) || count > kMaxPartitions) return Unreadable();
    partitions.resize(count);
    for (int64_t& offset : partitions) {
      uint64_t value = 0;
      if (!in.ReadVarint64(&value) || value > INT64_MAX) return Unreadable();
      offset = static_cast<int64_t>(value);
    }
  }
  if (static_cast<size_t>(in.CurrentPosition()) != bytes.size() - 1) return Unreadable();
  return position;
}

bool Advance(Position& position, const Position& to) {
  bool moved = false;
  for (size_t type = 0; type < std::min(position.size(), to.size()); ++type) {
    std::vector<int64_t>& mine = position[type];
    for (size_t partition = 0; partition < to[type].size(); ++partition) {
      if (partition == mine.size()) mine.push_back(0);
      if (to[type][partition] <= mine[partition]) continue;
      mine[partition] = to[type][partition];
      moved = true;
    }
  }
  return moved;
}

std::string StatelessScope(std::string_view agency, std::span<const std::string> types,
                           std::string_view prefix) {
  std::string scope = "events.Subscribe/types/";
  AppendPart(scope, agency);
  AppendPart(scope, prefix);
  for (const std::string& type : types) AppendPart(scope, type);
  return scope;
}

std::string DurableScope(std::string_view agency, std::string_view subscription, int64_t uid) {
  std::string scope = "events.Subscribe/subscription/";
  AppendPart(scope, agency);
  AppendPart(scope, subscription);
  AppendVarint(scope, static_cast<uint64_t>(uid));
  return scope;
}

std::string ResumeTokens::Seal(std::string_view scope, const Position& position) const {
  return key_.Seal(scope, EncodePosition(position));
}

absl::StatusOr<Position> ResumeTokens::Open(std::string_view scope, std::string_view token,
                                            size_t types) const {
  if (token.size() > kMaxToken) return Unreadable();
  absl::StatusOr<std::string> payload = key_.Open(scope, token);
  if (!payload.ok()) return Unreadable();
  return DecodePosition(*payload, types);
}

}  // namespace simpul::events
