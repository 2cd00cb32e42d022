#include "adapters/sources/rest/rows.h"

#include "absl/strings/str_format.h"
#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"

namespace simpul::sources::rest {
namespace {

using ::simpul::testing::IsOk;
using ::simpul::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using Code = absl::StatusCode;

// "int 7", "text a", "null".
std::string Show(const Cell& cell) {
  switch (cell.type) {
    case CellType::kNull:
      return "null";
    case CellType::kInt64:
      return absl::StrFormat("int %d", cell.integer);
    case CellType::kDouble:
      return absl::StrFormat("double %g", cell.real);
    case CellType::kText:
      return absl::StrFormat("text %s", cell.text);
    case CellType::kTooLong:
      return "too long";
    default:
      return "another";
  }
}

absl::StatusOr<std::vector<std::string>> Read(const RowsText& text, std::string_view json) {
  auto shape = RowShape::Parse(text);
  if (!shape.ok()) return shape.status();
  auto answer = Document::Parse(json);
  if (!answer.ok()) return answer.status();
  auto rows = shape->Read(*std::move(answer));
  if (!rows.ok()) return rows.status();
  const Rows moved = *std::move(rows);  // what was lent stays valid
  std::vector<std::string> out;
  for (size_t i = 0; i < moved.size(); ++i) {
    for (size_t column = 0; column < text.columns.size(); ++column) {
      out.push_back(Show(moved.row(i)[column]));
    }
  }
  return out;
}

absl::StatusOr<std::vector<std::string>> ReadOne(const std::string& json) {
  return Read({.columns = {{"x", "/x"}}}, json);
}

TEST(RestRows, ReadsEveryKindOfValue) {
  EXPECT_THAT(*ReadOne(R"({"x": "7"})"), ElementsAre("text 7"));
  EXPECT_THAT(*ReadOne(R"({"x": 7})"), ElementsAre("int 7"));
  EXPECT_THAT(*ReadOne(R"({"x": -9223372036854775808})"), ElementsAre("int -9223372036854775808"));
  EXPECT_THAT(*ReadOne(R"({"x": 18446744073709551615})"), ElementsAre("text 18446744073709551615"));
  EXPECT_THAT(*ReadOne(R"({"x": 3672990101900001367299})"),
              ElementsAre("text 3672990101900001367299"));
  EXPECT_THAT(*ReadOne(R"({"x": 7.25})"), ElementsAre("double 7.25"));
  EXPECT_THAT(*ReadOne(R"({"x": 1e3})"), ElementsAre("double 1000"));
  EXPECT_THAT(*ReadOne(R"({"x": true})"), ElementsAre("int 1"));
  EXPECT_THAT(*ReadOne(R"({"x": false})"), ElementsAre("int 0"));
  EXPECT_THAT(*ReadOne(R"({"x": null})"), ElementsAre("null"));
  EXPECT_THAT(*ReadOne(R"({"y": 1})"), ElementsAre("null"));
  EXPECT_THAT(*ReadOne(R"({"x": ""})"), ElementsAre("text "));
  EXPECT_THAT(*ReadOne(R"({"x": "a\u00e9\ud83d\ude00\n"})"),
              ElementsAre("text a\xC3\xA9\xF0\x9F\x98\x80\n"));
}

TEST(RestRows, ReadsNoTextThatIsTooLong) {
  const std::string longest(kMaxText, 'x');
  EXPECT_THAT(*ReadOne("{\"x\": \"" + longest + "\"}"), ElementsAre("text " + longest));
  EXPECT_THAT(*ReadOne("{\"x\": \"" + longest + "x\"}"), ElementsAre("too long"));
}

TEST(RestRows, FindsRowsAndColumnsByPointer) {
  const RowsText text{.pointer = "/data/0/a~1b/m~0n",
                      .columns = {{"id", "/id"}, {"name", "/who/name"}, {"second", "/list/1"}}};
  EXPECT_THAT(
      *Read(text, R"({"data": [{"a/b": {"m~n": [
                  {"id": 1, "who": {"name": "x"}, "list": [4, 5]},
                  {"id": 2, "who": null, "list": [6]},
                  {"id": 3, "who": "x", "list": {"1": 9}}]}}]})"),
      ElementsAre("int 1", "text x", "int 5", "int 2", "null", "null", "int 3", "null", "int 9"));
  EXPECT_THAT(*Read(text, R"({"data": [{"a/b": {"m~n": []}}]})"), ElementsAre());
}

TEST(RestRows, TakesAnObjectForOneRow) {
  EXPECT_THAT(*Read({.pointer = "/data", .columns = {{"x", "/x"}, {"all", "/empty~0name"}}},
                    R"({"data": {"x": 1, "empty~name": 2}})"),
              ElementsAre("int 1", "int 2"));
}

