#include "cli/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/strings/str_format.h"

namespace simpul::cli {
namespace {

absl::Status Failed(const std::string& path, int error) {
  return absl::FailedPreconditionError(
      absl::StrFormat("%s cannot be written: %s", path, std::strerror(error)));
}

bool WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return fsync(fd) == 0;
}

}  // namespace

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (!file.is_open() || file.bad()) {
    return absl::NotFoundError(absl::StrFormat("%s cannot be read", path));
  }
  return bytes;
}

absl::Status WriteFile(const std::string& path, std::string_view bytes, mode_t mode) {
  const std::string draft = absl::StrFormat("%s.%d.new", path, getpid());
  unlink(draft.c_str());
  const int fd = open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (fd < 0) return Failed(path, errno);
  const bool written = fchmod(fd, mode) == 0 && WriteAll(fd, bytes);
  int error = errno;
  close(fd);
  if (!written || rename(draft.c_str(), path.c_str()) != 0) {
    if (written) error = errno;
    unlink(draft.c_str());
    return Failed(path, error);
  }
  return absl::OkStatus();
}

absl::Status MakePrivateDirectory(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  struct stat about;
  if (error || stat(path.c_str(), &about) != 0) return Failed(path, error ? error.value() : errno);
  const bool is_open_to_others = (about.st_mode & (S_IRWXG | S_IRWXO)) != 0;
  if (about.st_uid == geteuid() && is_open_to_others && chmod(path.c_str(), S_IRWXU) != 0) {
    return Failed(path, errno);
  }
  return absl::OkStatus();
}

}  // namespace simpul::cli
