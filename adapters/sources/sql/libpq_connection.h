// PostgreSQL through libpq, in binary.
#ifndef SIMPUL_ADAPTERS_SOURCES_SQL_LIBPQ_CONNECTION_H_
#define SIMPUL_ADAPTERS_SOURCES_SQL_LIBPQ_CONNECTION_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "adapters/sources/sql/source.h"

namespace simpul::sources::sql {

// `dsn`: a libpq URI or "key=value …". The session is read only, in UTC and UTF-8.
// UNAVAILABLE: the database cannot be reached or refuses us; the log says why.
absl::StatusOr<std::unique_ptr<Connection>> ConnectLibpq(const std::string& dsn,
                                                         const Limits& limits);

}  // namespace simpul::sources::sql

#endif  // SIMPUL_ADAPTERS_SOURCES_SQL_LIBPQ_CONNECTION_H_
