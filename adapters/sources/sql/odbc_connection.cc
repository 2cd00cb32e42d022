#include "adapters/sources/sql/odbc_connection.h"

#include <sqlext.h>

#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "adapters/sources/sql/odbc_handle.h"
#include "adapters/sources/sql/odbc_statement.h"
#include "bus/observe/log.h"

namespace simpul::sources::sql {
namespace {

// psqlODBC waits for an answer for ever, also when the database's machine or network is gone. TCP
// finds that out, 10 seconds and the system's number of probes (9) later.
std::string WithKeepalive(const std::string& dsn) {
  const std::string lower = absl::AsciiStrToLower(dsn);
  const bool is_postgres =
      absl::StrContains(lower, "psqlodbc") || absl::StrContains(lower, "postgresql");
  if (!is_postgres || absl::StrContains(lower, "keepalive")) return dsn;
  return dsn + (absl::EndsWith(dsn, ";") ? "" : ";") + "KeepaliveTime=10;KeepaliveInterval=5;";
}

class OdbcConnection final : public Connection {
 public:
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const std::string& dsn,
                                                          const Limits& limits) {
    auto connection = std::make_unique<OdbcConnection>();
    if (auto s = connection->Connect(dsn, limits); !s.ok()) return s;
    return connection;
  }

  absl::Status Query(const sources::Query& query, const Bindings& bindings, absl::Time deadline,
                     EachBatch each) override {
    const auto& statement = static_cast<const Statement&>(query);
    auto values = statement.Bind(bindings);
    if (!values.ok()) return values.status();
    auto prepared = Prepare(statement);
    if (!prepared.ok()) return prepared.status();
    bool delivered = false;
    const auto watched = [&](const Batch& batch) {
      delivered = true;
      return each(batch);
    };
    while (true) {
      bool widened = false;
      const bool had_run = (*prepared)->has_run();
      const absl::Status status = (*prepared)->Run(statement, *values, deadline, watched, widened);
      // A column may have another type since it was bound.
      if (absl::IsUnavailable(status) || (had_run && absl::IsFailedPrecondition(status))) {
        broken_ = true;
      }
      if (!widened) return status;
      // A text was longer than its buffer, which is larger now.
      if (delivered) {
        return absl::UnavailableError("a text was longer than any before it; ask again");
      }
    }
  }

  absl::Status BeginSnapshot(absl::Time) override {
    // A driver that knows no such isolation reads without a snapshot: the reconcile makes up for
    // it.
    SQLSetConnectAttr(connection_.get(), SQL_ATTR_TXN_ISOLATION,
                      reinterpret_cast<SQLPOINTER>(SQL_TXN_REPEATABLE_READ), 0);
    if (!SQL_SUCCEEDED(SQLSetConnectAttr(connection_.get(), SQL_ATTR_AUTOCOMMIT,
                                         reinterpret_cast<SQLPOINTER>(SQL_AUTOCOMMIT_OFF), 0))) {
      return Fail(connection_);
    }
    in_snapshot_ = true;
    return absl::OkStatus();
  }

  absl::Status EndSnapshot(absl::Time) override {
    in_snapshot_ = false;
    const bool ended = SQL_SUCCEEDED(SQLEndTran(SQL_HANDLE_DBC, connection_.get(), SQL_ROLLBACK));
    const bool automatic =
        SQL_SUCCEEDED(SQLSetConnectAttr(connection_.get(), SQL_ATTR_AUTOCOMMIT,
                                        reinterpret_cast<SQLPOINTER>(SQL_AUTOCOMMIT_ON), 0));
    if (ended && automatic) return absl::OkStatus();
    broken_ = true;
    return Fail(connection_);
  }

  bool usable() const override {
    if (broken_ || in_snapshot_) return false;
    SQLULEN dead = SQL_CD_FALSE;
    return !SQL_SUCCEEDED(SQLGetConnectAttr(connection_.get(), SQL_ATTR_CONNECTION_DEAD, &dead,
                                            SQL_IS_UINTEGER, nullptr)) ||
           dead != SQL_CD_TRUE;
  }

