#include "adapters/engine/mapping.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "bus/testing/status_matchers.h"
#include "bus/testing/temporary_folder.h"

namespace simpul::engine {
namespace {

namespace fs = std::filesystem;
using simpul::testing::IsOk;
using simpul::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kRadius[] = SIMPUL_SOURCE_DIR "/adapters/diskominfo/radius";

std::string ReadAll(const fs::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The radius mapping with one piece of text replaced.
class MappingTest : public ::testing::Test {
 protected:
  virtual const char* adapter() const { return kRadius; }
  void SetUp() override { text_ = ReadAll(fs::path(adapter()) / "mapping.yaml"); }

  // The problems, without the directory; `line` is where `to` stands.
  std::vector<std::string> Spoil(const std::string& from, const std::string& to) {
    const size_t at = text_.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    std::string spoilt = text_;
    spoilt.replace(at, from.size(), to);
    line_ = static_cast<int>(
                std::count(text_.begin(), text_.begin() + static_cast<ptrdiff_t>(at), '\n')) +
            1;
    std::ofstream(directory_ / "mapping.yaml") << spoilt;
    std::vector<std::string> problems = CheckMapping(directory_.string());
    for (std::string& problem : problems) {
      EXPECT_TRUE(absl::StartsWith(problem, directory_.string() + "/mapping.yaml:")) << problem;
      problem = problem.substr(directory_.string().size() + 1);
    }
    return problems;
  }

  // One problem, at the line of the change.
  void ExpectProblem(const std::string& from, const std::string& to, const std::string& what) {
    const auto problems = Spoil(from, to);
    ASSERT_EQ(problems.size(), 1u) << to << "\n" << ::testing::PrintToString(problems);
    EXPECT_THAT(problems[0], HasSubstr("mapping.yaml:" + std::to_string(line_) + ": "));
    EXPECT_THAT(problems[0], HasSubstr(what));
  }

  const simpul::testing::TemporaryFolder folder_;
  const fs::path directory_ = folder_.path();
  std::string text_;
  int line_ = 0;
};

TEST_F(MappingTest, OfTheRadiusAdapterIsRight) { EXPECT_THAT(CheckMapping(kRadius), IsEmpty()); }

TEST_F(MappingTest, IsLoadedWithRpcsTopicsAndDefaults) {
  auto mapping = LoadMapping(kRadius);
  ASSERT_THAT(mapping, IsOk());
  EXPECT_EQ((*mapping)->Authority(), "radius.diskominfo");
  ASSERT_EQ((*mapping)->resources.size(), 2u);
  const ResourcePlan& session = (*mapping)->resources[1];
  EXPECT_EQ(session.message, "SourceSession");
  EXPECT_EQ(session.get_method->name(), "GetSession");
  EXPECT_EQ(session.list_method->name(), "ListSessions");
  EXPECT_EQ(session.list_field->name(), "sessions");
  EXPECT_EQ((*mapping)->Topic(session), "simpul.source.diskominfo.radius.session");
  EXPECT_EQ(session.event->full_name(), "simpul.wifi.v1.SourceSessionEvent");
  EXPECT_EQ(session.watch.within, absl::Hours(7 * 24));
  EXPECT_EQ((*mapping)->resources[0].watch.within, absl::InfiniteDuration());
}

TEST_F(MappingTest, NamesLineAndExpectation) {
  ExpectProblem("adapter: diskominfo/radius", "adapter: Diskominfo", "expected <department>/<app>");
}
TEST_F(MappingTest, KnowsItsServices) {
  ExpectProblem("simpul.wifi.v1.WifiSourceService", "simpul.wifi.v1.WifiSource",
                "expected a service of the contracts");
}
TEST_F(MappingTest, KnowsItsZones) {
  ExpectProblem("zone: Asia/Jakarta", "zone: Asia/Cilegon", "expected a zone");
}
TEST_F(MappingTest, SuggestsTheNearestResource) {
  ExpectProblem("SourceHotspot:", "SourceHotspt:", "did you mean 'SourceHotspot'?");
}
TEST_F(MappingTest, SuggestsTheNearestField) {
  ExpectProblem("display_name: {", "dislay_name: {", "did you mean 'display_name'?");
}
TEST_F(MappingTest, SuggestsTheNearestKey) {
  ExpectProblem("{column: nasname, required: true}", "{colum: nasname, required: true}",
                "did you mean 'column'?");
}
TEST_F(MappingTest, RefusesADsnWhereAVariableIsNamed) {
  ExpectProblem("{env: RADIUS_DSN}", "{env: 'postgresql://u:geheim@h/d'}",
                "expected the name of a variable");
}
TEST_F(MappingTest, RefusesAConstantThatDoesNotFit) {
  ExpectProblem("{constant: 10m}", "{constant: often}", "'often' is no duration such as 5m");
}
TEST_F(MappingTest, RefusesATimeWhereTheFieldIsNone) {
  ExpectProblem("{column: ssid}", "{column: ssid, time: {format: unix}}",
                "only where the field is a Timestamp");
}
TEST_F(MappingTest, RefusesANameWithoutItsKey) {
  ExpectProblem("departments/diskominfo/hotspots/{id}", "departments/diskominfo/hotspots/id",
                "expected 'departments/diskominfo/<nouns>/{<key column>}'");
}
TEST_F(MappingTest, RefusesAQueryWithoutItsParameter) {
  ExpectProblem("FROM nas WHERE id = :key", "FROM nas WHERE id = 1", "expected the parameter :key");
}
TEST_F(MappingTest, RefusesAnUnknownParameter) {
  ExpectProblem("FROM nas WHERE id = :key", "FROM nas WHERE id = :key AND ports = :port",
                "unknown parameter :port; expected :key");
}
TEST_F(MappingTest, RefusesAStatementThatWrites) {
  ExpectProblem("SELECT id, nasname, shortname, description FROM nas WHERE id = :key",
                "DELETE FROM nas WHERE id = :key", "begins with SELECT");
}
TEST_F(MappingTest, RefusesAnOrderThatDoesNotEndInTheKey) {
  ExpectProblem("cursor: [radacctid]", "cursor: [{column: acctstarttime, type: TIME}]",
                "expected the key 'radacctid' as the last column");
}
TEST_F(MappingTest, RefusesPagesThatAreNotInOrder) {
  const std::string list = "WHERE id > :after ORDER BY id LIMIT :limit";
  for (const char* query : {
           "WHERE id > :after LIMIT :limit",
           "WHERE id > :after ORDER BY id DESC LIMIT :limit",
           "WHERE id > :after ORDER BY shortname, id LIMIT :limit",
           "WHERE id > :after ORDER BY -id LIMIT :limit",
           "WHERE id > :after ORDER BY lower(id) LIMIT :limit",
           "WHERE id > :after /* ORDER BY id */ LIMIT :limit",
           "WHERE id > :after AND 'x' <> ' ORDER BY id' LIMIT :limit",
           "WHERE id IN (SELECT id FROM nas ORDER BY id) AND id > :after LIMIT :limit",
       }) {
    const auto problems = Spoil(list, query);
    ASSERT_EQ(problems.size(), 1u) << query;
    EXPECT_THAT(problems[0], HasSubstr("expected the rows in order: ORDER BY id, ascending"));
  }
}
TEST_F(MappingTest, TakesAnOrderHoweverItIsWritten) {
  const std::string list = "WHERE id > :after ORDER BY id LIMIT :limit";
  for (const char* query : {
           "WHERE id > :after ORDER BY nas.ID ASC LIMIT :limit",
           "WHERE id > :after order  by \"nas\".\"id\" /* the key */ LIMIT :limit",
           "WHERE id > :after ORDER BY [id] OFFSET 0 ROWS FETCH NEXT :limit ROWS ONLY",
           "WHERE id > :after AND :limit > (SELECT 1 ORDER BY 1 LIMIT 1) ORDER BY `id`",
       }) {
    EXPECT_THAT(Spoil(list, query), IsEmpty()) << query;
  }
}
TEST_F(MappingTest, RefusesLimitsOfNothing) {
  ExpectProblem("concurrency: 2", "concurrency: 0", "expected 1 to 64 connections");
  ExpectProblem("rows: 5000", "rows: 0", "expected 1 to 100000 rows");
}
TEST_F(MappingTest, RefusesAHorizonWithoutAge) {
  ExpectProblem("within: 7d\n        age: acctstarttime", "within: 7d", "expected 'age'");
}
TEST_F(MappingTest, RefusesAShareThatIsNone) {
  ExpectProblem("max_deletes: 10%", "max_deletes: ten", "expected a share such as 10%");
}

TEST_F(MappingTest, TellsAllProblemsAtOnce) {
  text_ = absl::StrReplaceAll(
      text_, {{"zone: Asia/Jakarta", "zone: Nowhere"}, {"max_deletes: 10%", "max_deletes: ten"}});
  EXPECT_EQ(Spoil("rows: 5000", "rows: -1").size(), 3u);
}

TEST_F(MappingTest, ThatIsMissingIsNotFound) {
  EXPECT_THAT(LoadMapping("/nowhere"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(MappingTest, NamesTheVariableThatIsNotSet) {
  auto mapping = LoadMapping(kRadius);
  ASSERT_THAT(mapping, IsOk());
  unsetenv("RADIUS_DSN");
  EXPECT_THAT(OpenSource(**mapping),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("RADIUS_DSN")));
  setenv("RADIUS_DSN", "host=x", 1);
  EXPECT_THAT(OpenSource(**mapping), IsOk());
  unsetenv("RADIUS_DSN");
}

constexpr char kRoundup[] = SIMPUL_SOURCE_DIR "/adapters/dpupr/roundup";

class RestMappingTest : public MappingTest {
 protected:
  const char* adapter() const override { return kRoundup; }
};

TEST_F(RestMappingTest, OfTheRoundupAdapterIsRight) {
  EXPECT_THAT(CheckMapping(kRoundup), IsEmpty());
  auto mapping = LoadMapping(kRoundup);
  ASSERT_THAT(mapping, IsOk());
  const ResourcePlan& complaint = (*mapping)->resources[0];
  EXPECT_EQ(complaint.get_method->name(), "GetComplaint");  // Create and Update answer it too
  EXPECT_FALSE(complaint.watch.keys.empty());
}
TEST_F(RestMappingTest, RefusesAnAddressWhereAVariableIsNamed) {
  ExpectProblem("url: {env: DPUPR_ROUNDUP_URL}", "url: {env: 'http://roundup/lapor'}",
                "expected the name of a variable");
}
TEST_F(RestMappingTest, RefusesAPointerThatIsNone) {
  ExpectProblem("title: /attributes/title", "title: attributes/title", "columns.title");
}
TEST_F(RestMappingTest, RefusesAnItemWithoutItsKey) {
  ExpectProblem("path: /rest/data/issue/{key}", "path: /rest/data/issue/5",
                "expected the parameter {key}");
}
TEST_F(RestMappingTest, RefusesAnUnknownParameter) {
  ExpectProblem("activity: \"{since_changed};\"", "activity: \"{since};\"",
                "unknown parameter {since}");
}
TEST_F(RestMappingTest, RefusesSqlOfAnApplicationOverRest) {
  ExpectProblem("reconcile: {every: 1m, rest: *all}", "reconcile: {every: 1m, query: SELECT 1}",
                "expected 'rest' with a path");
}

}  // namespace
}  // namespace simpul::engine
