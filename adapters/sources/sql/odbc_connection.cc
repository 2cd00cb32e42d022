#include "adapters/sources/sql/odbc_connection.h"

#include <sql.h>
#include <sqlext.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "absl/time/civil_time.h"
#include "absl/time/clock.h"
#include "bus/observe/log.h"

namespace simpul::sources::sql {
namespace {

constexpr SQLULEN kRowsPerBlock = 250;
constexpr SQLLEN kFirstWidth = 256;  // of a text whose length the driver does not know
constexpr SQLLEN kMaxWidth = 1 << 20;

// A handle with its owner.
class Handle {
 public:
  Handle() = default;
  Handle(SQLSMALLINT type, SQLHANDLE parent) : type_(type) {
    SQLAllocHandle(type, parent, &handle_);
  }
  Handle(Handle&& other) noexcept
      : type_(other.type_), handle_(std::exchange(other.handle_, nullptr)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(type_, other.type_);
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Handle() {
    if (handle_ == nullptr) return;
    if (type_ == SQL_HANDLE_DBC) SQLDisconnect(handle_);
    SQLFreeHandle(type_, handle_);
  }
  SQLHANDLE get() const { return handle_; }
  SQLSMALLINT type() const { return type_; }

 private:
  SQLSMALLINT type_ = 0;
  SQLHANDLE handle_ = nullptr;
};

struct Diagnosis {
  std::string state;
  std::string message;
};

Diagnosis DiagnosisOf(const Handle& handle) {
  SQLCHAR state[6] = "";
  SQLCHAR message[512] = "";
  SQLINTEGER native = 0;
  SQLSMALLINT length = 0;
  SQLGetDiagRec(handle.type(), handle.get(), 1, state, &native, message, sizeof message, &length);
  return {reinterpret_cast<char*>(state), reinterpret_cast<char*>(message)};
}

// What an SQLSTATE of ODBC 3 or of the server behind it means for us. The driver's text may hold
// SQL and values: it stays here.
absl::Status Explain(const Diagnosis& diagnosis) {
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
    return absl::FailedPreconditionError("the database has no column that the query names");
  }
  if (state == "42S02" || state == "42P01") {
    return absl::FailedPreconditionError("the database has no table that the query names");
  }
  return absl::FailedPreconditionError(
      absl::StrFormat("the database refuses the query (SQLSTATE %s)", state));
}

// A column of a prepared statement, bound to a buffer of a block of rows.
struct Column {
  SQLSMALLINT c_type = SQL_C_CHAR;
  CellType type = CellType::kText;
  SQLLEN width = kFirstWidth;
  std::vector<char> buffer;
  std::vector<SQLLEN> lengths;
};

struct Prepared {
  Handle statement;
  std::vector<std::string> names;
  std::vector<Column> columns;
  std::vector<int64_t> largest;  // of each parameter that is a number, as far as the driver says
  SQLULEN fetched = 0;
};

// A bound parameter, kept while the statement runs.
struct Bound {
  std::string text;
  SQLBIGINT number = 0;
  SQLLEN length = 0;
};

class OdbcConnection final : public Connection {
 public:
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const std::string& dsn,
                                                          const Limits& limits) {
    auto connection = std::make_unique<OdbcConnection>();
    if (auto s = connection->Connect(dsn, limits); !s.ok()) return s;
    return connection;
  }

