// A legacy that misbehaves, one row for each way: the right status, the right words, nothing said
// that must not be, and the next answer read as if nothing had been.
#include "adapters/sources/rest/source.h"

#include <atomic>

#include "absl/strings/str_format.h"
#include "adapters/sources/rest/testing/hostile_server.h"
#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"

namespace simpul::sources::rest {
namespace {

using ::simpul::testing::IsOk;
using ::simpul::testing::StatusIs;
using ::testing::AllOf;
using testing::Answer;
using ::testing::HasSubstr;
using testing::HostileServer;
using testing::Json;
using ::testing::Not;
using testing::Reply;
using testing::SeenRequest;
using Code = absl::StatusCode;
using Then = Reply::Then;

// What may stand in an answer or a request, but in no error.
constexpr char kSecret[] = "rahasia-sekali";
constexpr char kCitizen[] = "Budi Santoso";
constexpr char kValue[] = "nilai-terikat";

const std::string kGood =
    absl::StrFormat(R"({"items": [{"id": "7", "title": "%s"}], "etag": "\"v1\""})", kCitizen);

absl::Time Soon() { return absl::Now() + absl::Seconds(20); }

Limits Quick() { return {.timeout = absl::Milliseconds(300), .answer_bytes = 1 << 20}; }

std::unique_ptr<Source> Open(const std::string& url, Limits limits = Quick(),
                             const std::string& ca_file = "") {
  auto source = Source::Create({.base_url = url,
                                .auth = Auth::Basic("simpul", kSecret),
                                .headers = {{"X-Requested-With", "simpul"}},
                                .ca_file = ca_file},
                               limits);
  EXPECT_THAT(source, IsOk());
  return *std::move(source);
}

Query Items() {
  auto query =
      Query::Parse({.request = {.path = "/items", .query = {{"filter", "{filter}"}}},
                    .rows = {.pointer = "/items", .columns = {{"id", "/id"}, {"title", "/title"}}},
                    .etag = "/etag"});
  EXPECT_THAT(query, IsOk());
  return *std::move(query);
}

absl::Status ReadItems(Source& source, std::string* title = nullptr, std::string* etag = nullptr) {
  static const Query query = Items();
  return source.Read(
      query, {.values = {{"filter", std::string(kValue)}}}, Soon(),
      [&](const Batch& batch) {
        if (title != nullptr && batch.rows == 1) *title = batch.row(0)[1].text;
        return absl::OkStatus();
      },
      etag);
}

struct Misbehaviour {
  const char* name;
  Reply reply;
  Code code;
  const char* words;
};

std::string Nested(int depth) {
  return "{\"items\": " + std::string(static_cast<size_t>(depth), '[') +
         std::string(static_cast<size_t>(depth), ']') + "}";
}

Reply Cut(const std::string& bytes, Then then) { return {bytes, then}; }

const Misbehaviour kMisbehaviours[] = {
    {"Silent", Cut("", Then::kHang), Code::kDeadlineExceeded, "did not answer in time"},
    {"SlowBody", Cut("HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{", Then::kHang),
     Code::kDeadlineExceeded, "did not answer in time"},
    {"HangsUp", Cut("", Then::kClose), Code::kUnavailable, "broke off"},
    {"Resets", Cut("", Then::kReset), Code::kUnavailable, "broke off"},
    {"TruncatedBody", Cut("HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n" + kGood, Then::kClose),
     Code::kUnavailable, "broke off"},
    {"TruncatedChunk",
     Cut("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n{\"items\":", Then::kClose),
     Code::kUnavailable, "broke off"},
    {"TruncatedJson", Json(kGood.substr(0, 30)), Code::kDataLoss, "is not JSON"},
    {"NoHttp", Cut("SSH-2.0-OpenSSH_9.2\r\n", Then::kClose), Code::kDataLoss, "not speak HTTP"},
    {"EndlessHeader", Cut("HTTP/1.1 200 OK\r\nX-A: " + std::string(200'000, 'a'), Then::kHang),
     Code::kUnavailable, "could not be asked"},
    {"ServerError", Answer(500, kCitizen), Code::kUnavailable, "answered 500"},
    {"BadGateway", Answer(502, "<html>"), Code::kUnavailable, "answered 502"},
    {"Maintenance", Answer(503, "<html>"), Code::kUnavailable, "being maintained"},
    {"Html", Answer(200, "\n <!DOCTYPE html><p>Budi Santoso", "Content-Type: text/html\r\n"),
     Code::kFailedPrecondition, "a page for people"},
    {"HtmlThatSaysItIsJson", Json("\xEF\xBB\xBF<html>"), Code::kFailedPrecondition,
     "a page for people"},
    {"PlainText", Answer(200, "Budi Santoso"), Code::kDataLoss, "is not JSON"},
    {"Empty", Json(""), Code::kDataLoss, "is not JSON"},
    {"NoContent", {"HTTP/1.1 204 No Content\r\n\r\n"}, Code::kDataLoss, "is not JSON"},
    {"NotModified", {"HTTP/1.1 304 Not Modified\r\n\r\n"}, Code::kFailedPrecondition, "304"},
    {"Expired", Answer(401, "{}"), Code::kFailedPrecondition, "answered 401; it does not know our"},
    {"Forbidden", Answer(403, "{}"), Code::kFailedPrecondition, "answered 403; our credential has"},
    {"NoSuchAddress", Answer(404, "{}"), Code::kFailedPrecondition, "no such address"},
    {"RefusesTheRequest", Answer(400, "{}"), Code::kFailedPrecondition, "does not take this"},
    {"TooOften", Answer(429, "{}"), Code::kResourceExhausted, "asked too often"},
    {"TenMegabytes", Json("[\"" + std::string(10 << 20, 'x') + "\"]"), Code::kResourceExhausted,
     "limits.answer_bytes"},
    {"EndlessBody",
     {"HTTP/1.1 200 OK\r\n\r\n" + std::string(100'000, ' '), Then::kRepeat},
     Code::kResourceExhausted,
     "limits.answer_bytes"},
    {"ExpiredAndBrokenOff", Cut("HTTP/1.1 401 No\r\nContent-Length: 9\r\n\r\n", Then::kClose),
     Code::kFailedPrecondition, "answered 401"},
    {"NoUtf8", Json("{\"items\": [{\"id\": \"\xC3\x28\"}]}"), Code::kDataLoss, "is not UTF-8"},
    {"LoneSurrogate", Json(R"({"items": [{"id": "\ud800"}]})"), Code::kDataLoss, "is not JSON"},
    {"NestedTooDeep", Json(Nested(100'000)), Code::kDataLoss, "nested too deep"},
    {"KeyTwice", Json(R"({"items": [{"id": 1, "title": "Budi Santoso", "id": 2}]})"),
     Code::kDataLoss, "has a key twice"},
    {"NumberOutOfRange", Json(R"({"items": [{"id": 1e999}]})"), Code::kDataLoss, "out of range"},
    {"NoNumber", Json(R"({"items": [{"id": NaN}]})"), Code::kDataLoss, "is not JSON"},
    {"RowsGone", Json(R"({"tickets": []})"), Code::kFailedPrecondition, "nothing at /items"},
    {"RowsAreText", Json(R"({"items": "Budi Santoso"})"), Code::kDataLoss, "neither an array"},
    {"RowIsNumber", Json(R"({"items": [7]})"), Code::kDataLoss, "a row at /items that is no"},
    {"ColumnIsObject", Json(R"({"items": [{"id": 1, "title": {"text": "Budi Santoso"}}]})"),
     Code::kDataLoss, "an object in the column 'title'"},
    {"ColumnIsArray", Json(R"({"items": [{"id": 1, "title": ["Budi Santoso"]}]})"), Code::kDataLoss,
     "an array in the column 'title'"},
    {"RedirectLoop", Answer(302, "", "Location: /lapor/items?filter=nilai-terikat\r\n"),
     Code::kFailedPrecondition, "in a circle"},
    {"RedirectElsewhere", Answer(302, "", "Location: http://localhost:1/Budi%20Santoso\r\n"),
     Code::kFailedPrecondition, "another host"},
    {"RedirectToAFile", Answer(302, "", "Location: file:///etc/passwd\r\n"),
     Code::kFailedPrecondition, "another host"},
};

class Misbehaving : public ::testing::TestWithParam<Misbehaviour> {};

TEST_P(Misbehaving, GetsTheRightStatusAndTheNextAnswerIsRead) {
  std::atomic<bool> is_good{false};
  HostileServer server(
      [&](const SeenRequest&) { return is_good ? Json(kGood) : GetParam().reply; });
  auto source = Open(server.url());
  const absl::Time begin = absl::Now();
  const absl::Status status = ReadItems(*source);
  EXPECT_LT(absl::Now() - begin, absl::Seconds(10));
  EXPECT_THAT(status, StatusIs(GetParam().code, AllOf(HasSubstr(GetParam().words),
                                                      HasSubstr(server.url() + " (GET /items)"))));
  for (const char* unsaid : {kSecret, kCitizen, kValue, "Budi%20", "passwd"}) {
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr(unsaid)));
  }
  is_good = true;
  std::string title;
  EXPECT_THAT(ReadItems(*source, &title), IsOk());
  EXPECT_EQ(title, kCitizen);
}

INSTANTIATE_TEST_SUITE_P(Each, Misbehaving, ::testing::ValuesIn(kMisbehaviours),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(RestSource, SaysThatNobodyIsThere) {
  int port = 0;
  {
    HostileServer server([](const SeenRequest&) { return Reply{}; });
    port = server.port();
  }
  const std::string url = absl::StrFormat("http://127.0.0.1:%d", port);
  EXPECT_THAT(ReadItems(*Open(url)),
              StatusIs(Code::kUnavailable, HasSubstr("takes no connections")));
  // No name server is asked for a name of which a part has more than 63 characters.
  const std::string nowhere = "http://" + std::string(64, 'x') + ".invalid";
  EXPECT_THAT(
      ReadItems(*Open(nowhere)),
      StatusIs(Code::kUnavailable, AllOf(HasSubstr("does not resolve"), HasSubstr(nowhere))));
}

TEST(RestSource, TrustsOnlyACertificateThatItShall) {
  HostileServer server([](const SeenRequest&) { return Json(kGood); },
                       HostileServer::Speaks::kHttps);
  const Limits limits{.timeout = absl::Seconds(5)};
  EXPECT_THAT(ReadItems(*Open(server.url(), limits)),
              StatusIs(Code::kFailedPrecondition, HasSubstr("certificate")));
  EXPECT_EQ(server.requests().size(), 0u);
  EXPECT_THAT(ReadItems(*Open(server.url(), limits, server.certificate())), IsOk());
  EXPECT_THAT(ReadItems(*Open(server.url(), limits, "/nowhere.pem")),
              StatusIs(Code::kFailedPrecondition, HasSubstr("certificate")));
}

TEST(RestSource, SaysThatNoTlsIsSpoken) {
  HostileServer server([](const SeenRequest&) { return Reply{"HTTP/1.1 400 Bad\r\n\r\n"}; });
  HostileServer other([](const SeenRequest&) { return Reply{}; }, HostileServer::Speaks::kHttps);
  // A server of plain HTTP waits for a request line that a TLS greeting does not have.
  EXPECT_THAT(ReadItems(*Open(absl::StrFormat("https://127.0.0.1:%d", server.port()))),
              StatusIs(Code::kDeadlineExceeded));
  EXPECT_THAT(ReadItems(*Open(absl::StrFormat("http://127.0.0.1:%d", other.port()))),
              StatusIs(Code::kUnavailable));
}

TEST(RestSource, SendsCredentialAndHeadersAndKeepsTheConnection) {
  HostileServer server([](const SeenRequest&) { return Json(kGood); });
  auto source = Open(server.url());
  for (int i = 0; i < 3; ++i) ASSERT_THAT(ReadItems(*source), IsOk());
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 3u);
  for (const SeenRequest& request : requests) {
    EXPECT_EQ(request.connection, 1);
    EXPECT_EQ(request.target(), "/lapor/items?filter=nilai-terikat");
    EXPECT_EQ(request.Header("Authorization"), "Basic c2ltcHVsOnJhaGFzaWEtc2VrYWxp");
    EXPECT_EQ(request.Header("X-Requested-With"), "simpul");
  }
}

TEST(RestSource, SendsEveryKindOfCredential) {
  HostileServer server([](const SeenRequest&) { return Json(kGood); });
  for (const Auth& auth : {Auth::Bearer(kSecret), Auth::Header("AuthorizationSPLP", kSecret)}) {
    auto source = Source::Create({.base_url = server.url(), .auth = auth}, Quick());
    ASSERT_THAT(source, IsOk());
    ASSERT_THAT(ReadItems(**source), IsOk());
  }
  EXPECT_EQ(server.requests()[0].Header("Authorization"), "Bearer rahasia-sekali");
  EXPECT_EQ(server.requests()[1].Header("AuthorizationSPLP"), kSecret);
  EXPECT_EQ(server.requests()[1].Header("Authorization"), "");
}

TEST(RestSource, FollowsARedirectOnItsOwnHostOnly) {
  HostileServer elsewhere([](const SeenRequest&) { return Json(kGood); });
  HostileServer server([&](const SeenRequest& request) {
    return request.target() == "/lapor/new?a=b" ? Json(kGood)
           : request.target() == "/lapor/far?filter=nilai-terikat"
               ? Answer(307, "", "Location: " + elsewhere.url() + "/items\r\n")
               : Answer(301, "", "Location: new?a=b\r\n");
  });
  auto source = Open(server.url());
  EXPECT_THAT(ReadItems(*source), IsOk());
  EXPECT_NE(server.requests().back().Header("Authorization"), "");
  auto far = Open(server.url());
  auto query = Query::Parse({.request = {.path = "/far", .query = {{"filter", "{filter}"}}},
                             .rows = {.pointer = "/items", .columns = {{"id", "/id"}}}});
  ASSERT_THAT(query, IsOk());
  EXPECT_THAT(far->Read(*query, {.values = {{"filter", std::string(kValue)}}}, Soon(),
                        [](const Batch&) { return absl::OkStatus(); }),
              StatusIs(Code::kFailedPrecondition, HasSubstr("another host")));
  EXPECT_EQ(elsewhere.requests().size(), 0u);
}

TEST(RestSource, GivesAnItemsEtagFromTheHeaderOrTheAnswer) {
  std::atomic<bool> has_header{true};
  HostileServer server([&](const SeenRequest&) {
    return has_header ? Answer(200, kGood, "ETag: \"v2\"\r\n") : Json(kGood);
  });
  auto source = Open(server.url());
  std::string etag;
  ASSERT_THAT(ReadItems(*source, nullptr, &etag), IsOk());
  EXPECT_EQ(etag, "\"v2\"");
  has_header = false;
  ASSERT_THAT(ReadItems(*source, nullptr, &etag), IsOk());
  EXPECT_EQ(etag, "\"v1\"");
}

TEST(RestSource, SaysThatThereIsNoSuchItem) {
  HostileServer server([](const SeenRequest&) { return Answer(404, "{}"); });
  auto source = Open(server.url());
  auto item =
      Query::Parse({.request = {.path = "/items/{key}"}, .rows = {.columns = {{"id", "/id"}}}});
  ASSERT_THAT(item, IsOk());
  const auto status = source->Read(*item, {.values = {{"key", std::string(kValue)}}}, Soon(),
                                   [](const Batch&) { return absl::OkStatus(); });
  EXPECT_THAT(status, StatusIs(Code::kNotFound,
                               AllOf(HasSubstr("(GET /items/{key})"), Not(HasSubstr(kValue)))));
}

TEST(RestSource, LeavesAnApplicationAloneThatAsksForIt) {
  HostileServer server(
      [](const SeenRequest&) { return Answer(429, "{}", "Retry-After: 3600\r\n"); });
  auto source = Open(server.url());
  EXPECT_THAT(ReadItems(*source), StatusIs(Code::kResourceExhausted, HasSubstr("429")));
  EXPECT_THAT(ReadItems(*source), StatusIs(Code::kResourceExhausted, HasSubstr("left alone")));
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST(RestSource, HoldsItsBudgetOfConnections) {
  HostileServer server([](const SeenRequest&) { return Json(kGood); });
  auto source = Open(server.url(), {.concurrency = 1});
  auto lease = source->Acquire(Soon());
  ASSERT_THAT(lease, IsOk());
  EXPECT_THAT(source->Acquire(absl::Now() + absl::Milliseconds(20)).status(),
              StatusIs(Code::kResourceExhausted, HasSubstr("budget")));
}

TEST(RestSource, ReadsNoMoreRowsThanItsLimit) {
  HostileServer server(
      [](const SeenRequest&) { return Json(R"({"items": [{"id": 1}, {"id": 2}, {"id": 3}]})"); });
  EXPECT_THAT(ReadItems(*Open(server.url(), {.rows = 2})),
              StatusIs(Code::kResourceExhausted, HasSubstr("limits.rows")));
  EXPECT_THAT(ReadItems(*Open(server.url(), {.rows = 3})), IsOk());
}

TEST(RestSource, GivesWhatItsCallerSaysOfTheRows) {
  HostileServer server([](const SeenRequest&) { return Json(kGood); });
  auto source = Open(server.url());
  EXPECT_EQ(source->Read(Items(), {.values = {{"filter", std::string("x")}}}, Soon(),
                         [](const Batch&) { return absl::CancelledError("enough"); }),
            absl::CancelledError("enough"));
}

TEST(RestEndpoint, RefusesWhatItCannotUse) {
  const auto check = [](const Endpoint& endpoint) { return Source::Create(endpoint, {}).status(); };
  for (const char* url : {"", "tracker", "ftp://tracker/x", "http://", "file:///etc/passwd"}) {
    EXPECT_THAT(check({.base_url = url}), StatusIs(Code::kInvalidArgument, HasSubstr("base_url")));
  }
  for (const char* url : {"http://u:geheim@h/", "http://h/?token=geheim", "http://h/#geheim"}) {
    EXPECT_THAT(
        check({.base_url = url}),
        StatusIs(Code::kInvalidArgument, AllOf(HasSubstr("base_url"), Not(HasSubstr("geheim")))));
  }
  EXPECT_THAT(check({.base_url = "http://h", .auth = Auth::Bearer("geheim\r\nX: y")}),
              StatusIs(Code::kInvalidArgument, AllOf(HasSubstr("auth"), Not(HasSubstr("geheim")))));
  EXPECT_THAT(check({.base_url = "http://h", .headers = {{"X-A", "b\r\nc"}}}),
              StatusIs(Code::kInvalidArgument, HasSubstr("'X-A'")));
}

}  // namespace
}  // namespace simpul::sources::rest
