#include "adapters/sources/sql/testing/odbc_dsn.h"

#include <map>

#include "libpq-fe.h"

namespace simpul::sources::sql::testing {

std::string OdbcOfUri(const std::string& uri) {
  static const auto& names = *new std::map<std::string, std::string>{{"host", "Servername"},
                                                                     {"port", "Port"},
                                                                     {"dbname", "Database"},
                                                                     {"user", "UID"},
                                                                     {"password", "PWD"}};
  std::string dsn = "Driver=/usr/lib/x86_64-linux-gnu/odbc/psqlodbcw.so;";
  PQconninfoOption* options = PQconninfoParse(uri.c_str(), nullptr);
  for (PQconninfoOption* o = options; o != nullptr && o->keyword != nullptr; ++o) {
    if (o->val == nullptr) continue;
    const std::string key = o->keyword;
    if (key == "options") dsn += "pqopt={options='" + std::string(o->val) + "'};";
    if (const auto it = names.find(key); it != names.end()) dsn += it->second + "=" + o->val + ";";
  }
  PQconninfoFree(options);
  return dsn;
}

std::string OdbcOfSqlite(const std::string& file) {
  return "Driver=/usr/lib/x86_64-linux-gnu/odbc/libsqlite3odbc.so;Database=" + file + ";";
}

}  // namespace simpul::sources::sql::testing
