// What a write says of itself: done, surely not done, or not known.
#include <atomic>

#include "absl/strings/str_format.h"
#include "adapters/sources/rest/source.h"
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

constexpr char kSecret[] = "rahasia-sekali";
constexpr char kCitizen[] = "Budi Santoso";

absl::Time Soon() { return absl::Now() + absl::Seconds(20); }

std::unique_ptr<Source> Open(const std::string& url) {
  auto source = Source::Create({.base_url = url, .auth = Auth::Bearer(kSecret)},
                               {.timeout = absl::Milliseconds(300), .answer_bytes = 1 << 20});
  EXPECT_THAT(source, IsOk());
  return *std::move(source);
}

Command Update() {
  auto command = Command::Parse(
      {.request = {.method = "PUT", .path = "/items/{key}", .body = R"({"note": "{note}"})"},
       .rows = {.columns = {{"id", "/id"}}}});
  EXPECT_THAT(command, IsOk());
  return *std::move(command);
}

absl::Status WriteItem(Source& source, std::string* id = nullptr) {
  static const Command command = Update();
  return source.Write(command, {.values = {{"key", int64_t{7}}, {"note", std::string(kCitizen)}}},
                      "\"v1\"", Soon(), [&](const Batch& batch) {
                        if (id != nullptr) *id = batch.row(0)[0].text;
                        return absl::OkStatus();
                      });
}

struct Outcome {
  const char* name;
  Reply reply;
  Code code;
  const char* words;
};

const Outcome kOutcomes[] = {
    // Not known.
    {"NoAnswer", {"", Then::kHang}, Code::kUnknown, "did not answer in time"},
    {"SlowAnswer",
     {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", Then::kHang},
     Code::kUnknown,
     "did not answer in time"},
    {"HangsUp", {"", Then::kClose}, Code::kUnknown, "broke off"},
    {"Resets", {"", Then::kReset}, Code::kUnknown, "broke off"},
    {"ServerError", Answer(500, kCitizen), Code::kUnknown, "answered 500"},
    {"BadGateway", Answer(502, ""), Code::kUnknown, "answered 502"},
    {"Overloaded", Answer(503, ""), Code::kUnknown, "answered 503"},
    {"GatewayTimeout", Answer(504, ""), Code::kUnknown, "answered 504"},
    {"Redirect", Answer(303, "", "Location: /x\r\n"), Code::kUnknown, "answered 303"},
    {"Page", Answer(200, "<html>Budi Santoso"), Code::kUnknown, "a page for people"},
    {"NoJson", Json("Budi Santoso"), Code::kUnknown, "is not JSON"},
    {"NoId", Json("[7]"), Code::kUnknown, "no object"},
    {"TenMegabytes", Json("[\"" + std::string(10 << 20, 'x') + "\"]"), Code::kUnknown,
     "limits.answer_bytes"},
    {"NoHttp", {"SSH-2.0-OpenSSH_9.2\r\n", Then::kClose}, Code::kUnknown, "does not speak HTTP"},
    // Surely not done.
    {"Changed", Answer(412, "{}"), Code::kAborted, "answered 412: the item has changed"},
    {"ChangedAndBrokenOff",
     {"HTTP/1.1 412 No\r\nContent-Length: 9\r\n\r\n", Then::kClose},
     Code::kAborted,
     "answered 412"},
    {"Conflict", Answer(409, "{}"), Code::kAborted, "answered 409: the item has changed"},
    {"Gone", Answer(404, "{}"), Code::kNotFound, "no such item"},
    {"BadValues", Answer(400, kCitizen), Code::kInvalidArgument, "does not take these values"},
    {"BadEntity", Answer(422, "{}"), Code::kInvalidArgument, "does not take these values"},
    {"Expired", Answer(401, "{}"), Code::kFailedPrecondition, "answered 401"},
    {"Forbidden", Answer(403, "{}"), Code::kFailedPrecondition, "answered 403"},
    {"NoMethod", Answer(405, "{}"), Code::kFailedPrecondition, "answered 405"},
    {"WantsAnEtag", Answer(428, "{}"), Code::kFailedPrecondition, "answered 428"},
    {"TooOften", Answer(429, "{}"), Code::kResourceExhausted, "answered 429"},
    {"RequestTimeout", Answer(408, "{}"), Code::kUnavailable, "answered 408"},
};

class WriteOutcome : public ::testing::TestWithParam<Outcome> {};

TEST_P(WriteOutcome, IsToldApartAndAskedForOnce) {
  std::atomic<bool> is_good{false};
  HostileServer server([&](const SeenRequest& request) {
    return is_good || request.method() == "GET" ? Json(R"({"id": "7"})") : GetParam().reply;
  });
  auto source = Open(server.url());
  const absl::Status status = WriteItem(*source);
  EXPECT_THAT(status,
              StatusIs(GetParam().code, AllOf(HasSubstr(GetParam().words),
                                              HasSubstr(server.url() + " (PUT /items/{key})"))));
  EXPECT_EQ(GetParam().code == Code::kUnknown,
            std::string(status.message()).find("look before you ask again") != std::string::npos);
  for (const char* unsaid : {kSecret, kCitizen}) {
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr(unsaid)));
  }
  EXPECT_EQ(server.requests().size(), 1u);
  is_good = true;
  std::string id;
  EXPECT_THAT(WriteItem(*source, &id), IsOk());
  EXPECT_EQ(id, "7");
}

