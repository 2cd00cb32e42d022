// A database that a test may write, behind each driver in turn.
#ifndef SIMPUL_ADAPTERS_SOURCES_SQL_TESTING_SOURCE_TEST_H_
#define SIMPUL_ADAPTERS_SOURCES_SQL_TESTING_SOURCE_TEST_H_

#include <sql.h>
#include <sqlext.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "adapters/sources/sql/source.h"
#include "adapters/sources/sql/testing/odbc_dsn.h"
#include "bus/testing/status_matchers.h"
#include "gtest/gtest.h"
#include "libpq-fe.h"

namespace simpul::sources::sql::testing {

enum class Driver { kLibpq, kPsqlOdbc, kSqliteOdbc };

inline std::string Schema() { return absl::StrFormat("sql_source_test_%d", getpid()); }

inline std::string PostgresUri() {
  const char* uri = std::getenv("SIMPUL_TEST_POSTGRES");
  if (uri == nullptr) {
    ADD_FAILURE() << "SIMPUL_TEST_POSTGRES is not set: run it by tests/with-peers";
    return "";
  }
  return uri;
}

// A database with one table, and a way to write it.
class SourceTest : public ::testing::TestWithParam<Driver> {
 protected:
  void SetUp() override {
    if (GetParam() == Driver::kSqliteOdbc) {
      file_ = std::filesystem::temp_directory_path() /
              absl::StrFormat("sql_source_test_%d.db", getpid());
      dsn_ = OdbcOfSqlite(file_.string());
      std::filesystem::remove(file_);
      Write(
          "CREATE TABLE thing (id BIGINT PRIMARY KEY, small INTEGER, ratio DOUBLE PRECISION,"
          " label VARCHAR(20), note TEXT, seen TIMESTAMP)");
      return;
    }
    const std::string uri = PostgresUri();
    if (uri.empty()) GTEST_FAIL();
    dsn_ = GetParam() == Driver::kLibpq ? uri : OdbcOfUri(uri);
    Write("DROP SCHEMA IF EXISTS " + Schema() + " CASCADE");
    Write("CREATE SCHEMA " + Schema());
    Write(
        "CREATE TABLE thing (id BIGINT PRIMARY KEY, small INTEGER, ratio DOUBLE PRECISION,"
        " label VARCHAR(20), note TEXT, seen TIMESTAMP)");
  }

  void TearDown() override {
    if (GetParam() == Driver::kSqliteOdbc) {
      std::filesystem::remove(file_);
    } else if (!dsn_.empty()) {
      Write("DROP SCHEMA " + Schema() + " CASCADE");
    }
  }

  void Write(const std::string& sql) {
    GetParam() == Driver::kSqliteOdbc ? WriteSqlite(sql) : WritePostgres(sql);
  }

  static void WritePostgres(const std::string& sql) {
    PGconn* c = PQconnectdb(PostgresUri().c_str());
    PQclear(PQexec(c, ("SET search_path = " + Schema()).c_str()));
    PGresult* r = PQexec(c, sql.c_str());
    EXPECT_TRUE(PQresultStatus(r) == PGRES_COMMAND_OK || PQresultStatus(r) == PGRES_TUPLES_OK)
        << PQerrorMessage(c);
    PQclear(r);
    PQfinish(c);
  }

  void WriteSqlite(const std::string& sql) {
    SQLHANDLE env, dbc, stmt;
    SQLAllocHandle(SQL_HANDLE_ENV, SQL_NULL_HANDLE, &env);
    SQLSetEnvAttr(env, SQL_ATTR_ODBC_VERSION, reinterpret_cast<SQLPOINTER>(SQL_OV_ODBC3), 0);
    SQLAllocHandle(SQL_HANDLE_DBC, env, &dbc);
    auto text = [](const std::string& s) {
      return reinterpret_cast<SQLCHAR*>(const_cast<char*>(s.c_str()));
    };
    EXPECT_TRUE(SQL_SUCCEEDED(SQLDriverConnect(dbc, nullptr, text(dsn_), SQL_NTS, nullptr, 0,
                                               nullptr, SQL_DRIVER_NOPROMPT)));
    SQLAllocHandle(SQL_HANDLE_STMT, dbc, &stmt);
    EXPECT_TRUE(SQL_SUCCEEDED(SQLExecDirect(stmt, text(sql), SQL_NTS))) << sql;
    SQLFreeHandle(SQL_HANDLE_STMT, stmt);
    SQLDisconnect(dbc);
    SQLFreeHandle(SQL_HANDLE_DBC, dbc);
    SQLFreeHandle(SQL_HANDLE_ENV, env);
  }

  // The table as the query writes it.
  std::string Table() const {
    return GetParam() == Driver::kSqliteOdbc ? "thing" : Schema() + ".thing";
  }

  Statement Parse(const std::string& sql) {
    auto statement = Statement::Parse(absl::StrReplaceAll(sql, {{"%s", Table()}}));
    EXPECT_THAT(statement, simpul::testing::IsOk());
    return *statement;
  }

  // Cells as text: "7", "abc", "-" for NULL.
  absl::StatusOr<std::vector<std::string>> Ask(Source& source, const Statement& statement,
                                               const Bindings& bindings) {
    std::vector<std::string> out;
    auto status = source.Query(statement, bindings, In(absl::Seconds(5)), [&](const Batch& batch) {
      for (size_t i = 0; i < batch.rows * batch.width(); ++i) out.push_back(Show(batch.cells[i]));
      return absl::OkStatus();
    });
    if (!status.ok()) return status;
    return out;
  }

  static std::string Show(const Cell& cell) {
    switch (cell.type) {
      case CellType::kNull:
        return "-";
      case CellType::kTooLong:
        return "too long";
      case CellType::kInt64:
        return std::to_string(cell.integer);
      case CellType::kDouble:
        return absl::StrFormat("%g", cell.real);
      case CellType::kTime:
      case CellType::kLocalTime:
        return TimeText({cell.integer, cell.type == CellType::kLocalTime});
      default:
        return std::string(cell.text);
    }
  }

  static absl::Time In(absl::Duration d) { return absl::Now() + d; }

  std::string dsn_;
  std::filesystem::path file_;
};

inline std::string DriverName(const ::testing::TestParamInfo<Driver>& info) {
  switch (info.param) {
    case Driver::kLibpq:
      return "Libpq";
    case Driver::kPsqlOdbc:
      return "PsqlOdbc";
    default:
      return "SqliteOdbc";
  }
}

}  // namespace simpul::sources::sql::testing

#endif  // SIMPUL_ADAPTERS_SOURCES_SQL_TESTING_SOURCE_TEST_H_
