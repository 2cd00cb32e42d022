#include "gateway/snapshot.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "bus/rpc/protoset.h"

namespace simpul::gateway {
namespace {

namespace fs = std::filesystem;

absl::Status Failed(const fs::path& path) {
  return absl::InternalError(
      absl::StrFormat("cannot write %s: %s", path.string(), std::strerror(errno)));
}

bool WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

// The file has its old content or `bytes`, also after a power cut.
absl::Status Replace(const fs::path& path, std::string_view bytes) {
  const fs::path fresh = path.string() + ".new";
  const int fd = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return Failed(fresh);
  const bool written = WriteAll(fd, bytes) && fsync(fd) == 0;
  const absl::Status status = written ? absl::OkStatus() : Failed(fresh);
  close(fd);
  if (!status.ok()) return status;
  if (rename(fresh.c_str(), path.c_str()) != 0) return Failed(path);
  const int directory = open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory >= 0) {
    fsync(directory);
    close(directory);
  }
  return absl::OkStatus();
}

std::string Read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace

absl::Status Snapshot::Save(const std::vector<catalogue::v1::Part>& parts,
                            const std::map<std::string, std::string>& contracts) {
  if (directory_.empty()) return absl::OkStatus();
  const fs::path root(directory_);
  std::error_code error;
  fs::create_directories(root / "contracts", error);
  for (const auto& [hash, protoset] : contracts) {
    if (fs::exists(root / "contracts" / hash, error)) continue;
    const absl::Status status = Replace(root / "contracts" / hash, protoset);
    if (!status.ok()) return status;
  }
  catalogue::v1::ListPartsResponse list;
  for (const auto& part : parts) *list.add_parts() = part;
  const absl::Status status = Replace(root / "parts", list.SerializeAsString());
  if (!status.ok()) return status;
  for (const auto& file : fs::directory_iterator(root / "contracts", error)) {
    if (!contracts.contains(file.path().filename().string())) fs::remove(file.path(), error);
  }
  return absl::OkStatus();
}

// The time in seconds since 1970 as a line of digits, then the message.
absl::Status SaveKeys(const std::string& directory, const catalogue::v1::WatchKeysResponse& keys,
                      absl::Time time) {
  if (directory.empty()) return absl::OkStatus();
  std::error_code error;
  fs::create_directories(directory, error);
  return Replace(fs::path(directory) / "keys",
                 absl::StrFormat("%d\n", absl::ToUnixSeconds(time)) + keys.SerializeAsString());
}

SavedKeys LoadKeys(const std::string& directory) {
  if (directory.empty()) return {};
  const std::string file = Read(fs::path(directory) / "keys");
  const size_t line = file.find('\n');
  int64_t seconds = 0;
  SavedKeys saved;
  if (line == std::string::npos || !absl::SimpleAtoi(file.substr(0, line), &seconds) ||
      !saved.keys.ParseFromString(file.substr(line + 1))) {
    return {};
  }
  saved.time = absl::FromUnixSeconds(seconds);
  return saved;
}

Snapshot::Content Snapshot::Load() const {
  Content content;
  if (directory_.empty()) return content;
  const fs::path root(directory_);
  catalogue::v1::ListPartsResponse list;
  if (!list.ParseFromString(Read(root / "parts"))) return content;
  for (const auto& part : list.parts()) {
    content.parts.push_back(part);
    const std::string& hash = part.contract_hash();
    if (content.contracts.contains(hash)) continue;
    std::string protoset = Read(root / "contracts" / fs::path(hash).filename());
    if (rpc::ContractHash(protoset) == hash) content.contracts.emplace(hash, std::move(protoset));
  }
  return content;
}

}  // namespace simpul::gateway
