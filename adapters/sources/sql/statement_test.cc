#include "adapters/sources/sql/statement.h"

#include "bus/testing/status_matchers.h"

namespace simpul::sources::sql {
namespace {

using simpul::testing::IsOk;
using simpul::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Statement Parse(std::string_view sql) {
  auto statement = Statement::Parse(sql);
  EXPECT_THAT(statement, IsOk());
  return *std::move(statement);
}

TEST(Statement, NumbersEachNameOnceForLibpqAndEachUseForOdbc) {
  const Statement s =
      Parse("SELECT a FROM t WHERE b > :after OR (:after = c AND d = :key) LIMIT :limit");
  EXPECT_EQ(s.dollars(), "SELECT a FROM t WHERE b > $1 OR ($1 = c AND d = $2) LIMIT $3");
  EXPECT_EQ(s.questions(), "SELECT a FROM t WHERE b > ? OR (? = c AND d = ?) LIMIT ?");
  EXPECT_THAT(s.parameters(), ElementsAre("after", "key", "limit"));
  EXPECT_THAT(s.question_slots(), ElementsAre(0, 0, 1, 2));
}

TEST(Statement, LeavesQuotesCommentsAndCastsAlone) {
  const std::string sql =
      "SELECT ':a', 'it''s :b', E'\\':c', \":d\", `:e`, x::text, $$ :f $$, $t$ :g $t$ -- :h\n"
      "/* :i /* :j */ :k */ FROM t";
  const Statement s = Parse(sql);
  EXPECT_THAT(s.parameters(), IsEmpty());
  EXPECT_EQ(s.dollars(), sql);
  EXPECT_EQ(s.questions(), sql);
}

TEST(Statement, FindsAParameterRightAfterACast) {
  EXPECT_THAT(Parse("SELECT a::text,:b::int FROM t").parameters(), ElementsAre("b"));
}

TEST(Statement, ExpandsKeysAndFillsThemUp) {
  const Statement s = Parse("SELECT a FROM t WHERE k IN (:keys) AND b = :b");
  EXPECT_THAT(s.dollars(), HasSubstr("IN ($1, $2, "));
  EXPECT_THAT(s.dollars(), HasSubstr("$200) AND b = $201"));
  const Value keys[] = {int64_t{7}, int64_t{9}};
  Bindings bindings{.values = {{"b", int64_t{1}}}, .keys = keys, .key_count = 2};
  auto values = s.Bind(bindings);
  ASSERT_THAT(values, IsOk());
  ASSERT_EQ(values->size(), Bindings::kMaxKeys + 1);
  EXPECT_EQ(std::get<int64_t>(*(*values)[0]), 7);
  EXPECT_EQ(std::get<int64_t>(*(*values)[1]), 9);
  EXPECT_EQ(std::get<int64_t>(*(*values)[199]), 9);
}

TEST(Statement, NamesAParameterWithoutAValue) {
  EXPECT_THAT(Parse("SELECT :a").Bind({}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(":a")));
}

TEST(Statement, RefusesWhatIsNotOneSelect) {
  const auto refused = [](std::string_view sql) { return Statement::Parse(sql).status(); };
  EXPECT_THAT(refused("DELETE FROM t"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(refused(""), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(refused("SELECT 1; DROP TABLE t"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(refused("SELECT 'open"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(refused("SELECT 1 /* open"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(refused("SELECT $1"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(refused("SELECT ';' ;\n"), IsOk());
  EXPECT_THAT(refused("WITH x AS (SELECT 1) SELECT * FROM x"), IsOk());
}

}  // namespace
}  // namespace simpul::sources::sql