INSTANTIATE_TEST_SUITE_P(Each, WriteOutcome, ::testing::ValuesIn(kOutcomes),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(RestWrite, SendsTheConditionAndTheBody) {
  HostileServer server([](const SeenRequest&) { return Json(R"({"id": "7"})"); });
  ASSERT_THAT(WriteItem(*Open(server.url())), IsOk());
  const SeenRequest request = server.requests().at(0);
  EXPECT_EQ(request.method(), "PUT");
  EXPECT_EQ(request.target(), "/lapor/items/7");
  EXPECT_EQ(request.Header("If-Match"), "\"v1\"");
  EXPECT_EQ(request.Header("Content-Type"), "application/json");
  EXPECT_EQ(request.body, R"({"note":"Budi Santoso"})");
}

// libcurl repeats any request on which a kept connection dies, be it a write.
TEST(RestWrite, IsNotRepeatedWhenTheConnectionDies) {
  HostileServer server([](const SeenRequest& request) {
    return request.method() == "GET" ? Json(R"({"id": "7"})") : Reply{"", Then::kClose};
  });
  auto source = Open(server.url());
  auto query = Query::Parse({.request = {.path = "/items"}, .rows = {.columns = {{"id", "/id"}}}});
  ASSERT_THAT(query, IsOk());
  const auto ignore = [](const Batch&) { return absl::OkStatus(); };
  ASSERT_THAT(source->Read(*query, {}, Soon(), ignore), IsOk());
  EXPECT_THAT(WriteItem(*source), StatusIs(Code::kUnknown));
  EXPECT_EQ(server.requests().size(), 2u);
}

TEST(RestWrite, IsSurelyNotDoneWhereNobodyTookIt) {
  std::string url;
  int port = 0;
  auto server =
      std::make_unique<HostileServer>([](const SeenRequest&) { return Json(R"({"id": "7"})"); });
  url = server->url();
  port = server->port();
  auto source = Open(url);
  ASSERT_THAT(WriteItem(*source), IsOk());  // so that the source has a connection
  // A TLS greeting that nobody answers: connected, not a byte of the request sent.
  EXPECT_THAT(WriteItem(*Open(absl::StrFormat("https://127.0.0.1:%d", port))),
              StatusIs(Code::kDeadlineExceeded));
  server.reset();
  EXPECT_THAT(WriteItem(*source), StatusIs(Code::kUnavailable, HasSubstr("takes no connections")));
  EXPECT_THAT(WriteItem(*Open("http://" + std::string(64, 'x') + ".invalid")),
              StatusIs(Code::kUnavailable, HasSubstr("does not resolve")));
}

TEST(RestWrite, DoesNotLookAtAnAnswerThatNobodyWants) {
  auto command = Command::Parse({.request = {.method = "DELETE", .path = "/items/{key}"}});
  ASSERT_THAT(command, IsOk());
  for (const Reply& reply : {Reply{"HTTP/1.1 204 No Content\r\n\r\n"}, Answer(200, "deleted")}) {
    HostileServer server([&](const SeenRequest&) { return reply; });
    EXPECT_THAT(Open(server.url())
                    ->Write(*command, {.values = {{"key", int64_t{7}}}}, "", Soon(),
                            [](const Batch&) { return absl::InternalError("asked"); }),
                IsOk());
    EXPECT_EQ(server.requests().at(0).Header("If-Match"), "");
    EXPECT_EQ(server.requests().at(0).Header("Content-Type"), "");
  }
}

TEST(RestWrite, RefusesAnEtagThatBreaksTheHeader) {
  HostileServer server([](const SeenRequest&) { return Json("{}"); });
  EXPECT_THAT(
      Open(server.url())
          ->Write(Update(), {.values = {{"key", int64_t{7}}, {"note", std::string("x")}}},
                  "\"v\"\r\nX-Admin: 1", Soon(), [](const Batch&) { return absl::OkStatus(); }),
      StatusIs(Code::kInvalidArgument, HasSubstr("etag")));
  EXPECT_EQ(server.requests().size(), 0u);
}

}  // namespace
}  // namespace simpul::sources::rest
