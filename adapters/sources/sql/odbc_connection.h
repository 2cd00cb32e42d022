// Any database through unixODBC, in blocks of bound columns.
#ifndef SIMPUL_ADAPTERS_SOURCES_SQL_ODBC_CONNECTION_H_
#define SIMPUL_ADAPTERS_SOURCES_SQL_ODBC_CONNECTION_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "adapters/sources/sql/source.h"

namespace simpul::sources::sql {

// `dsn`: an ODBC connection string, "Driver=…;Server=…". The session is read only where the driver
// can. UNAVAILABLE: the database cannot be reached or refuses us; the log says why.
absl::StatusOr<std::unique_ptr<Connection>> ConnectOdbc(const std::string& dsn,
                                                        const Limits& limits);

}  // namespace simpul::sources::sql

#endif  // SIMPUL_ADAPTERS_SOURCES_SQL_ODBC_CONNECTION_H_
