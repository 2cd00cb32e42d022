// The contract of a source, run against every driver: PostgreSQL through libpq and through
// psqlODBC, SQLite through its ODBC driver.
#include "adapters/sources/sql/source.h"

#include <algorithm>
#include <limits>

#include "adapters/sources/sql/testing/source_test.h"

namespace simpul::sources::sql {
namespace {

using simpul::testing::IsOk;
using simpul::testing::StatusIs;
using testing::Driver;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class SqlSource : public testing::SourceTest {};

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

INSTANTIATE_TEST_SUITE_P(Drivers, SqlSource,
                         ::testing::Values(Driver::kLibpq, Driver::kPsqlOdbc, Driver::kSqliteOdbc),
                         testing::DriverName);

}  // namespace
}  // namespace simpul::sources::sql
