// Stores for tests: a fresh SQLite directory, or a fresh schema in the PostgreSQL of the
// environment.
#ifndef SIMPUL_BUS_STORE_TEST_STORE_H_
#define SIMPUL_BUS_STORE_TEST_STORE_H_

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bus/store/store.h"

namespace simpul::store {

enum class Database { kSqlite, kPostgres };

// For names of parameterised tests.
inline std::string NameOf(Database database) {
  return database == Database::kSqlite ? "Sqlite" : "Postgres";
}

// What to open for a store nobody has used. Fails by an empty URL if PostgreSQL is wanted and
// SIMPUL_TEST_POSTGRES is missing: run the test by tests/with-peers.
inline StoreOptions FreshStore(Database database) {
  static std::atomic<int> count{0};
  const std::string part =
      absl::StrCat("t", absl::ToUnixMicros(absl::Now()), "_", count.fetch_add(1));
  if (database == Database::kPostgres) {
    const char* url = std::getenv("SIMPUL_TEST_POSTGRES");
    return {url == nullptr ? "" : url, part};
  }
  const char* root = std::getenv("TEST_TMPDIR");
  const auto directory =
      (root == nullptr ? std::filesystem::temp_directory_path() : std::filesystem::path(root)) /
      "simpul-store" / part;
  return {absl::StrCat("sqlite:", directory.string()), part};
}

// Says what to do, for a test's failure.
inline constexpr char kNoPostgres[] = "SIMPUL_TEST_POSTGRES is not set: run it by tests/with-peers";

}  // namespace simpul::store

#endif  // SIMPUL_BUS_STORE_TEST_STORE_H_
