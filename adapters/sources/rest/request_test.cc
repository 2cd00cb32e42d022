#include "adapters/sources/rest/request.h"

#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"

namespace simpul::sources::rest {
namespace {

using ::simpul::testing::IsOk;
using ::simpul::testing::StatusIs;
using ::testing::HasSubstr;
using Code = absl::StatusCode;

Request Parse(const RequestText& text) {
  auto request = Request::Parse(text);
  EXPECT_THAT(request, IsOk());
  return *std::move(request);
}

TEST(RestRequest, EncodesAValueByWhereItStands) {
  const Request request = Parse({.method = "PUT",
                                 .path = "/rest/data/{kind}/{key}",
                                 .query = {{"@fields", "title,{extra}"}, {"q", "{text}"}},
                                 .body = R"({"data": {"note": "Kata {text}", "n": "{number}"}})"});
  const auto filled = request.Fill({.values = {{"kind", std::string("a/b?c#d")},
                                               {"key", int64_t{7}},
                                               {"extra", std::string("x&y=z")},
                                               {"text", std::string("\"kafé\"\n&+ %")},
                                               {"number", int64_t{-3}}}});
  ASSERT_THAT(filled, IsOk());
  EXPECT_EQ(filled->target,
            "/rest/data/a%2Fb%3Fc%23d/7?%40fields=title%2Cx%26y%3Dz"
            "&q=%22kaf%C3%A9%22%0A%26%2B%20%25");
  EXPECT_EQ(filled->body, R"({"data":{"note":"Kata \"kafé\"\n&+ %","n":-3}})");
}

TEST(RestRequest, KeepsTheTypeOfAValueThatIsAllOfAString) {
  const Request request = Parse(
      {.method = "POST", .path = "/x", .body = R"(["{a}", "{b}", "{c}", "{d}", 1.50, true])"});
  const auto filled = request.Fill({.values = {{"a", std::string("7")},
                                               {"b", int64_t{7}},
                                               {"c", std::monostate{}},
                                               {"d", TimeValue{1'000'000, false}}}});
  ASSERT_THAT(filled, IsOk());
  EXPECT_EQ(filled->body, R"(["7",7,null,"1970-01-01T00:00:01Z",1.5,true])");
}

TEST(RestRequest, LeavesAQueryParameterOutThatIsNull) {
  const Request request = Parse({.path = "/x", .query = {{"a", "{a}"}, {"b", "2"}}});
  EXPECT_EQ(request.Fill({.values = {{"a", std::monostate{}}}})->target, "/x?b=2");
  EXPECT_EQ(request.Fill({.values = {{"a", TimeValue{1'500'000, true}}}})->target,
            "/x?a=1970-01-01T00%3A00%3A01.5&b=2");
}

TEST(RestRequest, TakesDoubledBracesForBraces) {
  const Request request = Parse({.path = "/x", .query = {{"q", "{{{a}}}"}}});
  EXPECT_EQ(request.Fill({.values = {{"a", int64_t{1}}}})->target, "/x?q=%7B1%7D");
}

TEST(RestRequest, RefusesAValueThatWouldChangeThePath) {
  const Request request = Parse({.method = "DELETE", .path = "/tickets/{key}/notes"});
  for (const Value& value :
       {Value(std::string("")), Value(std::string(".")), Value(std::string("..")), Value()}) {
    EXPECT_THAT(request.Fill({.values = {{"key", value}}}),
                StatusIs(Code::kInvalidArgument, HasSubstr("'key'")));
  }
  EXPECT_EQ(request.Fill({.values = {{"key", std::string("../../users")}}})->target,
            "/tickets/..%2F..%2Fusers/notes");
}

TEST(RestRequest, NamesAParameterThatHasNoValue) {
  const Request request =
      Parse({.method = "POST", .path = "/{a}", .query = {{"q", "{b}"}}, .body = R"({"x": "{c}"})"});
  for (const char* name : {"a", "b", "c"}) EXPECT_TRUE(request.Has(name));
  EXPECT_FALSE(request.Has("q"));
  Bindings bindings;
  for (const char* name : {"a", "b", "c"}) {
    EXPECT_THAT(request.Fill(bindings),
                StatusIs(Code::kInvalidArgument, HasSubstr("'" + std::string(name) + "'")));
    bindings.values.emplace_back(name, int64_t{1});
  }
  EXPECT_THAT(request.Fill(bindings), IsOk());
}

struct Wrong {
  RequestText text;
  const char* words;
};

TEST(RestRequest, SaysWhatIsWrongInTheMapping) {
  const Wrong wrongs[] = {
      {{.method = "get", .path = "/x"}, "method: expected GET, POST"},
      {{.path = ""}, "path: expected a path from '/'"},
      {{.path = "x"}, "path: expected a path from '/'"},
      {{.path = "/x?y=1"}, "path: expected a path alone"},
      {{.path = "/a b"}, "path: expected no other characters"},
      {{.path = "/a%2"}, "path: expected no other characters"},
      {{.path = "/{key"}, "path: expected a name between braces"},
      {{.path = "/{}"}, "path: expected a name between braces"},
      {{.path = "/{a b}"}, "path: expected a name between braces"},
      {{.path = "/x}"}, "path: expected a name between braces"},
      {{.path = "/x", .query = {{"", "1"}}}, "query: expected a name"},
      {{.path = "/x", .query = {{"q", "{"}}}, "query.q: expected a name between braces"},
      {{.path = "/x", .body = "{}"}, "body: expected none, as the method is GET"},
      {{.method = "PUT", .path = "/x", .body = "{x}"}, "body: expected JSON"},
      {{.method = "PUT", .path = "/x", .body = R"(["{x"])"}, "body: expected a name between"},
  };
  for (const Wrong& wrong : wrongs) {
    EXPECT_THAT(Request::Parse(wrong.text),
                StatusIs(Code::kInvalidArgument, HasSubstr(wrong.words)));
  }
}

TEST(RestRequest, IsCalledByItsTemplateAlone) {
  EXPECT_EQ(Parse({.path = "/x/{key}", .query = {{"token", "geheim"}}}).label(), "GET /x/{key}");
}

}  // namespace
}  // namespace simpul::sources::rest
