#include "bus/config/secret.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"

namespace simpul::config {
namespace {

constexpr size_t kSecretBytes = 32;

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }

 private:
  const int fd_;
};

std::string RandomBytes(size_t count) {
  std::string bytes(count, '\0');
  // Never short for so few bytes once the kernel's pool is ready, and it waits for that.
  if (getrandom(bytes.data(), count, 0) != static_cast<ssize_t>(count)) bytes.clear();
  return bytes;
}

// Nothing if there is no such file.
absl::StatusOr<std::optional<std::string>> Read(const std::string& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.open()) {
    if (errno == ENOENT) return std::nullopt;
    return absl::FailedPreconditionError(
        absl::StrFormat("the secret %s cannot be read: %s", path, std::strerror(errno)));
  }
  struct stat about;
  if (fstat(file.get(), &about) != 0 || !S_ISREG(about.st_mode)) {
    return absl::FailedPreconditionError(absl::StrFormat("the secret %s is no file", path));
  }
  if ((about.st_mode & S_IRWXO) != 0) {
    return absl::FailedPreconditionError(
        absl::StrFormat("others may read the secret %s; run chmod 600 on it", path));
  }
  std::string bytes(kSecretBytes + 1, '\0');
  const ssize_t size = read(file.get(), bytes.data(), bytes.size());
  if (size != static_cast<ssize_t>(kSecretBytes)) {
    return absl::FailedPreconditionError(
        absl::StrFormat("the secret %s is not of %d bytes; restore it, or remove it to get a new "
                        "one (what was made with the old one is then refused)",
                        path, kSecretBytes));
  }
  bytes.resize(kSecretBytes);
  return bytes;
}

bool WriteAll(int fd, std::string_view bytes) {
  return write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) &&
         fsync(fd) == 0;
}

// Writes beside `path` and links, so that nobody ever sees half a secret and the first one stays.
absl::Status Make(const std::string& path) {
  const auto failed = [&] {
    return absl::NotFoundError(absl::StrFormat("the secret %s is missing and cannot be made: %s",
                                               path, std::strerror(errno)));
  };
  const std::string secret = RandomBytes(kSecretBytes);
  if (secret.empty()) return failed();
  const std::string draft = path + "." + absl::BytesToHexString(RandomBytes(8)) + ".new";
  {
    const FileDescriptor file(
        ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
    if (!file.open()) return failed();
    if (!WriteAll(file.get(), secret)) {
      const absl::Status status = failed();
      unlink(draft.c_str());
      return status;
    }
  }
  const bool linked = link(draft.c_str(), path.c_str()) == 0 || errno == EEXIST;
  const absl::Status status = linked ? absl::OkStatus() : failed();
  unlink(draft.c_str());
  if (!status.ok()) return status;
  const size_t slash = path.rfind('/');
  const std::string directory = slash == path.npos ? "." : path.substr(0, slash + 1);
  const FileDescriptor parent(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!parent.open() || fsync(parent.get()) != 0) return failed();
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> LoadOrMakeSecret(const std::string& path) {
  auto secret = Read(path);
  if (!secret.ok()) return secret.status();
  if (secret->has_value()) return **std::move(secret);
  if (auto status = Make(path); !status.ok()) return status;
  secret = Read(path);
  if (!secret.ok()) return secret.status();
  if (!secret->has_value()) {
    return absl::NotFoundError(absl::StrFormat("the secret %s was removed again", path));
  }
  return **std::move(secret);
}

}  // namespace simpul::config
