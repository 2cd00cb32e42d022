#include "adapters/sources/sql/odbc_handle.h"

#include <sqlext.h>

#include "absl/strings/str_format.h"

namespace simpul::sources::sql {
namespace {

// What the message quotes, if the query has it too.
std::string Named(std::string_view message, std::string_view sql) {
  for (const char quote : {'"', '\'', '`'}) {
    const size_t open = message.find(quote);
    const size_t close = open == std::string_view::npos ? open : message.find(quote, open + 1);
    if (close == std::string_view::npos) continue;
    const std::string_view name = message.substr(open + 1, close - open - 1);
    if (!name.empty() && sql.find(name) != std::string_view::npos) {
      return "\"" + std::string(name) + "\"";
    }
  }
  return "that the query names";
}

}  // namespace

Handle::~Handle() {
  if (handle_ == nullptr) return;
  if (type_ == SQL_HANDLE_DBC) SQLDisconnect(handle_);
  SQLFreeHandle(type_, handle_);
}

Diagnosis DiagnosisOf(const Handle& handle) {
  SQLCHAR state[6] = "";
  SQLCHAR message[512] = "";
  SQLINTEGER native = 0;
  SQLSMALLINT length = 0;
  SQLGetDiagRec(handle.type(), handle.get(), 1, state, &native, message, sizeof message, &length);
  return {reinterpret_cast<char*>(state), reinterpret_cast<char*>(message)};
}

absl::Status StatusOf(const Diagnosis& diagnosis, std::string_view sql) {
  const std::string& state = diagnosis.state;
  const std::string family = state.substr(0, 2);
  if (state == "HYT00" || state == "HYT01" || state == "HY008" || state == "57014") {
    return absl::DeadlineExceededError("the database took too long");
  }
  if (family == "08" || family == "57" || family == "53" || state == "HY117") {
    return absl::UnavailableError("the database went away or has no room for us");
  }
  if (family == "40") return absl::AbortedError("the database could not keep the snapshot");
  if (state == "42S22" || state == "42703") {
    return absl::FailedPreconditionError(
        absl::StrFormat("the database has no column %s", Named(diagnosis.message, sql)));
  }
  if (state == "42S02" || state == "42P01") {
    return absl::FailedPreconditionError(
        absl::StrFormat("the database has no table %s", Named(diagnosis.message, sql)));
  }
  if (family == "22") {
    return absl::DataLossError(
        absl::StrFormat("a value is not what the query takes it for (SQLSTATE %s)", state));
  }
  return absl::FailedPreconditionError(
      absl::StrFormat("the database refuses the query (SQLSTATE %s)", state));
}

}  // namespace simpul::sources::sql
