// The contract of a source, run against every driver: PostgreSQL through libpq and through
// psqlODBC, SQLite through its ODBC driver.
#include "adapters/sources/sql/source.h"

#include <sql.h>
#include <sqlext.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "adapters/sources/sql/testing/odbc_dsn.h"
#include "bus/testing/status_matchers.h"
#include "libpq-fe.h"

namespace simpul::sources::sql {
namespace {

using simpul::testing::IsOk;
using simpul::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

enum class Driver { kLibpq, kPsqlOdbc, kSqliteOdbc };

std::string Schema() { return absl::StrFormat("sql_source_test_%d", getpid()); }

std::string PostgresUri() {
  const char* uri = std::getenv("SIMPUL_TEST_POSTGRES");
  if (uri == nullptr) {
    ADD_FAILURE() << "SIMPUL_TEST_POSTGRES is not set: run it by tests/with-peers";
    return "";
  }
  return uri;
}

// A database with one table, and a way to write it.
class SqlSource : public ::testing::TestWithParam<Driver> {
 protected:
  void SetUp() override {
    if (GetParam() == Driver::kSqliteOdbc) {
      file_ = std::filesystem::temp_directory_path() /
              absl::StrFormat("sql_source_test_%d.db", getpid());
      dsn_ = testing::OdbcOfSqlite(file_.string());
      std::filesystem::remove(file_);
      Write(
          "CREATE TABLE thing (id BIGINT PRIMARY KEY, small INTEGER, ratio DOUBLE PRECISION,"
          " label VARCHAR(20), note TEXT, seen TIMESTAMP)");
      return;
    }
    const std::string uri = PostgresUri();
    if (uri.empty()) GTEST_FAIL();
    dsn_ = GetParam() == Driver::kLibpq ? uri : testing::OdbcOfUri(uri);
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
    EXPECT_THAT(statement, IsOk());
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

// What SQLite's driver cannot do: it knows neither read-only sessions nor interruption, and a file
// does not hang up.
class PostgresSource : public SqlSource {};

TEST_P(SqlSource, ReadsEveryKindOfValueAndNull) {
  Write(
      "INSERT INTO " + Table() +
      " VALUES (9007199254740993, -7, 0.5, 'Alun-alun', 'kaf\xc3\xa9', '2026-11-24 08:00:00.25')");
  Write("INSERT INTO " + Table() + " VALUES (2, NULL, NULL, NULL, NULL, NULL)");
  Source source(dsn_, {});
  const auto s = Parse("SELECT id, small, ratio, label, note, seen FROM %s ORDER BY id DESC");
  auto rows = Ask(source, s, {});
  ASSERT_THAT(rows, IsOk());
  ASSERT_EQ(rows->size(), 12u);
  EXPECT_THAT(std::vector<std::string>(rows->begin(), rows->begin() + 5),
              ElementsAre("9007199254740993", "-7", "0.5", "Alun-alun", "kaf\xc3\xa9"));
  EXPECT_THAT((*rows)[5], ::testing::StartsWith("2026-11-24 08:00:00.25"));
  EXPECT_THAT(std::vector<std::string>(rows->begin() + 6, rows->end()),
              ElementsAre("2", "-", "-", "-", "-", "-"));
}

TEST_P(SqlSource, BindsNumbersTextsAndTimes) {
  Write("INSERT INTO " + Table() + " VALUES (1, 1, 0, 'a', '', '2026-11-24 08:00:00')");
  Write("INSERT INTO " + Table() + " VALUES (2, 2, 0, 'it''s', '', '2026-11-24 09:00:00')");
  Source source(dsn_, {});
  const auto s = Parse("SELECT id FROM %s WHERE id > :a AND label = :b");
  EXPECT_THAT(*Ask(source, s, {.values = {{"a", int64_t{1}}, {"b", std::string("it's")}}}),
              ElementsAre("2"));
  EXPECT_THAT(*Ask(source, s, {.values = {{"a", int64_t{2}}, {"b", std::string("it's")}}}),
              ElementsAre());
  const int64_t eight =
      absl::ToUnixMicros(absl::FromCivil(absl::CivilSecond(2026, 11, 24, 8), absl::UTCTimeZone()));
  const auto t = Parse("SELECT id FROM %s WHERE seen > :t");
  EXPECT_THAT(*Ask(source, t, {.values = {{"t", TimeValue{eight, true}}}}), ElementsAre("2"));
}

TEST_P(SqlSource, LooksKeysUpInOneStatement) {
  for (int i = 1; i <= 5; ++i) {
    Write(absl::StrFormat("INSERT INTO %s (id) VALUES (%d)", Table(), i));
  }
  Source source(dsn_, {});
  const auto s = Parse("SELECT id FROM %s WHERE id IN (:keys) ORDER BY id");
  const Value keys[] = {int64_t{2}, int64_t{5}, int64_t{77}};
  EXPECT_THAT(*Ask(source, s, {.values = {}, .keys = keys, .key_count = 3}), ElementsAre("2", "5"));
}

TEST_P(SqlSource, TakesANumberBeyondTheColumnForNoRow) {
  Write("INSERT INTO " + Table() + " (id, small) VALUES (1, 2147483647)");
  Source source(dsn_, {});
  const auto equal = Parse("SELECT id FROM %s WHERE small = :key");
  EXPECT_THAT(*Ask(source, equal, {.values = {{"key", int64_t{99999999999}}}}), ElementsAre());
  const auto after = Parse("SELECT id FROM %s WHERE small > :after");
  EXPECT_THAT(*Ask(source, after, {.values = {{"after", std::numeric_limits<int64_t>::min()}}}),
              ElementsAre("1"));
}

TEST_P(SqlSource, ReadsManyRowsAndALongText) {
  const std::string longtext(5000, 'x');
  for (int i = 0; i < 4; ++i) {
    Write(
        absl::StrFormat("INSERT INTO %s (id, note) SELECT %d + a.n * 100 + b.n, '%s' FROM "
                        "(SELECT 0 AS n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3) a, "
                        "(SELECT 0 AS n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3) b",
                        Table(), i * 10, i == 3 ? longtext : "short"));
  }
  Source source(dsn_, {});
  const auto s = Parse("SELECT note FROM %s ORDER BY id LIMIT :limit");
  auto rows = Ask(source, s, {.values = {{"limit", int64_t{1000}}}});
  ASSERT_THAT(rows, IsOk());
  EXPECT_EQ(rows->size(), 64u);
  EXPECT_EQ(std::count(rows->begin(), rows->end(), longtext), 16);
}

TEST_P(SqlSource, ReadsNoTextThatIsTooLong) {
  const std::string longest(kMaxText, 'x');
  Write("INSERT INTO " + Table() + " (id, note) VALUES (1, '" + longest + "')");
  Write("INSERT INTO " + Table() + " (id, note) VALUES (2, '" + longest + "x')");
  Write("INSERT INTO " + Table() + " (id, note) VALUES (3, 'short')");
  Source source(dsn_, {});
  auto rows = Ask(source, Parse("SELECT note FROM %s ORDER BY id"), {});
  ASSERT_THAT(rows, IsOk());
  EXPECT_TRUE((*rows)[0] == longest);
  EXPECT_EQ((*rows)[1], "too long");
  EXPECT_EQ((*rows)[2], "short");
}

// A column of SQLite holds anything, whatever its type says; PostgreSQL's holds what it says.
TEST_P(SqlSource, ReadsATextInAColumnOfNumbersAsText) {
  const bool is_sqlite = GetParam() == Driver::kSqliteOdbc;
  Write("INSERT INTO " + Table() + " (id, small) VALUES (1, " + (is_sqlite ? "'abc'" : "7") + ")");
  Source source(dsn_, {});
  EXPECT_THAT(*Ask(source, Parse("SELECT small FROM %s"), {}),
              ElementsAre(is_sqlite ? "abc" : "7"));
}

TEST_P(SqlSource, SaysThatAColumnIsGoneAndWorksOn) {
  Source source(dsn_, {});
  const auto gone = Parse("SELECT id, framed_color FROM %s WHERE id = :secret_parameter");
  auto status = Ask(source, gone, {.values = {{"secret_parameter", int64_t{1}}}}).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition, Not(HasSubstr("SELECT"))));
  if (GetParam() != Driver::kSqliteOdbc) {  // whose driver has one state for all
    EXPECT_THAT(std::string(status.message()), HasSubstr("framed_color"));
  }
  EXPECT_THAT(Ask(source, Parse("SELECT id FROM %s"), {}), IsOk());
}

TEST_P(SqlSource, HoldsItsBudgetOfConnections) {
  Source source(dsn_, {.concurrency = 1, .rows = 10, .timeout = absl::Seconds(5)});
  auto first = source.Acquire(In(absl::Seconds(5)));
  ASSERT_THAT(first, IsOk());
  EXPECT_THAT(source.Acquire(In(absl::Milliseconds(20))).status(),
              StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST_P(SqlSource, GivesAConnectionBack) {
  Source source(dsn_, {.concurrency = 1, .rows = 10, .timeout = absl::Seconds(5)});
  for (int i = 0; i < 3; ++i) EXPECT_THAT(source.Acquire(In(absl::Seconds(5))), IsOk());
}

TEST_P(PostgresSource, SeesOneStateWithinASnapshot) {
  Write("INSERT INTO " + Table() + " (id) VALUES (1)");
  Source source(dsn_, {});
  auto lease = source.Acquire(In(absl::Seconds(5)));
  ASSERT_THAT(lease, IsOk());
  const auto s = Parse("SELECT id FROM %s");
  int rows = 0;
  const auto count = [&](const Batch& batch) {
    rows += static_cast<int>(batch.rows);
    return absl::OkStatus();
  };
  ASSERT_THAT((*lease)->BeginSnapshot(In(absl::Seconds(5))), IsOk());
  ASSERT_THAT((*lease)->Query(s, {}, In(absl::Seconds(5)), count), IsOk());
  Write("INSERT INTO " + Table() + " (id) VALUES (2)");
  ASSERT_THAT((*lease)->Query(s, {}, In(absl::Seconds(5)), count), IsOk());
  EXPECT_EQ(rows, 2);
  ASSERT_THAT((*lease)->EndSnapshot(In(absl::Seconds(5))), IsOk());
  ASSERT_THAT((*lease)->Query(s, {}, In(absl::Seconds(5)), count), IsOk());
  EXPECT_EQ(rows, 4);
}

TEST_P(PostgresSource, RefusesToWrite) {
  Source source(dsn_, {});
  const auto s =
      Parse("WITH gone AS (INSERT INTO %s (id) VALUES (1) RETURNING id) SELECT id FROM gone");
  EXPECT_THAT(Ask(source, s, {}), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_P(PostgresSource, CancelsAQueryThatTakesTooLong) {
  Source source(dsn_, {.concurrency = 1, .rows = 10, .timeout = absl::Seconds(1)});
  auto s = Statement::Parse("SELECT 1 FROM (SELECT pg_sleep(30)) x");
  const absl::Time begin = absl::Now();
  EXPECT_THAT(Ask(source, *s, {}), StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_LT(absl::Now() - begin, absl::Seconds(10));
  EXPECT_THAT(Ask(source, Parse("SELECT id FROM %s"), {}), IsOk());
}

TEST_P(PostgresSource, ConnectsAgainWhenAnIdleConnectionDied) {
  Source source(dsn_, {.concurrency = 1, .rows = 10, .timeout = absl::Seconds(5)});
  auto pid = Statement::Parse("SELECT pg_backend_pid()");
  auto rows = Ask(source, *pid, {});
  ASSERT_THAT(rows, IsOk());
  Write(absl::StrFormat("SELECT pg_terminate_backend(%s, 5000)", rows->front()));
  auto again = Ask(source, *pid, {});
  ASSERT_THAT(again, IsOk());
  EXPECT_NE(*again, *rows);
}

TEST_P(PostgresSource, ReadsOnWhenAColumnGetsAnotherType) {
  Write("INSERT INTO " + Table() + " (id, small) VALUES (1, 7)");
  Source source(dsn_, {.concurrency = 1, .rows = 10, .timeout = absl::Seconds(5)});
  const auto s = Parse("SELECT small FROM %s");
  EXPECT_THAT(*Ask(source, s, {}), ElementsAre("7"));
  Write("ALTER TABLE thing ALTER small TYPE text USING 'seven'");
  auto rows = Ask(source, s, {});
  ASSERT_THAT(rows, IsOk());
  EXPECT_THAT(*rows, ElementsAre("seven"));
}

TEST_P(PostgresSource, SaysThatAValueDoesNotFitTheQuery) {
  Write("INSERT INTO " + Table() + " (id, small) VALUES (9007199254740993, 0)");
  Source source(dsn_, {});
  for (const char* sql : {"SELECT id / small FROM %s", "SELECT id::int FROM %s",
                          "SELECT id * id * id FROM %s", "SELECT ('x' || id)::int FROM %s"}) {
    EXPECT_THAT(Ask(source, Parse(sql), {}),
                StatusIs(absl::StatusCode::kDataLoss, Not(HasSubstr("9007199254740993"))))
        << sql;
  }
}

TEST_P(PostgresSource, TakesInfinityForNoTime) {
  Source source(dsn_, {});
  auto s = Statement::Parse("SELECT 'infinity'::timestamptz, '-infinity'::timestamp");
  auto cells = Ask(source, *s, {});
  ASSERT_THAT(cells, IsOk());
  EXPECT_THAT(*cells, ElementsAre("infinity", "-infinity"));
}

// Not by psqlODBC: it has all of an answer before it gives the first row.
TEST(LibpqSource, SaysThatTheDatabaseWentAwayInTheMiddleOfAnAnswer) {
  Source source(PostgresUri(), {.concurrency = 1, .rows = 10, .timeout = absl::Seconds(30)});
  auto s = Statement::Parse(
      "SELECT pg_backend_pid(), i, repeat('x', 900) FROM"
      " generate_series(1, 300000) i");
  int64_t rows = 0;
  const auto status =
      source.Query(*s, {}, absl::Now() + absl::Seconds(30), [&](const Batch& batch) {
        if (rows == 0) {
          PGconn* other = PQconnectdb(PostgresUri().c_str());
          PQclear(PQexec(
              other, absl::StrFormat("SELECT pg_terminate_backend(%d, 5000)", batch.cells->integer)
                         .c_str()));
          PQfinish(other);
        }
        rows += static_cast<int64_t>(batch.rows);
        return absl::OkStatus();
      });
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_GT(rows, 0);
  EXPECT_LT(rows, 300000);
  EXPECT_THAT(source.Acquire(absl::Now() + absl::Seconds(5)), IsOk());
}

TEST(SqlSourceUnavailable, SaysSoWithoutTheDsn) {
  for (const std::string dsn : {"postgresql://someone:geheim@127.0.0.1:1/none",
                                "Driver=/usr/lib/x86_64-linux-gnu/odbc/"
                                "psqlodbcw.so;Servername=127.0.0.1;Port=1;PWD=geheim"}) {
    Source source(dsn, {});
    EXPECT_THAT(source.Acquire(absl::Now() + absl::Seconds(5)).status(),
                StatusIs(absl::StatusCode::kUnavailable, Not(HasSubstr("geheim"))));
  }
}

TEST(SqlSourceUnavailable, TellsNothingOfADsnThatIsWrittenWrong) {
  for (const std::string dsn :
       {"postgresql://simpul:geheim%zz@127.0.0.1/none", "postgresql://simpul:ge:heim/x@127.0.0.1/d",
        "postgresql://simpul:geheim@127.0.0.1:geheim/d", "host=127.0.0.1 password=geheim nonsense",
        "host=127.0.0.1 port=geheim dbname=d"}) {
    Source source(dsn, {});
    ::testing::internal::CaptureStderr();
    const absl::Status status = source.Acquire(absl::Now() + absl::Seconds(5)).status();
    EXPECT_THAT(::testing::internal::GetCapturedStderr(), Not(HasSubstr("heim"))) << dsn;
    EXPECT_FALSE(status.ok()) << dsn;
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("heim"))) << dsn;
  }
}

TEST(SqlSourceTypes, ReadsPostgresTypesThatNeedCare) {
  const std::string uri = PostgresUri();
  if (uri.empty()) GTEST_FAIL();
  Source source(uri, {});
  auto s = Statement::Parse(
      "SELECT '10.36.72.1'::inet, '2001:db8::/32'::cidr, 12345.678900::numeric, "
      "-0.00001234::numeric,"
      " 100000000::numeric, 'b0a6b1c2-0000-4000-8000-000000000001'::uuid, true, '2026-01-02'::date,"
      " '2026-11-24 08:00:00+07'::timestamptz, 1::int2, 2.5::float4, '{\"a\":1}'::jsonb,"
      " 'infinity'::timestamptz, ''::text");
  std::vector<std::string> cells;
  ASSERT_THAT(
      source.Query(*s, {}, absl::Now() + absl::Seconds(5),
                   [&](const Batch& batch) {
                     for (size_t i = 0; i < batch.width(); ++i) {
                       const Cell& c = batch.cells[i];
                       cells.push_back(c.type == CellType::kInt64    ? std::to_string(c.integer)
                                       : c.type == CellType::kDouble ? absl::StrFormat("%g", c.real)
                                       : c.type == CellType::kTime || c.type == CellType::kLocalTime
                                           ? TimeText({c.integer, c.type == CellType::kLocalTime})
                                           : std::string(c.text));
                     }
                     return absl::OkStatus();
                   }),
      IsOk());
  EXPECT_THAT(cells, ElementsAre("10.36.72.1", "2001:db8::/32", "12345.678900", "-0.00001234",
                                 "100000000", "b0a6b1c2-0000-4000-8000-000000000001", "1",
                                 "2026-01-02 00:00:00.000000", "2026-11-24 01:00:00.000000+00", "1",
                                 "2.5", "{\"a\": 1}", "infinity", ""));
}

std::string DriverName(const ::testing::TestParamInfo<Driver>& info) {
  switch (info.param) {
    case Driver::kLibpq:
      return "Libpq";
    case Driver::kPsqlOdbc:
      return "PsqlOdbc";
    default:
      return "SqliteOdbc";
  }
}

INSTANTIATE_TEST_SUITE_P(Drivers, SqlSource,
                         ::testing::Values(Driver::kLibpq, Driver::kPsqlOdbc, Driver::kSqliteOdbc),
                         DriverName);
INSTANTIATE_TEST_SUITE_P(Drivers, PostgresSource,
                         ::testing::Values(Driver::kLibpq, Driver::kPsqlOdbc), DriverName);

}  // namespace
}  // namespace simpul::sources::sql
