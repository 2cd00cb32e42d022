#include "adapters/sources/sql/source.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "adapters/sources/sql/libpq_connection.h"
#include "adapters/sources/sql/odbc_connection.h"

namespace simpul::sources::sql {

absl::StatusOr<std::unique_ptr<Connection>> Connect(const std::string& dsn, const Limits& limits) {
  const std::string lower = absl::AsciiStrToLower(dsn);
  if (absl::StartsWith(lower, "driver=") || absl::StartsWith(lower, "dsn=") ||
      absl::StrContains(lower, ";driver=")) {
    return ConnectOdbc(dsn, limits);
  }
  return ConnectLibpq(dsn, limits);
}

absl::StatusOr<std::unique_ptr<sources::Connection>> Source::Connect() {
  auto connection = sql::Connect(dsn_, limits());
  if (!connection.ok()) return connection.status();
  return std::unique_ptr<sources::Connection>(*std::move(connection));
}

}  // namespace simpul::sources::sql