  absl::Status Query(const Statement& statement, const Bindings& bindings, absl::Time deadline,
                     EachBatch each) override {
    auto values = statement.Bind(bindings);
    if (!values.ok()) return values.status();
    bool delivered = false;
    const auto watched = [&](const Batch& batch) {
      delivered = true;
      return each(batch);
    };
    while (true) {
      auto prepared = Prepare(statement);
      if (!prepared.ok()) return prepared.status();
      bool widened = false;
      const absl::Status status =
          Execute(**prepared, statement, *values, deadline, watched, widened);
      SQLFreeStmt((*prepared)->statement.get(), SQL_CLOSE);
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
    const SQLRETURN r = SQLDriverConnect(connection_.get(), nullptr,
                                         reinterpret_cast<SQLCHAR*>(const_cast<char*>(dsn.c_str())),
                                         SQL_NTS, nullptr, 0, nullptr, SQL_DRIVER_NOPROMPT);
    if (!SQL_SUCCEEDED(r)) {
      observe::Log(observe::Severity::kWarning, "adapter",
                   "cannot connect to the application's database",
                   {{"sqlstate", DiagnosisOf(connection_).state}});
      return absl::UnavailableError("the application's database cannot be reached");
    }
    SQLCHAR name[64] = "";
    SQLGetInfo(connection_.get(), SQL_DBMS_NAME, name, sizeof name, nullptr);
    const std::string database = absl::AsciiStrToLower(reinterpret_cast<char*>(name));
    is_sqlite_ = absl::StrContains(database, "sqlite");
    return absl::StrContains(database, "postgres") ? SetUpPostgres(limits) : absl::OkStatus();
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
    const absl::Status status = Explain(DiagnosisOf(handle));
    if (absl::IsUnavailable(status)) broken_ = true;
    return status;
  }

  absl::StatusOr<Prepared*> Prepare(const Statement& statement) {
    const auto it = prepared_.find(statement.id());
    if (it != prepared_.end()) return it->second.get();
    auto prepared = std::make_unique<Prepared>();
    prepared->statement = Handle(SQL_HANDLE_STMT, connection_.get());
    const SQLHSTMT handle = prepared->statement.get();
    SQLSetStmtAttr(handle, SQL_ATTR_ROW_ARRAY_SIZE, reinterpret_cast<SQLPOINTER>(kRowsPerBlock), 0);
    SQLSetStmtAttr(handle, SQL_ATTR_ROWS_FETCHED_PTR, &prepared->fetched, 0);
    auto* sql = reinterpret_cast<SQLCHAR*>(const_cast<char*>(statement.questions().c_str()));
    if (!SQL_SUCCEEDED(SQLPrepare(handle, sql, SQL_NTS))) return Fail(prepared->statement);
    for (size_t i = 1; i <= statement.question_slots().size(); ++i) {
      prepared->largest.push_back(LargestParameter(handle, static_cast<SQLUSMALLINT>(i)));
    }
    return prepared_.emplace(statement.id(), std::move(prepared)).first->second.get();
  }

  static int64_t LargestParameter(SQLHSTMT handle, SQLUSMALLINT i) {
    SQLSMALLINT type = SQL_BIGINT;
    SQLDescribeParam(handle, i, &type, nullptr, nullptr, nullptr);
    if (type == SQL_SMALLINT) return std::numeric_limits<int16_t>::max();
    if (type == SQL_INTEGER) return std::numeric_limits<int32_t>::max();
    return std::numeric_limits<int64_t>::max();
  }

  // The columns are described once they are known for sure: some drivers know them only now.
  absl::Status BindColumns(Prepared& prepared) {
    SQLSMALLINT count = 0;
    const SQLHSTMT handle = prepared.statement.get();
    if (!SQL_SUCCEEDED(SQLNumResultCols(handle, &count))) return Fail(prepared.statement);
    for (SQLUSMALLINT i = 1; i <= count; ++i) {
      SQLCHAR name[256] = "";
      SQLSMALLINT type = 0;
      SQLULEN size = 0;
      if (!SQL_SUCCEEDED(SQLDescribeCol(handle, i, name, sizeof name, nullptr, &type, &size,
                                        nullptr, nullptr))) {
        return Fail(prepared.statement);
      }
      prepared.names.emplace_back(reinterpret_cast<char*>(name));
      prepared.columns.push_back(Describe(handle, i, type, size));
    }
    for (SQLUSMALLINT i = 1; i <= count; ++i) {
      if (!BindColumn(prepared, i)) return Fail(prepared.statement);
    }
    return absl::OkStatus();
  }

  Column Describe(SQLHSTMT handle, SQLUSMALLINT i, SQLSMALLINT type, SQLULEN size) const {
    Column column;
    switch (type) {
      case SQL_BIT:
      case SQL_TINYINT:
      case SQL_SMALLINT:
      case SQL_INTEGER:
      case SQL_BIGINT:
        column.c_type = SQL_C_SBIGINT;
        column.type = CellType::kInt64;
        column.width = sizeof(SQLBIGINT);
        return column;
      case SQL_REAL:
      case SQL_FLOAT:
      case SQL_DOUBLE:
        column.c_type = SQL_C_DOUBLE;
        column.type = CellType::kDouble;
        column.width = sizeof(SQLDOUBLE);
        return column;
      case SQL_TYPE_TIMESTAMP:
      case SQL_TYPE_DATE:
        if (is_sqlite_) break;  // its driver loses fractions of a second: text keeps them
        column.c_type = SQL_C_TYPE_TIMESTAMP;
        column.type = HasZone(handle, i) ? CellType::kTime : CellType::kLocalTime;
        column.width = sizeof(SQL_TIMESTAMP_STRUCT);
        return column;
      case SQL_BINARY:
      case SQL_VARBINARY:
      case SQL_LONGVARBINARY:
        column.c_type = SQL_C_BINARY;
        column.type = CellType::kBytes;
        break;
      default:
        break;
    }
    if (size > 0)
      column.width = std::clamp<SQLLEN>(static_cast<SQLLEN>(size) * 4 + 1, 32, kFirstWidth);
    return column;
  }

  // psqlODBC calls a timestamptz a timestamp, in the session's zone, which is UTC.
  static bool HasZone(SQLHSTMT handle, SQLUSMALLINT i) {
    SQLCHAR name[64] = "";
    SQLColAttribute(handle, i, SQL_DESC_TYPE_NAME, name, sizeof name, nullptr, nullptr);
    return absl::AsciiStrToLower(reinterpret_cast<char*>(name)) == "timestamptz";
  }

  static bool BindColumn(Prepared& prepared, SQLUSMALLINT i) {
    Column& column = prepared.columns[i - 1];
    column.buffer.resize(static_cast<size_t>(column.width) * kRowsPerBlock);
    column.lengths.resize(kRowsPerBlock);
    return SQL_SUCCEEDED(SQLBindCol(prepared.statement.get(), i, column.c_type,
                                    column.buffer.data(), column.width, column.lengths.data()));
  }

  // A number beyond the parameter's type is above every row (NULL matches none) or below all of
  // them (the smallest of the type).
  static bool BindParameter(SQLHSTMT handle, SQLUSMALLINT i, const Value& value, int64_t largest,
                            Bound& bound) {
    if (const auto* number = std::get_if<int64_t>(&value)) {
      bound.number = std::max(*number, -largest - 1);
      if (*number > largest) bound.length = SQL_NULL_DATA;
      return SQL_SUCCEEDED(SQLBindParameter(handle, i, SQL_PARAM_INPUT, SQL_C_SBIGINT, SQL_BIGINT,
                                            20, 0, &bound.number, 0, &bound.length));
    }
    bound.length = SQL_NULL_DATA;
    if (const auto* time = std::get_if<TimeValue>(&value)) {
      bound.text = TimeText({time->micros, /*is_local=*/true});
      bound.length = static_cast<SQLLEN>(bound.text.size());
      return SQL_SUCCEEDED(SQLBindParameter(handle, i, SQL_PARAM_INPUT, SQL_C_CHAR,
                                            SQL_TYPE_TIMESTAMP, 26, 6, bound.text.data(),
                                            bound.length, &bound.length));
    }
    if (const auto* text = std::get_if<std::string>(&value)) {
      bound.text = *text;
      bound.length = static_cast<SQLLEN>(text->size());
    }
    return SQL_SUCCEEDED(SQLBindParameter(handle, i, SQL_PARAM_INPUT, SQL_C_CHAR, SQL_VARCHAR,
                                          std::max<SQLULEN>(bound.text.size(), 1), 0,
                                          bound.text.data(), bound.length, &bound.length));
  }

  absl::Status Execute(Prepared& prepared, const Statement& statement,
                       const std::vector<const Value*>& values, absl::Time deadline, EachBatch each,
                       bool& widened) {
    const SQLHSTMT handle = prepared.statement.get();
    std::vector<Bound> bound(statement.question_slots().size());
    for (size_t i = 0; i < bound.size(); ++i) {
      const Value& value = *values[static_cast<size_t>(statement.question_slots()[i])];
      if (!BindParameter(handle, static_cast<SQLUSMALLINT>(i + 1), value, prepared.largest[i],
                         bound[i])) {
        return Fail(prepared.statement);
      }
    }
    const absl::Duration left = deadline - absl::Now();
    if (left <= absl::ZeroDuration())
      return absl::DeadlineExceededError("the database took too long");
    SQLSetStmtAttr(handle, SQL_ATTR_QUERY_TIMEOUT,
                   reinterpret_cast<SQLPOINTER>(absl::ToInt64Seconds(left) + 1), 0);
    const SQLRETURN r = SQLExecute(handle);
    if (!SQL_SUCCEEDED(r) && r != SQL_NO_DATA) return Fail(prepared.statement);
    if (prepared.names.empty()) {
      if (auto s = BindColumns(prepared); !s.ok()) return s;
    }
    return Fetch(prepared, deadline, each, widened);
  }

  absl::Status Fetch(Prepared& prepared, absl::Time deadline, EachBatch each, bool& widened) {
    std::vector<Cell> cells;
    while (true) {
      prepared.fetched = 0;
      const SQLRETURN r = SQLFetch(prepared.statement.get());
      if (r == SQL_NO_DATA) return absl::OkStatus();
      if (!SQL_SUCCEEDED(r)) return Fail(prepared.statement);
      if (Widen(prepared, widened); widened) return absl::OkStatus();
      cells.clear();
      for (SQLULEN row = 0; row < prepared.fetched; ++row) {
        for (const Column& column : prepared.columns) {
          auto cell = CellOf(column, row);
          if (!cell.ok()) return cell.status();
          cells.push_back(*cell);
        }
      }
      if (auto s =
              each({.columns = &prepared.names, .cells = cells.data(), .rows = prepared.fetched});
          !s.ok()) {
        return s;
      }
      if (absl::Now() > deadline) return absl::DeadlineExceededError("the database took too long");
    }
  }

  // Gives columns whose text did not fit a larger buffer for the next execution.
  static void Widen(Prepared& prepared, bool& widened) {
    for (size_t i = 0; i < prepared.columns.size(); ++i) {
      Column& column = prepared.columns[i];
      if (column.c_type != SQL_C_CHAR && column.c_type != SQL_C_BINARY) continue;
      const SQLLEN room = column.width - (column.c_type == SQL_C_CHAR ? 1 : 0);
      SQLLEN longest = 0;
      for (SQLULEN row = 0; row < prepared.fetched; ++row) {
        const SQLLEN length = column.lengths[row];
        longest = std::max(longest, length == SQL_NO_TOTAL ? 2 * column.width : length);
      }
      if (longest <= room || column.width >= kMaxWidth) continue;
      column.width = std::min(kMaxWidth, std::max(longest + 1, 2 * column.width));
      BindColumn(prepared, static_cast<SQLUSMALLINT>(i + 1));
      widened = true;
    }
  }

  static absl::StatusOr<Cell> CellOf(const Column& column, SQLULEN row) {
    const SQLLEN length = column.lengths[row];
    if (length == SQL_NULL_DATA) return Cell::Null();
    const char* bytes = column.buffer.data() + static_cast<size_t>(column.width) * row;
    switch (column.c_type) {
      case SQL_C_SBIGINT: {
        SQLBIGINT number;
        std::memcpy(&number, bytes, sizeof number);
        return Cell::Int(number);
      }
      case SQL_C_DOUBLE: {
        SQLDOUBLE number;
        std::memcpy(&number, bytes, sizeof number);
        return Cell::Real(number);
      }
      case SQL_C_TYPE_TIMESTAMP: {
        SQL_TIMESTAMP_STRUCT t;
        std::memcpy(&t, bytes, sizeof t);
        const int64_t days = absl::CivilDay(t.year, t.month, t.day) - absl::CivilDay(1970, 1, 1);
        const int64_t seconds = days * 86400 + t.hour * 3600 + t.minute * 60 + t.second;
        const int64_t micros = seconds * 1'000'000 + t.fraction / 1000;
        return column.type == CellType::kTime ? Cell::Time(micros) : Cell::LocalTime(micros);
      }
      default:
        break;
    }
    const SQLLEN room = column.width - (column.c_type == SQL_C_CHAR ? 1 : 0);
    if (length > room || length < 0) {
      return absl::FailedPreconditionError("a text is longer than 1 MiB; shorten it in the query");
    }
    const std::string_view text(bytes, static_cast<size_t>(length));
    return column.c_type == SQL_C_BINARY ? Cell::Bytes(text) : Cell::Text(text);
  }

  Handle environment_;  // outlives the connection
  Handle connection_;
  std::map<int64_t, std::unique_ptr<Prepared>> prepared_;  // freed before the connection
  bool is_sqlite_ = false;
  bool in_snapshot_ = false;
  bool broken_ = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Connection>> ConnectOdbc(const std::string& dsn,
                                                        const Limits& limits) {
  return OdbcConnection::Open(dsn, limits);
}

}  // namespace simpul::sources::sql
