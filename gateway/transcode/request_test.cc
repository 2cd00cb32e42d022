#include "gateway/transcode/request.h"

#include <string>

#include "bus/testing/status_matchers.h"
#include "gateway/transcode/testdata/library.pb.h"
#include "gateway/transcode/testdata/test_contract.h"
#include "gmock/gmock.h"

namespace simpul::transcode {
namespace {

using ::simpul::testing::IsOk;
using ::simpul::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

absl::StatusOr<std::string> Build(std::string_view verb, std::string_view path,
                                  std::string_view query, std::string_view body = "",
                                  const JsonToWireLimits& limits = {}) {
  static const auto router = [] {
    RestRouter::Builder builder;
    for (const Service& service : TestContract()->services()) {
      for (const Method& method : service.methods) {
        EXPECT_THAT(builder.Add(TestContract(), method), IsOk());
      }
    }
    return std::move(builder).Build();
  }();
  Match match;
  if (router->Find(verb, path, match) != RouteResult::kFound) return absl::NotFoundError("");
  Buffer text;
  text.Append(body);
  Buffer out;
  out.Append("before");
  absl::Status status = BuildRequest(match, query, text.Padded(), out, limits);
  if (!status.ok()) {
    EXPECT_EQ(out.view(), "before");
    return status;
  }
  return std::string(out.view().substr(6));
}

template <class T>
T Read(std::string_view verb, std::string_view path, std::string_view query,
       std::string_view body = "") {
  T message;
  auto wire = Build(verb, path, query, body);
  EXPECT_THAT(wire, IsOk());
  EXPECT_TRUE(wire.ok() && message.ParseFromString(*wire));
  return message;
}

TEST(Request, DecodesOneSegmentWholeAndKeepsSlashesOfSeveral) {
  EXPECT_EQ(Read<test::GetBookRequest>("GET", "/v1/books/a%2Fb%20c%C3%A9", "").name(), "a/b cé");
  EXPECT_EQ(Read<test::GetBookRequest>("GET", "/v1/shelves/a%2fb/books/%41%2F", "").name(),
            "shelves/a%2fb/books/A%2F");
  EXPECT_EQ(Read<test::GetFileRequest>("GET", "/v1/files/a%20b/c%2Fd+e", "").path(), "a b/c%2Fd+e");
  EXPECT_THAT(Build("GET", "/v1/books/%ff", ""), StatusIs(kInvalid, "name: not UTF-8"));
}

TEST(Request, TakesEveryKindOfQueryParameter) {
  auto m = Read<test::ListBooksRequest>(
      "GET", "/v1/shelves/1/books",
      "page_size=10&tags=a&tags=b+c%26&pages=1&pages=2&genre=POEMS&available=true"
      "&publishedAfter=2026-01-31T00:00:00Z&loan=1.5s&readMask=displayName,x&year=0"
      "&author.name=x&author.mentor.name=y&cursor=-_8&weight=1e3&&orderBy=");
  EXPECT_EQ(m.parent(), "shelves/1");
  EXPECT_EQ(m.page_size(), 10);
  EXPECT_THAT(m.tags(), ElementsAre("a", "b c&"));
  EXPECT_THAT(m.pages(), ElementsAre(1, 2));
  EXPECT_EQ(m.genre(), test::POEMS);
  EXPECT_TRUE(m.available());
  EXPECT_EQ(m.published_after().seconds(), 1769817600);
  EXPECT_EQ(m.loan().nanos(), 500000000);
  EXPECT_THAT(m.read_mask().paths(), ElementsAre("display_name", "x"));
  EXPECT_TRUE(m.has_year());
  EXPECT_EQ(m.author().name(), "x");
  EXPECT_EQ(m.author().mentor().name(), "y");
  EXPECT_EQ(m.cursor(), "\xfb\xff");
  EXPECT_EQ(m.weight(), 1000);
  EXPECT_EQ(m.order_case(), test::ListBooksRequest::kOrderBy);
  EXPECT_EQ(Read<test::ListBooksRequest>("GET", "/v1/shelves/1/books", "genre=2").genre(),
            test::POEMS);
}

TEST(Request, RefusesQueriesThatDoNotFit) {
  const char* const kRefused[] = {"nope=1",
                                  "=1",
                                  "author=1",
                                  "author.nope=1",
                                  "author.name.x=1",
                                  "labels.a=1",
                                  "labels=1",
                                  "authors.name=x",
                                  "authors=x",
                                  "page_size=1&page_size=1",
                                  "page_size=1&pageSize=2",
                                  "author.name=a&author.name=b",
                                  "order_by=a&shuffled=true",
                                  "parent=shelves/2",
                                  "parent=shelves/1",
                                  "page_size=",
                                  "page_size=x",
                                  "page_size=1.5",
                                  "page_size=2147483648",
                                  "pages=1&pages=x",
                                  "genre=NOPE",
                                  "genre=",
                                  "available=1",
                                  "available=TRUE",
                                  "available",
                                  "published_after=yesterday",
                                  "loan=5",
                                  "year=x",
                                  "cursor=*",
                                  "weight=1,5",
                                  "page_size=%",
                                  "tags=%ff",
                                  "page%ff=1",
                                  "author..name=x",
                                  ".author=x",
                                  "author.=x",
                                  "tags[]=1"};
  for (const char* query : kRefused) {
    EXPECT_THAT(Build("GET", "/v1/shelves/1/books", query), StatusIs(kInvalid)) << query;
  }
}

TEST(Request, ErrorsNameTheFieldAndNeverTheValue) {
  EXPECT_THAT(Build("GET", "/v1/shelves/1/books", "pageSize=secret"),
              StatusIs(kInvalid, AllOf(HasSubstr("page_size"), Not(HasSubstr("secret")))));
  EXPECT_THAT(Build("GET", "/v1/shelves/1/books", "pageSize=1&page-sise=secret"),
              StatusIs(kInvalid, AllOf(HasSubstr("\"page-sise\""), Not(HasSubstr("secret")))));
  // What could be no field's name may be a value.
  for (const std::string& name :
       {std::string("3672010101010001"), std::string("siti%20rahayu"), std::string(65, 'x')}) {
    EXPECT_THAT(Build("GET", "/v1/shelves/1/books", "pageSize=1&" + name + "=1"),
                StatusIs(kInvalid, AllOf(HasSubstr("parameter 2"), Not(HasSubstr(name)))));
  }
}

TEST(Request, PutsTheBodyIntoItsField) {
  auto m = Read<test::CreateBookRequest>("POST", "/v1/shelves/1/books", "book_id=7",
                                         "{\"title\":\"a\"}");
  EXPECT_EQ(m.parent(), "shelves/1");
  EXPECT_EQ(m.book().title(), "a");
  EXPECT_EQ(m.book_id(), "7");
  EXPECT_FALSE(Read<test::CreateBookRequest>("POST", "/v1/shelves/1/books", "").has_book());
  EXPECT_THAT(Build("POST", "/v1/shelves/1/books", "", "{\"pages\":\"x\"}"),
              StatusIs(kInvalid, HasSubstr("book.pages")));
  EXPECT_THAT(Build("POST", "/v1/shelves/1/books", "book.title=x", "{}"),
              StatusIs(kInvalid, HasSubstr("belongs in the body")));
}

TEST(Request, ABodyMaySayWhatThePathSaysButNothingElse) {
  const char* path = "/v1/shelves/1/books/2";
  auto m = Read<test::UpdateBookRequest>("PATCH", path, "updateMask=title",
                                         "{\"title\":\"a\",\"name\":\"shelves/1/books/2\"}");
  EXPECT_EQ(m.book().name(), "shelves/1/books/2");
  EXPECT_EQ(m.book().title(), "a");
  EXPECT_EQ(Read<test::UpdateBookRequest>("PATCH", path, "", "{\"title\":\"a\"}").book().name(),
            "shelves/1/books/2");
  EXPECT_THAT(Build("PATCH", path, "", "{\"name\":\"shelves/1/books/3\"}"),
              StatusIs(kInvalid, HasSubstr("book.name: given in the path and, differently")));
}

TEST(Request, TakesTheWholeBody) {
  auto m = Read<test::LendBookRequest>("POST", "/v1/shelves/1/books/2:lend", "",
                                       "{\"reader\":\"r\",\"days\":3}");
  EXPECT_EQ(m.name(), "shelves/1/books/2");
  EXPECT_EQ(m.reader(), "r");
  EXPECT_EQ(Read<test::LendBookRequest>("POST", "/v1/shelves/1/books/2:lend", "").name(),
            "shelves/1/books/2");
  EXPECT_THAT(Build("POST", "/v1/shelves/1/books/2:lend", "", "{\"name\":\"x\"}"),
              StatusIs(kInvalid, HasSubstr("name: given in the path")));
  EXPECT_THAT(Build("POST", "/v1/shelves/1/books/2:lend", "days=3", "{}"),
              StatusIs(kInvalid, HasSubstr("days: belongs in the body")));
}

TEST(Request, RefusesABodyWhereNoneBelongs) {
  EXPECT_THAT(Build("GET", "/v1/books/1", "", "{}"), StatusIs(kInvalid, HasSubstr("body")));
}

TEST(Request, LimitsTheMessage) {
  EXPECT_THAT(Build("GET", "/v1/books/12345678901234567890", "", "", {.max_output = 10}),
              StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST(Request, RefusesFieldPathsWithoutEnd) {
  std::string name = "author";
  for (int i = 0; i < 100; ++i) name += ".mentor";
  EXPECT_THAT(Build("GET", "/v1/shelves/1/books", name + ".name=x"), StatusIs(kInvalid));
}

}  // namespace
}  // namespace simpul::transcode
