// The ODBC drivers that tests go through.
#ifndef SIMPUL_ADAPTERS_SOURCES_SQL_TESTING_ODBC_DSN_H_
#define SIMPUL_ADAPTERS_SOURCES_SQL_TESTING_ODBC_DSN_H_

#include <string>

namespace simpul::sources::sql::testing {

// "Driver=…" of psqlODBC, for what libpq knows by a URI, its `options` too.
std::string OdbcOfUri(const std::string& uri);

// The same for a file of SQLite.
std::string OdbcOfSqlite(const std::string& file);

}  // namespace simpul::sources::sql::testing

#endif  // SIMPUL_ADAPTERS_SOURCES_SQL_TESTING_ODBC_DSN_H_
