// One writer, a few readers, and a lock that the kernel drops with the process.
#include "bus/store/sqlite_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_format.h"
#include "absl/synchronization/mutex.h"
#include "bus/store/sqlite_connection.h"
#include "bus/store/writing.h"

namespace simpul::store {
namespace {

// An exclusive lock on a file of its own: SQLite's locks let other processes in.
class FileLock {
 public:
  static absl::StatusOr<FileLock> Take(const std::string& path) {
    const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
      return absl::UnavailableError(absl::StrFormat("cannot open %s: %s", path, strerror(errno)));
    }
    FileLock lock(fd);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
      return absl::FailedPreconditionError(absl::StrFormat(
          "another process has this store (%s is locked): one part has one process on SQLite; stop "
          "the other, or use PostgreSQL",
          path));
    }
    return lock;
  }
  FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileLock& operator=(FileLock&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileLock() {
    if (fd_ >= 0) close(fd_);
  }

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_;
};

// Makes the store's files the owner's alone, whatever umask and directory allow: those that are
// there, and the store itself, whose mode SQLite gives to the others it makes.
absl::Status KeepPrivate(const std::string& path) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  bool is_private = fd >= 0 && fchmod(fd, 0600) == 0;
  if (fd >= 0) close(fd);
  for (const char* beside : {"-wal", "-shm"}) {
    is_private = is_private && (chmod((path + beside).c_str(), 0600) == 0 || errno == ENOENT);
  }
  if (is_private) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrFormat("cannot keep %s from other users: %s", path, strerror(errno)));
}

// As a PostgreSQL store has.
constexpr int kMaxReaders = 8;
constexpr absl::Duration kMaxWait = absl::Seconds(30);

// Thread-safe.
class SqliteStore : public Store {
 public:
  SqliteStore(FileLock lock, std::string path, std::unique_ptr<SqliteConnection> writer)
      : lock_(std::move(lock)), path_(std::move(path)), writer_(std::move(writer)) {}

  absl::Status Transact(absl::FunctionRef<absl::Status(Transaction&)> work) override {
    const Writing writing(this);
    if (auto s = writing.status(); !s.ok()) return s;
    std::lock_guard lock(writer_mutex_);
    return writer_->Run(work);
  }

  absl::Status Read(absl::FunctionRef<absl::Status(Transaction&)> work) override {
    auto reader = TakeReader();
    if (!reader.ok()) return reader.status();
    const absl::Status status = (*reader)->Run(work);
    absl::MutexLock lock(&readers_mutex_);
    readers_.push_back(*std::move(reader));
    --reading_;
    return status;
  }

 private:
  std::string_view serial_type() const override { return "INTEGER PRIMARY KEY AUTOINCREMENT"; }
  std::string_view key_type() const override { return "INTEGER PRIMARY KEY"; }

  // As many as read at once are made, and kept.
  absl::StatusOr<std::unique_ptr<SqliteConnection>> TakeReader() {
    {
      absl::MutexLock lock(&readers_mutex_);
      if (!readers_mutex_.AwaitWithTimeout(absl::Condition(this, &SqliteStore::CanRead),
                                           kMaxWait)) {
        return absl::UnavailableError("all readers of the store are busy; try again");
      }
      ++reading_;
      if (!readers_.empty()) {
        auto reader = std::move(readers_.back());
        readers_.pop_back();
        return reader;
      }
    }
    auto opened = SqliteConnection::Open(path_, SqliteConnection::Use::kRead);
    if (!opened.ok()) {
      absl::MutexLock lock(&readers_mutex_);
      --reading_;
    }
    return opened;
  }

  bool CanRead() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(readers_mutex_) {
    return reading_ < kMaxReaders;
  }

  const FileLock lock_;
  const std::string path_;
  // Held over I/O, as it is what makes writers wait for each other.
  std::mutex writer_mutex_;
  const std::unique_ptr<SqliteConnection> writer_;
  absl::Mutex readers_mutex_;
  std::vector<std::unique_ptr<SqliteConnection>> readers_ ABSL_GUARDED_BY(readers_mutex_);
  int reading_ ABSL_GUARDED_BY(readers_mutex_) = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> OpenSqlite(const std::string& directory,
                                                  const std::string& part) {
  if (directory.empty()) return absl::InvalidArgumentError("sqlite:<directory> has no directory");
  std::error_code error;
  if (std::filesystem::create_directories(directory, error)) {
    std::filesystem::permissions(directory, std::filesystem::perms::owner_all, error);
  }
  if (error) {
    return absl::UnavailableError(
        absl::StrFormat("cannot make the directory %s: %s", directory, error.message()));
  }
  const std::string path = directory + "/" + part + ".db";
  auto lock = FileLock::Take(path + ".lock");
  if (!lock.ok()) return lock.status();
  if (auto s = KeepPrivate(path); !s.ok()) return s;
  auto writer = SqliteConnection::Open(path, SqliteConnection::Use::kWrite);
  if (!writer.ok()) return writer.status();
  return std::make_unique<SqliteStore>(*std::move(lock), path, *std::move(writer));
}

}  // namespace simpul::store