TEST(RestRows, JoinsTheElementsOfAList) {
  const RowsText text{
      .columns = {{"files", "/files", true, "/name", ", "}, {"tags", "/tags", true}}};
  EXPECT_THAT(*Read(text, R"([
      {"files": [{"name": "a.jpg"}, {"name": null}, {"name": "b.jpg"}, {}], "tags": ["x", 2, 1.5]},
      {"files": [], "tags": null},
      {"tags": ["y"]}])"),
              ElementsAre("text a.jpg, b.jpg", "text x\n2\n1.5", "null", "null", "null", "text y"));
  EXPECT_THAT(Read(text, R"([{"tags": "Budi"}])"),
              StatusIs(Code::kDataLoss, AllOf(HasSubstr("'tags'"), Not(HasSubstr("Budi")))));
  EXPECT_THAT(
      Read(text, R"([{"tags": [["Budi"]]}])"),
      StatusIs(Code::kDataLoss, HasSubstr("an array of another kind in the column 'tags'")));
  const std::string half(kMaxText / 2 + 1, 'x');
  EXPECT_THAT(*Read(text, "[{\"tags\": [\"" + half + "\", \"" + half + "\"]}]"),
              ElementsAre("null", "too long"));
}

TEST(RestRows, AppendsAndErasesRows) {
  auto shape = RowShape::Parse({.columns = {{"x", "/x"}, {"l", "/l", true}}});
  ASSERT_THAT(shape, IsOk());
  Rows all;
  for (const char* json :
       {R"([{"x": "a", "l": ["b"]}, {"x": "c", "l": ["d"]}])", R"([{"x": "e", "l": ["f"]}])"}) {
    auto rows = shape->Read(*Document::Parse(json));
    ASSERT_THAT(rows, IsOk());
    all.Append(*std::move(rows));
  }
  all.Erase(0, 1);
  const Batch batch = all.batch(shape->columns());
  ASSERT_EQ(batch.rows, 2u);
  EXPECT_EQ(batch.row(0)[0].text, "c");
  EXPECT_EQ(batch.row(0)[1].text, "d");
  EXPECT_EQ(batch.row(1)[1].text, "f");
}

TEST(RestRows, SaysWhatIsWrongInTheMapping) {
  const auto wrong = [](const RowsText& text, const char* words) {
    EXPECT_THAT(RowShape::Parse(text), StatusIs(Code::kInvalidArgument, HasSubstr(words)));
  };
  wrong({}, "columns: expected at least one");
  wrong({.pointer = "data", .columns = {{"x", "/x"}}}, "rows: expected a JSON pointer");
  wrong({.pointer = "/a~2", .columns = {{"x", "/x"}}}, "rows: expected a JSON pointer");
  wrong({.columns = {{"x", "x"}}}, "columns.x: expected a JSON pointer");
  wrong({.columns = {{"x", "/x", true, "y"}}}, "columns.x.each: expected a JSON pointer");
  wrong({.columns = {{"x", "/x", false, "/y"}}}, "columns.x.each: expected only where");
  wrong({.columns = {{"", "/x"}}}, "a name for each");
  wrong({.columns = {{"x", "/x"}, {"x", "/y"}}}, "once: 'x'");
}

TEST(RestDocument, RefusesWhatIsNoStrictJson) {
  for (const char* json :
       {"", " ", "{", "[1,]", "{'a': 1}", "{a: 1}", "[1] 2", "[01]", "nul", "\"a", "[\"\t\"]",
        "// x\n1", "[1e999]", "\"\xFF\"", "{\"a\": 1, \"b\": 2, \"\\u0061\": 3}"}) {
    EXPECT_THAT(Document::Parse(json), StatusIs(Code::kDataLoss)) << json;
  }
}

TEST(RestDocument, TakesNoMoreValuesThanItsLimit) {
  std::string json = "[0";
  for (int i = 2; i < Document::kMaxValues; ++i) json += ",0";
  EXPECT_THAT(Document::Parse(json + "]"), IsOk());
  EXPECT_THAT(Document::Parse(json + ",0]"), StatusIs(Code::kResourceExhausted));
  EXPECT_THAT(Document::Parse(json + ",[]]"), StatusIs(Code::kResourceExhausted));
}

TEST(RestDocument, TakesNestingUpToItsLimit) {
  const auto nested = [](int depth) {
    const auto count = static_cast<size_t>(depth);
    return std::string(count, '[') + std::string(count, ']');
  };
  EXPECT_THAT(Document::Parse(nested(Document::kMaxDepth)), IsOk());
  EXPECT_THAT(Document::Parse(nested(Document::kMaxDepth + 1)), StatusIs(Code::kDataLoss));
}

}  // namespace
}  // namespace simpul::sources::rest