 private:
  absl::Status Connect(const std::string& dsn, const Limits& limits) {
    environment_ = Handle(SQL_HANDLE_ENV, nullptr);
    SQLSetEnvAttr(environment_.get(), SQL_ATTR_ODBC_VERSION,
                  reinterpret_cast<SQLPOINTER>(SQL_OV_ODBC3), 0);
    connection_ = Handle(SQL_HANDLE_DBC, environment_.get());
    SQLSetConnectAttr(connection_.get(), SQL_ATTR_LOGIN_TIMEOUT, reinterpret_cast<SQLPOINTER>(5),
                      0);
    SQLSetConnectAttr(connection_.get(), SQL_ATTR_ACCESS_MODE,
                      reinterpret_cast<SQLPOINTER>(SQL_MODE_READ_ONLY), 0);
    // For drivers that bound what they wait for on the network by it.
    SQLSetConnectAttr(connection_.get(), SQL_ATTR_CONNECTION_TIMEOUT,
                      reinterpret_cast<SQLPOINTER>(
                          static_cast<SQLULEN>(absl::ToInt64Seconds(limits.timeout) + 5)),
                      0);
    std::string with_keepalive = WithKeepalive(dsn);
    const SQLRETURN r = SQLDriverConnect(connection_.get(), nullptr,
                                         reinterpret_cast<SQLCHAR*>(with_keepalive.data()), SQL_NTS,
                                         nullptr, 0, nullptr, SQL_DRIVER_NOPROMPT);
    if (!SQL_SUCCEEDED(r)) {
      observe::Log(observe::Severity::kWarning, "adapter",
                   "cannot connect to the application's database",
                   {{"sqlstate", DiagnosisOf(connection_).state}});
      return absl::UnavailableError("the application's database cannot be reached");
    }
    SQLCHAR name[64] = "";
    SQLGetInfo(connection_.get(), SQL_DBMS_NAME, name, sizeof name, nullptr);
    const std::string database = absl::AsciiStrToLower(reinterpret_cast<char*>(name));
    if (absl::StrContains(database, "sqlite")) dialect_ = Dialect::kSqlite;
    if (!absl::StrContains(database, "postgres")) return absl::OkStatus();
    dialect_ = Dialect::kPostgres;
    return SetUpPostgres(limits);
  }

  absl::Status SetUpPostgres(const Limits& limits) {
    const std::string sql = absl::StrFormat(
        "SET default_transaction_read_only = on; SET TimeZone = 'UTC'; SET statement_timeout = %d",
        absl::ToInt64Milliseconds(limits.timeout));
    Handle statement(SQL_HANDLE_STMT, connection_.get());
    auto* text = reinterpret_cast<SQLCHAR*>(const_cast<char*>(sql.c_str()));
    return SQL_SUCCEEDED(SQLExecDirect(statement.get(), text, SQL_NTS)) ? absl::OkStatus()
                                                                        : Fail(statement);
  }

  absl::Status Fail(const Handle& handle) {
    const absl::Status status = StatusOf(DiagnosisOf(handle), "");
    if (absl::IsUnavailable(status)) broken_ = true;
    return status;
  }

  absl::StatusOr<OdbcStatement*> Prepare(const Statement& statement) {
    const auto it = prepared_.find(statement.id());
    if (it != prepared_.end()) return it->second.get();
    auto prepared = OdbcStatement::Prepare(connection_, dialect_, statement);
    if (absl::IsUnavailable(prepared.status())) broken_ = true;
    if (!prepared.ok()) return prepared.status();
    return prepared_.emplace(statement.id(), *std::move(prepared)).first->second.get();
  }

  Handle environment_;  // outlives the connection
  Handle connection_;
  std::map<int64_t, std::unique_ptr<OdbcStatement>> prepared_;  // freed before the connection
  Dialect dialect_ = Dialect::kOther;
  bool in_snapshot_ = false;
  bool broken_ = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Connection>> ConnectOdbc(const std::string& dsn,
                                                        const Limits& limits) {
  return OdbcConnection::Open(dsn, limits);
}

}  // namespace simpul::sources::sql
