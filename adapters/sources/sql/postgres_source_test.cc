// What SQLite's driver cannot do: it knows neither read-only sessions nor interruption, and a file
// does not hang up. Run against PostgreSQL through libpq and through psqlODBC.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "adapters/sources/sql/testing/source_test.h"

namespace simpul::sources::sql {
namespace {

using simpul::testing::IsOk;
using simpul::testing::StatusIs;
using testing::Driver;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::PostgresUri;

class PostgresSource : public testing::SourceTest {};

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

// The open sockets of this process to the database.
std::vector<int> Sockets() {
  PQconninfoOption* options = PQconninfoParse(PostgresUri().c_str(), nullptr);
  std::string port;
  for (PQconninfoOption* o = options; o != nullptr && o->keyword != nullptr; ++o) {
    if (std::string(o->keyword) == "port" && o->val != nullptr) port = o->val;
  }
  PQconninfoFree(options);
  std::vector<int> sockets;
  for (int fd = 0; fd < 1024; ++fd) {
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0) continue;
    if (peer.sin_family == AF_INET && std::to_string(ntohs(peer.sin_port)) == port) {
      sockets.push_back(fd);
    }
  }
  return sockets;
}

TEST_P(PostgresSource, FindsOutThatTheNetworkIsGoneWhileItWaits) {
  Source source(dsn_, {});
  auto lease = source.Acquire(In(absl::Seconds(5)));
  ASSERT_THAT(lease, IsOk());
  ASSERT_FALSE(Sockets().empty());
  for (const int fd : Sockets()) {
    int is_kept_alive = 0;
    int idle_seconds = 0;
    int interval_seconds = 0;
    socklen_t size = sizeof(int);
    getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &is_kept_alive, &size);
    getsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_seconds, &size);
    getsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_seconds, &size);
    EXPECT_EQ(is_kept_alive, 1);
    EXPECT_EQ(idle_seconds, 10);
    EXPECT_EQ(interval_seconds, 5);
  }
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

// Neither: it would wait for the rows that take a minute.
TEST(LibpqSource, GivesTheFirstRowsBeforeTheLastOnesAreThere) {
  Source source(PostgresUri(), {.concurrency = 1, .rows = 1000, .timeout = absl::Seconds(30)});
  auto s = Statement::Parse(
      "SELECT repeat('x', 900), CASE WHEN i > 200 THEN (SELECT 1 FROM pg_sleep(60)) END FROM"
      " generate_series(1, 1000) i LIMIT :limit");
  const auto status =
      source.Query(*s, {.values = {{"limit", int64_t{1000}}}}, absl::Now() + absl::Seconds(30),
                   [&](const Batch&) { return absl::CancelledError("enough"); });
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(source.Query(*Statement::Parse("SELECT 1"), {}, absl::Now() + absl::Seconds(5),
                           [](const Batch&) { return absl::OkStatus(); }),
              IsOk());
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

INSTANTIATE_TEST_SUITE_P(Drivers, PostgresSource,
                         ::testing::Values(Driver::kLibpq, Driver::kPsqlOdbc), testing::DriverName);

}  // namespace
}  // namespace simpul::sources::sql
