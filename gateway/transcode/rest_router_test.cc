#include "gateway/transcode/rest_router.h"

#include <memory>
#include <string>

#include "bus/testing/status_matchers.h"
#include "gateway/transcode/path_template.h"
#include "gateway/transcode/testdata/test_contract.h"
#include "gmock/gmock.h"

namespace simpul::transcode {
namespace {

using ::simpul::testing::IsOk;
using ::simpul::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::shared_ptr<const RestRouter> Library() {
  RestRouter::Builder builder;
  for (const Service& service : TestContract()->services()) {
    for (const Method& method : service.methods) {
      EXPECT_THAT(builder.Add(TestContract(), method), IsOk());
    }
  }
  return std::move(builder).Build();
}

// "GetBook name=shelves/1/books/2", or the result's name.
std::string Look(const RestRouter& router, std::string_view verb, std::string_view path) {
  Match match;
  switch (router.Find(verb, path, match)) {
    case RouteResult::kNotFound:
      return "not found";
    case RouteResult::kWrongVerb:
      return "wrong verb";
    case RouteResult::kBadPath:
      return "bad path";
    case RouteResult::kFound:
      break;
  }
  std::string text = match.route->method->name;
  for (size_t i = 0; i < match.route->variables.size(); ++i) {
    text += ' ';
    for (const FieldPlan* field : match.route->variables[i].field) text += field->name + ".";
    text.back() = '=';
    text += match.values[i];
  }
  return text;
}

// A method whose request is GetBookRequest, with rules of the test's own.
Method Made(const char* name, std::vector<HttpRule> rules) {
  Method method;
  method.service = "a.S";
  method.name = name;
  method.path = std::string("/a.S/") + name;
  method.request = &TestPlan("ListBooksRequest");
  method.response = &TestPlan("Book");
  method.rules = std::move(rules);
  return method;
}

TEST(RestRouter, FindsTheMethodAndItsVariables) {
  auto router = Library();
  EXPECT_EQ(Look(*router, "GET", "/v1/shelves/1/books/2"), "GetBook name=shelves/1/books/2");
  EXPECT_EQ(Look(*router, "DELETE", "/v1/shelves/1/books/2"), "DeleteBook name=shelves/1/books/2");
  EXPECT_EQ(Look(*router, "PATCH", "/v1/shelves/1/books/2"),
            "UpdateBook book.name=shelves/1/books/2");
  EXPECT_EQ(Look(*router, "GET", "/v1/shelves/1/books"), "ListBooks parent=shelves/1");
  EXPECT_EQ(Look(*router, "POST", "/v1/shelves/1/books"), "CreateBook parent=shelves/1");
  EXPECT_EQ(Look(*router, "GET", "/v1/books/a%2Fb"), "GetBook name=a%2Fb");
}

TEST(RestRouter, ALiteralGoesBeforeAVariableAndAVariableBeforeTheRest) {
  auto router = Library();
  EXPECT_EQ(Look(*router, "GET", "/v1/books/special"), "GetSpecial");
  EXPECT_EQ(Look(*router, "GET", "/v1/books/%73pecial"), "GetSpecial");
  EXPECT_EQ(Look(*router, "GET", "/v1/books/specials"), "GetBook name=specials");
  Method rest = Made("Rest", {{"GET", "/x/**"}});
  Method one = Made("One", {{"GET", "/x/*/b"}});
  Method literal = Made("Literal", {{"POST", "/x/a/b"}, {"GET", "/x/a/c"}});
  RestRouter::Builder builder;
  for (const Method* method : {&rest, &one, &literal}) {
    ASSERT_THAT(builder.Add(TestContract(), *method), IsOk());
  }
  auto made = std::move(builder).Build();
  EXPECT_EQ(Look(*made, "GET", "/x/a/b"), "One");  // The literal one has no GET: walk back.
  EXPECT_EQ(Look(*made, "POST", "/x/a/b"), "Literal");
  EXPECT_EQ(Look(*made, "GET", "/x/a/d"), "Rest");
  EXPECT_EQ(Look(*made, "GET", "/x"), "Rest");
  EXPECT_EQ(made->Allow("/x/a/b"), "GET, POST");
}

TEST(RestRouter, TheRestMayBeEmptyOrMany) {
  auto router = Library();
  EXPECT_EQ(Look(*router, "GET", "/v1/files"), "GetFile path=");
  EXPECT_EQ(Look(*router, "GET", "/v1/files/a"), "GetFile path=a");
  EXPECT_EQ(Look(*router, "GET", "/v1/files/a/b%20c/d"), "GetFile path=a/b%20c/d");
  EXPECT_EQ(Look(*router, "HEAD", "/v1/files/a"), "GetFile path=a");
}

TEST(RestRouter, ACustomVerbGoesBeforeAColonInTheName) {
  auto router = Library();
  EXPECT_EQ(Look(*router, "POST", "/v1/shelves/1/books/2:lend"), "LendBook name=shelves/1/books/2");
  EXPECT_EQ(Look(*router, "GET", "/v1/shelves/1/books/2:lend"), "wrong verb");
  EXPECT_EQ(router->Allow("/v1/shelves/1/books/2:lend"), "POST");
  EXPECT_EQ(Look(*router, "GET", "/v1/shelves/1/books/2:other"),
            "GetBook name=shelves/1/books/2:other");
  EXPECT_EQ(Look(*router, "GET", "/v1/shelves/1/books/2%3Alend"),
            "GetBook name=shelves/1/books/2%3Alend");
  EXPECT_EQ(Look(*router, "GET", "/v1/files/a/b:head"), "GetFile path=a/b");
}

TEST(RestRouter, TellsAWrongVerbFromAnUnknownPath) {
  auto router = Library();
  EXPECT_EQ(Look(*router, "PUT", "/v1/shelves/1/books/2"), "wrong verb");
  EXPECT_EQ(router->Allow("/v1/shelves/1/books/2"), "DELETE, GET, PATCH");
  EXPECT_EQ(router->Allow("/v1/files/x"), "GET, HEAD");
  EXPECT_EQ(router->Allow("/v2"), "");
  for (const char* path : {"/", "/v1", "/v1/", "/v1/shelves", "/v1/shelves/1/books/", "/v1//books",
                           "/v1/shelves//books", "/v1/shelves/1/books/2/3", "/V1/books/special",
                           "/v1/files//a", "/v1/files/a/"}) {
    EXPECT_EQ(Look(*router, "GET", path), "not found") << path;
  }
  EXPECT_EQ(Look(*router, "GET", "/" + std::string(200, '/')), "not found");
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "/v1";
  EXPECT_EQ(Look(*router, "GET", deep), "not found");
  for (const char* path : {"", "v1", "/v1/books/%", "/v1/books/%2", "/v1/books/%zz"}) {
    EXPECT_EQ(Look(*router, "GET", path), "bad path") << path;
    EXPECT_EQ(router->Allow(path), "") << path;
  }
}

TEST(RestRouter, AConflictNamesBothMethodsAndAddsNothing) {
  Method first = Made("First", {{"GET", "/x/{parent=a/*}"}});
  Method second = Made("Second", {{"GET", "/y"}, {"GET", "/x/a/{order_by}"}});
  RestRouter::Builder builder;
  ASSERT_THAT(builder.Add(TestContract(), first), IsOk());
  EXPECT_THAT(builder.Add(TestContract(), second),
              StatusIs(absl::StatusCode::kAlreadyExists,
                       AllOf(HasSubstr("/a.S/First"), HasSubstr("/a.S/Second"))));
  Method twice = Made("Twice", {{"GET", "/z"}, {"GET", "/z"}});
  EXPECT_THAT(builder.Add(TestContract(), twice), StatusIs(absl::StatusCode::kAlreadyExists));
  Method third = Made("Third", {{"POST", "/x/a/{order_by}"}});
  ASSERT_THAT(builder.Add(TestContract(), third), IsOk());
  auto router = std::move(builder).Build();
  EXPECT_EQ(Look(*router, "GET", "/y"), "not found");
  EXPECT_EQ(Look(*router, "GET", "/z"), "not found");
  EXPECT_EQ(Look(*router, "GET", "/x/a/1"), "First parent=a/1");
  EXPECT_EQ(Look(*router, "POST", "/x/a/1"), "Third order_by=1");
  EXPECT_EQ(router->routes().size(), 2u);
}

TEST(RestRouter, RefusesTemplatesThatHttpProtoDoesNotAllow) {
  for (const char* path : {"",
                           "v1",
                           "/",
                           "/v1/",
                           "//v1",
                           "/v1/{name",
                           "/v1/{parent}}",
                           "/v1/{}",
                           "/v1/{parent=}",
                           "/v1/{parent=/a}",
                           "/v1/{1a}",
                           "/v1/{parent=**}/x",
                           "/v1/**/x",
                           "/v1/***",
                           "/v1/*a",
                           "/v1/{parent={order_by}}",
                           "/v1:",
                           "/v1:a:b",
                           "/v1?x",
                           "/v1/%zz",
                           "/v1/a b",
                           "/v1/{parent=**}/{order_by}",
                           "/v1/{nope}",
                           "/v1/{tags}",
                           "/v1/{author}",
                           "/v1/{labels}",
                           "/v1/{author.nope}",
                           "/v1/{tags.x}",
                           "/v1/{parent}/{parent}",
                           "/v1/{authors.name}"}) {
    Method method = Made("Do", {{"GET", path}});
    RestRouter::Builder builder;
    EXPECT_THAT(builder.Add(TestContract(), method),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("/a.S/Do")))
        << path;
  }
}

TEST(RestRouter, RefusesBodiesThatAreNoFields) {
  auto add = [](const HttpRule& rule) {
    Method method = Made("Do", {rule});
    RestRouter::Builder builder;
    return builder.Add(TestContract(), method);
  };
  EXPECT_THAT(add({"POST", "/x", "nope"}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(add({"POST", "/x", "", "nope"}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(add({"POST", "/x/{parent}", "parent"}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(add({"", "/x"}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(add({"POST", "/x/{author.name}", "author", "title"}), IsOk());
}

TEST(RestRouter, RefusesFieldPathsWithoutEnd) {
  std::string path = "/x/{author";
  for (int i = 0; i < 40; ++i) path += ".mentor";
  Method method = Made("Do", {{"GET", path + ".name}"}});
  RestRouter::Builder builder;
  EXPECT_THAT(builder.Add(TestContract(), method), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(PathTemplate, KnowsItsVerbAndSegments) {
  auto parsed = PathTemplate::Parse("/v1/{a.b=x/*/**}:do");
  ASSERT_THAT(parsed, IsOk());
  EXPECT_EQ(parsed->verb, "do");
  ASSERT_EQ(parsed->variables.size(), 1u);
  EXPECT_EQ(parsed->variables[0].field_path, "a.b");
  EXPECT_EQ(parsed->variables[0].first_segment, 1);
  EXPECT_EQ(parsed->variables[0].segment_count, 2);
  EXPECT_TRUE(parsed->variables[0].to_end);
}

}  // namespace
}  // namespace simpul::transcode
