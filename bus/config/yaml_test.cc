#include "bus/config/yaml.h"

#include "gmock/gmock.h"
#include "simpul/mapping/v1/mapping.pb.h"

namespace simpul::config {
namespace {

using ::simpul::mapping::v1::Mapping;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> Parse(std::string_view text, Mapping& mapping) {
  Locations locations;
  return ParseYaml(text, "m.yaml", mapping, locations);
}

TEST(Yaml, FillsMapsListsOneofsEnumsAndDurations) {
  Mapping mapping;
  EXPECT_THAT(Parse(R"(
adapter: a/b
source: {sql: {dsn: {env: DSN}}, limits: {rows: 7, timeout: 1500ms}}
resources:
  Thing:
    key: {column: id, type: TEXT}
    fields: {size: {column: s, scale: 1024, codes: {1: one, "2": two}}}
    list: {query: q, order: [a, {column: b, type: TIME}]}
    watch: {every: 2s, reconcile: {within: 7d}}
)",
                    mapping),
              IsEmpty());
  EXPECT_EQ(mapping.source().sql().dsn().env(), "DSN");
  EXPECT_EQ(mapping.source().limits().rows(), 7);
  EXPECT_EQ(mapping.source().limits().timeout().seconds(), 1);
  EXPECT_EQ(mapping.source().limits().timeout().nanos(), 500000000);
  const auto& thing = mapping.resources().at("Thing");
  EXPECT_EQ(thing.key().type(), simpul::mapping::v1::TEXT);
  EXPECT_EQ(thing.fields().at("size").scale(), 1024);
  EXPECT_EQ(thing.fields().at("size").codes().at("1"), "one");
  EXPECT_EQ(thing.list().order(0).column(), "a");
  EXPECT_EQ(thing.list().order(1).type(), simpul::mapping::v1::TIME);
  EXPECT_EQ(thing.watch().reconcile().within().seconds(), 7 * 86400);
}

TEST(Yaml, NamesTheLineAndTheNearestKey) {
  Mapping mapping;
  EXPECT_THAT(Parse("adapter: a/b\nsource:\n  zone: UTC\n  limts: {}\n", mapping),
              ElementsAre("m.yaml:4: unknown key 'limts'; did you mean 'limits'?"));
}

TEST(Yaml, TellsAllProblemsAtOnce) {
  Mapping mapping;
  EXPECT_THAT(
      Parse("adapter: [x]\nsource:\n  limits:\n    rows: many\n    timeout: 5 s\n", mapping),
      ElementsAre(
          "m.yaml:1: expected text", "m.yaml:4: expected a whole number",
          "m.yaml:5: expected a duration: a number and ms, s, m, h or d, such as 5s or 7d"));
}

TEST(Yaml, RefusesAKeyThatStandsTwice) {
  Mapping mapping;
  EXPECT_THAT(Parse("adapter: a/b\nadapter: c/d\n", mapping),
              ElementsAre("m.yaml:2: 'adapter' stands here twice; keep one"));
}

TEST(Yaml, RefusesTwoOfAOneof) {
  Mapping mapping;
  EXPECT_THAT(Parse("source:\n  sql:\n    dsn:\n      env: A\n      file: B\n", mapping),
              ElementsAre("m.yaml:5: expected only one of env, file"));
}

TEST(Yaml, TakesNoPasswordForTheNameOfAVariable) {
  Mapping mapping;
  EXPECT_THAT(Parse("source:\n  sql:\n    dsn: postgresql://u:geheim@h/d\n", mapping),
              ElementsAre("m.yaml:3: expected keys and values: env, file"));
}

TEST(Yaml, RefusesAnUnknownEnumValueWithTheKnownOnes) {
  Mapping mapping;
  EXPECT_THAT(Parse("resources:\n  T:\n    key: {column: a, type: FLOAT}\n", mapping),
              ElementsAre("m.yaml:3: expected one of INTEGER, TEXT"));
}

TEST(Yaml, SaysWhereTheFileIsNoYaml) {
  Mapping mapping;
  const auto problems = Parse("adapter: a/b\nsource: {sql: [\n", mapping);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_THAT(problems[0], ::testing::StartsWith("m.yaml:3: expected YAML"));
}

TEST(Yaml, RemembersTheLineOfEachPath) {
  Mapping mapping;
  Locations locations;
  ASSERT_THAT(
      ParseYaml("source:\n  zone: UTC\n  limits:\n    rows: 3\n", "m.yaml", mapping, locations),
      IsEmpty());
  EXPECT_EQ(locations.LineOf("source.limits.rows"), 4);
  EXPECT_EQ(locations.LineOf("source.limits.timeout"), 3);  // of what would contain it
  EXPECT_EQ(locations.Problem("source.zone", "no"), "m.yaml:2: no");
}

TEST(Yaml, SaysThatTheFileIsMissing) {
  Mapping mapping;
  Locations locations;
  EXPECT_THAT(LoadYaml("/nowhere/m.yaml", mapping, locations),
              ElementsAre("/nowhere/m.yaml:1: expected a file that can be read"));
}

TEST(Nearest, IsEmptyWhenNothingIsNear) {
  EXPECT_EQ(Nearest("frobnicate", {"zone", "limits"}), "");
  EXPECT_EQ(Nearest("colum", {"constant", "column"}), "column");
}

}  // namespace
}  // namespace simpul::config
