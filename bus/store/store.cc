// Chooses the database by the URL, and brings schemas up to date on either.
#include "bus/store/store.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "bus/store/postgres_store.h"
#include "bus/store/sqlite_store.h"

namespace simpul::store {
namespace {

bool IsPartName(const std::string& part) {
  if (part.empty() || part.size() > 60 || !absl::ascii_islower(part[0])) return false;
  for (const char c : part) {
    if (!absl::ascii_islower(c) && !absl::ascii_isdigit(c) && c != '-' && c != '_') return false;
  }
  return true;
}

// Where a quoted text or a comment that begins at `at` ends; `at` if none begins there.
size_t SkipQuoted(std::string_view sql, size_t at) {
  if (sql[at] == '\'' || sql[at] == '"') {
    const size_t end = sql.find(sql[at], at + 1);
    return end == sql.npos ? sql.size() : end + 1;
  }
  if (sql.substr(at, 2) == "--") {
    const size_t end = sql.find('\n', at);
    return end == sql.npos ? sql.size() : end;
  }
  return at;
}

std::vector<std::string> SplitStatements(std::string_view sql) {
  std::vector<std::string> statements;
  const auto add = [&](std::string_view text) {
    std::string statement(absl::StripAsciiWhitespace(absl::string_view(text.data(), text.size())));
    if (!statement.empty()) statements.push_back(std::move(statement));
  };
  size_t begin = 0;
  for (size_t at = 0; at < sql.size();) {
    if (const size_t end = SkipQuoted(sql, at); end != at) {
      at = end;
      continue;
    }
    if (sql[at] == ';') {
      add(sql.substr(begin, at - begin));
      begin = at + 1;
    }
    ++at;
  }
  add(sql.substr(begin));
  return statements;
}

absl::StatusOr<int64_t> VersionOf(Transaction& transaction, std::string_view component) {
  int64_t version = 0;
  const absl::Status status = transaction.Query(
      "SELECT version FROM schema_version WHERE component = $1", {component}, [&](const Row& row) {
        version = row.Int(0);
        return absl::OkStatus();
      });
  if (!status.ok()) return status;
  return version;
}

// What types that the databases write differently are called.
struct TypeNames {
  std::string_view serial;
  std::string_view key;
};

absl::Status ApplyStep(Transaction& transaction, std::string_view component, const Migration& step,
                       const TypeNames& types) {
  const std::string sql = absl::StrReplaceAll(
      absl::string_view(step.sql.data(), step.sql.size()),
      {{"{serial}", absl::string_view(types.serial.data(), types.serial.size())},
       {"{key}", absl::string_view(types.key.data(), types.key.size())}});
  for (const std::string& statement : SplitStatements(sql)) {
    if (auto changed = transaction.Execute(statement); !changed.ok()) return changed.status();
  }
  return transaction
      .Execute(
          "INSERT INTO schema_version (component, version) VALUES ($1, $2) "
          "ON CONFLICT (component) DO UPDATE SET version = excluded.version",
          {component, int64_t{step.version}})
      .status();
}

// Applies the step that follows the stored version, if there is one; says whether there was.
absl::StatusOr<bool> ApplyNext(Store& store, std::string_view component,
                               std::span<const Migration> steps, const TypeNames& types) {
  bool applied = false;
  const absl::Status status = store.Transact([&](Transaction& transaction) -> absl::Status {
    auto version = VersionOf(transaction, component);
    if (!version.ok()) return version.status();
    const int64_t newest = steps.empty() ? 0 : steps.back().version;
    if (*version > newest) {
      return absl::FailedPreconditionError(absl::StrFormat(
          "the tables of %s are of version %d, this program knows %d: start a newer program",
          component, *version, newest));
    }
    for (const Migration& step : steps) {
      if (step.version <= *version) continue;
      applied = true;
      return ApplyStep(transaction, component, step, types);
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return applied;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> Store::Open(const StoreOptions& options) {
  if (!IsPartName(options.part)) {
    return absl::InvalidArgumentError(
        "a store belongs to a part whose name has a-z, 0-9, '-' and '_' and begins with a letter");
  }
  absl::string_view url = options.url;
  if (absl::ConsumePrefix(&url, "sqlite:")) return OpenSqlite(std::string(url), options.part);
  if (absl::StartsWith(url, "postgresql://") || absl::StartsWith(url, "postgres://")) {
    return OpenPostgres(options.url, options.part);
  }
  return absl::InvalidArgumentError(
      "a store's URL is sqlite:<directory> or postgresql://<host>/<database>");
}

// Two processes may migrate one PostgreSQL schema at once. The one that comes second meets a table
// that is already there or a version that changed; it looks again and finds the step done.
absl::Status Migrate(Store& store, std::string_view component, std::span<const Migration> steps) {
  constexpr int kAttempts = 20;
  const auto lost_a_race = [](const absl::Status& status) {
    return absl::IsAlreadyExists(status) || absl::IsAborted(status);
  };
  absl::Status status;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    status = store.Transact([](Transaction& transaction) {
      return transaction
          .Execute(
              "CREATE TABLE IF NOT EXISTS schema_version "
              "(component TEXT PRIMARY KEY, version BIGINT NOT NULL)")
          .status();
    });
    while (status.ok()) {
      auto applied = ApplyNext(store, component, steps, {store.serial_type(), store.key_type()});
      if (applied.ok() && !*applied) return absl::OkStatus();
      status = applied.status();
    }
    if (!lost_a_race(status)) return status;
  }
  return status;
}

}  // namespace simpul::store
