// A legacy database: a few connections, never more than its budget, and only to read.
#ifndef SIMPUL_ADAPTERS_SOURCES_SQL_SOURCE_H_
#define SIMPUL_ADAPTERS_SOURCES_SQL_SOURCE_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "adapters/sources/source.h"
#include "adapters/sources/sql/statement.h"

namespace simpul::sources::sql {

// On all of a connection: UNAVAILABLE, the database cannot be reached or went away;
// DEADLINE_EXCEEDED, it took too long and was cancelled; FAILED_PRECONDITION, it refuses the
// statement, since a column or table is gone (named if the database says which) or for want of
// rights; DATA_LOSS, a value is not what the query takes it for; ABORTED, the snapshot could not be
// kept. Its queries are Statements.

// Opens a connection by the kind of DSN: "postgresql://…", "postgres://…" and "key=value …" go
// through libpq, what has "Driver=" or "DSN=" through ODBC.
absl::StatusOr<std::unique_ptr<Connection>> Connect(const std::string& dsn, const Limits& limits);

// A database.
class Source final : public sources::Source {
 public:
  Source(std::string dsn, const Limits& limits)
      : sources::Source(limits, limits.timeout), dsn_(std::move(dsn)) {}

 private:
  absl::StatusOr<std::unique_ptr<sources::Connection>> Connect() override;

  const std::string dsn_;
};

}  // namespace simpul::sources::sql

#endif  // SIMPUL_ADAPTERS_SOURCES_SQL_SOURCE_H_
