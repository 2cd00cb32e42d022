// What only SQLite promises: one process per file, and nothing half-done after kill -9.
#include "bus/store/sqlite_store.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bus/store/test_store.h"
#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"

namespace simpul::store {
namespace {

using ::simpul::testing::IsOk;
using ::simpul::testing::StatusIs;
using ::testing::HasSubstr;

constexpr Migration kSteps[] = {
    {1, "CREATE TABLE pair (n BIGINT PRIMARY KEY, half BIGINT NOT NULL);"}};

TEST(SqliteStore, OneProcessHasTheFile) {
  const StoreOptions options = FreshStore(Database::kSqlite);
  {
    auto store = Store::Open(options);
    ASSERT_THAT(store, IsOk());
    EXPECT_THAT(Store::Open(options),
                StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("another process")));
  }
  EXPECT_THAT(Store::Open(options), IsOk());
}

TEST(SqliteStore, HasFewReadersHoweverManyThreadsRead) {
  auto store = Store::Open(FreshStore(Database::kSqlite));
  ASSERT_THAT(store, IsOk());
  std::atomic<int> inside = 0, most = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 64; ++i) {
    threads.emplace_back([&] {
      EXPECT_THAT((*store)->Read([&](Transaction&) {
        const int now = ++inside;
        int before = most;
        while (before < now && !most.compare_exchange_weak(before, now)) {
        }
        absl::SleepFor(absl::Milliseconds(10));  // so that they meet
        --inside;
        return absl::OkStatus();
      }),
                  IsOk());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(most, 1);
  EXPECT_LE(most, 8);
}

// In a directory that others may look into, under a umask that keeps nobody out.
TEST(SqliteStore, IsTheOwnersAlone) {
  const StoreOptions options = FreshStore(Database::kSqlite);
  const std::filesystem::path directory = options.url.substr(options.url.find(':') + 1);
  std::filesystem::create_directories(directory);
  ASSERT_EQ(chmod(directory.c_str(), 0755), 0);
  const std::string path = directory / (options.part + ".db");
  std::ofstream(path).close();  // as an earlier version left it
  ASSERT_EQ(chmod(path.c_str(), 0644), 0);
  const mode_t before = umask(0);
  auto store = Store::Open(options);
  ASSERT_THAT(store, IsOk());
  ASSERT_THAT(Migrate(**store, "pair", kSteps), IsOk());
  umask(before);
  int files = 0;
  for (const auto& file : std::filesystem::directory_iterator(directory)) {
    struct stat about;
    ASSERT_EQ(stat(file.path().c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777, 0600u) << file.path();
    ++files;
  }
  EXPECT_GE(files, 4) << "the lock, the store, its -wal and -shm";
}

TEST(SqliteStore, NamesTheFileItCannotOpen) {
  EXPECT_THAT(OpenSqlite("/proc/nowhere", "wifi"),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("/proc/nowhere")));
}

TEST(SqliteStore, CommitsToTheDiskBeforeItReturns) {
  const StoreOptions options = FreshStore(Database::kSqlite);
  auto store = Store::Open(options);
  ASSERT_THAT(store, IsOk());
  const auto pragma = [&](std::string_view sql) {
    std::string value;
    EXPECT_THAT((*store)->Transact([&](Transaction& t) {
      return t.Query(sql, {}, [&](const Row& row) {
        value = std::string(row.Text(0));
        return absl::OkStatus();
      });
    }),
                IsOk());
    return value;
  };
  EXPECT_EQ(pragma("PRAGMA journal_mode"), "wal");
  EXPECT_EQ(pragma("PRAGMA synchronous"), "2");  // FULL
}

// Writes pairs of rows, each pair in one transaction, and reports each committed pair.
[[noreturn]] void WritePairs(const StoreOptions& options, int64_t from, int report) {
  auto store = Store::Open(options);
  if (!store.ok() || !Migrate(**store, "pair", kSteps).ok()) _exit(1);
  for (int64_t n = from;; n += 2) {
    const absl::Status status = (*store)->Transact([&](Transaction& t) -> absl::Status {
      for (const int64_t half : {int64_t{0}, int64_t{1}}) {
        auto s = t.Execute("INSERT INTO pair (n, half) VALUES ($1, $2)", {n + half, half});
        if (!s.ok()) return s.status();
      }
      return absl::OkStatus();
    });
    if (!status.ok() || write(report, &n, sizeof(n)) != sizeof(n)) _exit(1);
  }
}

// Returns the last pair that the child reported before it was killed, after `pairs` more.
int64_t KillAfter(const StoreOptions& options, int64_t from, int pairs) {
  int pipe_ends[2];
  EXPECT_EQ(pipe2(pipe_ends, O_CLOEXEC), 0);
  const pid_t child = fork();
  if (child == 0) WritePairs(options, from, pipe_ends[1]);
  close(pipe_ends[1]);
  int64_t last = -1, reported = 0;
  while (read(pipe_ends[0], &reported, sizeof(reported)) == sizeof(reported)) {
    last = reported;
    if (--pairs == 0) kill(child, SIGKILL);
  }
  close(pipe_ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the child failed by itself";
  return last;
}

TEST(SqliteStore, KilledInTheMiddleItKeepsWholeTransactionsOnly) {
  const StoreOptions options = FreshStore(Database::kSqlite);
  int64_t from = 0;
  for (int round = 0; round < 12; ++round) {
    const int64_t last = KillAfter(options, from, 1 + 7 * round);
    ASSERT_GE(last, from);
    auto store = Store::Open(options);  // the lock went with the process
    ASSERT_THAT(store, IsOk());
    int64_t rows = 0, greatest = -1, halves = 0;
    ASSERT_THAT((*store)->Read([&](Transaction& t) {
      return t.Query("SELECT COUNT(*), MAX(n), SUM(half) FROM pair", {}, [&](const Row& row) {
        rows = row.Int(0);
        greatest = row.Int(1);
        halves = row.Int(2);
        return absl::OkStatus();
      });
    }),
                IsOk());
    EXPECT_EQ(rows, halves * 2) << "half a transaction";
    EXPECT_EQ(rows, greatest + 1) << "a transaction in the middle is missing";
    EXPECT_GE(greatest, last + 1) << "a committed transaction is missing";
    from = greatest + 1;
  }
}

}  // namespace
}  // namespace simpul::store
