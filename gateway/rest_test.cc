// REST through a real gateway, over HTTP/1.1 and HTTP/2, and what a hostile client meets.
#include <cstdio>
#include <string>

#include "absl/strings/str_format.h"
#include "gateway/testing/rest_fixture.h"
#include "gmock/gmock.h"
#include "nlohmann/json.hpp"

namespace simpul::gateway {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class RestTest : public RestFixture {};

TEST_F(RestTest, GetsOne) {
  Start();
  const std::string answer = Ask(Request("GET /v1/departments/x/hotspots/1"));
  ASSERT_EQ(StatusOf(answer), 200) << answer;
  EXPECT_THAT(answer, HasSubstr("content-type: application/json"));
  const auto json = nlohmann::json::parse(BodyOf(answer));
  EXPECT_EQ(json["name"], "departments/x/hotspots/1");
  EXPECT_EQ(json["displayName"], "a");
  EXPECT_EQ(json["description"], "dinkes/00000001/20");
}

TEST_F(RestTest, Lists) {
  Start();
  const std::string answer = Ask(Request("GET /v1/departments/x/hotspots?pageSize=300"));
  ASSERT_EQ(StatusOf(answer), 200) << answer;
  const auto json = nlohmann::json::parse(BodyOf(answer));
  EXPECT_EQ(json["hotspots"].size(), 300u);
  EXPECT_EQ(json["hotspots"][299]["name"], "departments/x/hotspots/299");
  EXPECT_EQ(json["hotspots"][1]["revision"], "1700000000000001");
}

TEST_F(RestTest, PostsABodyWholeOrInChunks) {
  Start();
  const std::string body = R"({"types":["a.B"],"namePrefix":"departments/x/"})";
  const std::string line = "POST /v1/subscriptions?subscription_id=mine";
  const std::string whole = Ask(Request(line, body));
  ASSERT_EQ(StatusOf(whole), 200) << whole;
  EXPECT_EQ(nlohmann::json::parse(BodyOf(whole))["name"], "subscriptions/mine");
  Wire wire(city_.gateway().address());
  wire.Send(Request(line, "", "content-type: application/json\r\ntransfer-encoding: chunked\r\n"));
  wire.Send("8\r\n" + body.substr(0, 8) + "\r\n");
  wire.Send(absl::StrFormat("%x\r\n%s\r\n0\r\n\r\n", body.size() - 8, body.substr(8)));
  const std::string chunked = wire.ReadAnswer();
  ASSERT_EQ(StatusOf(chunked), 200) << chunked;
  EXPECT_EQ(BodyOf(chunked), BodyOf(whole));
}

TEST_F(RestTest, KeepsTheConnectionAndAnswersInOrder) {
  Start();
  Wire wire(city_.gateway().address());
  std::string all;
  for (int i = 0; i < 50; ++i)
    all += Request(absl::StrFormat("GET /v1/departments/x/hotspots/%d", i));
  wire.Send(all);
  for (int i = 0; i < 50; ++i) {
    const std::string answer = wire.ReadAnswer();
    ASSERT_EQ(StatusOf(answer), 200) << answer;
    EXPECT_EQ(nlohmann::json::parse(BodyOf(answer))["name"],
              absl::StrFormat("departments/x/hotspots/%d", i));
  }
}

TEST_F(RestTest, TurnsAPartsErrorIntoGooglesShape) {
  Start();
  const std::string answer = Ask(Request("GET /v1/departments/x/hotspots/missing"));
  EXPECT_EQ(StatusOf(answer), 404);
  EXPECT_EQ(ErrorOf(answer)["code"], 404);
  EXPECT_EQ(ErrorOf(answer)["status"], "NOT_FOUND");
  EXPECT_EQ(ErrorOf(answer)["message"], "tidak ada 100% \"ünique\"");
  EXPECT_EQ(StatusOf(Ask(Request("GET /v1/hotspots?page_size=-1"))), 400);
}

TEST_F(RestTest, TellsNobodyWhatAPartSaysOfItsOwnFailure) {
  Start();
  const std::string answer = Ask(Request("GET /v1/departments/x/hotspots/internal"));
  EXPECT_EQ(StatusOf(answer), 500);
  EXPECT_THAT(answer, Not(HasSubstr("SELECT")));
  EXPECT_THAT(BodyOf(answer), HasSubstr("HotspotService failed; "));
}

TEST_F(RestTest, RefusesBadInputWithTheFieldAndNotTheValue) {
  Start();
  const std::string line = "POST /v1/subscriptions?subscription_id=mine";
  for (const char* body :
       {"{'types':[]}", "{\"types\":[],}", "{\"types\":[\"hemmelig\"],\"types\":[]}",
        "{\"types\":7}", "{\"typos\":[\"hemmelig\"]}", "{\"types\":[\"hemmelig\",8]}", "hemmelig",
        "[]", "{\"types\":[]} x"}) {
    const std::string answer = Ask(Request(line, body));
    EXPECT_EQ(StatusOf(answer), 400) << body;
    EXPECT_EQ(ErrorOf(answer)["status"], "INVALID_ARGUMENT") << body;
    EXPECT_THAT(answer, Not(HasSubstr("hemmelig"))) << body;
  }
  EXPECT_THAT(Ask(Request(line, "{\"types\":[\"hemmelig\",8]}")), HasSubstr("types[1]"));
  const std::string query = Ask(Request("GET /v1/hotspots?page_size=hemmelig"));
  EXPECT_EQ(StatusOf(query), 400);
  EXPECT_THAT(query, AllOf(HasSubstr("page_size"), Not(HasSubstr("hemmelig"))));
}

TEST_F(RestTest, KnowsPathsVerbsAndTypes) {
  Start();
  EXPECT_EQ(StatusOf(Ask(Request("GET /v1/nothing"))), 404);
  EXPECT_EQ(ErrorOf(Ask(Request("GET /v1/nothing")))["status"], "NOT_FOUND");
  const std::string wrong_verb = Ask(Request("DELETE /v1/hotspots"));
  EXPECT_EQ(StatusOf(wrong_verb), 405);
  EXPECT_THAT(wrong_verb, HasSubstr("allow: GET, HEAD\r\n"));
  const std::string form = Ask(absl::StrFormat(
      "POST /v1/subscriptions HTTP/1.1\r\nhost: x\r\nx-api-key: %s\r\ncontent-length: 3\r\n"
      "content-type: application/x-www-form-urlencoded\r\n\r\na=b",
      city_.key()));
  EXPECT_EQ(StatusOf(form), 415);
  EXPECT_EQ(StatusOf(Ask(Request("POST /simpul.wifi.v1.HotspotService/GetHotspot", "",
                                 "content-type: application/grpc\r\ncontent-length: 0\r\n"))),
            415);
  EXPECT_EQ(StatusOf(Ask(Request("GET /v1/%zz"))), 400);
}

TEST_F(RestTest, DemandsAKeyExceptForProbes) {
  Start();
  const std::string none = Ask("GET /v1/hotspots HTTP/1.1\r\nhost: x\r\n\r\n");
  EXPECT_EQ(StatusOf(none), 401);
  EXPECT_EQ(ErrorOf(none)["status"], "UNAUTHENTICATED");
  EXPECT_THAT(none, AllOf(HasSubstr("x-api-key"), HasSubstr("simpul key create")));
  EXPECT_EQ(StatusOf(Ask("GET /v1/hotspots HTTP/1.1\r\nhost: x\r\nx-api-key: " + KeyText(2) +
                         "\r\n\r\n")),
            401);
  EXPECT_EQ(StatusOf(Ask("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")), 200);
  EXPECT_EQ(StatusOf(Ask("GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n")), 200);
}

TEST_F(RestTest, IsNotReadyWithoutACatalogue) {
  city_.StopCatalogue();
  city_.StartGateway();
  EXPECT_EQ(StatusOf(Ask("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")), 200);
  EXPECT_EQ(StatusOf(Ask("GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n")), 503);
  EXPECT_EQ(StatusOf(Ask(Request("GET /v1/hotspots"))), 503);
}

TEST_F(RestTest, AnswersTheSameOverHttp2) {
  Start();
  const std::string url = "http://" + city_.gateway().address();
  const std::string curl = "curl -s --http2-prior-knowledge -H 'x-api-key: " + city_.key() + "' ";
  const std::string one = Shell(curl + url + "/v1/departments/x/hotspots/1");
  EXPECT_EQ(nlohmann::json::parse(one)["displayName"], "a");
  EXPECT_EQ(nlohmann::json::parse(
                Shell(curl + "-H 'content-type: application/json' -d '{\"types\":[\"a.B\"]}' '" +
                      url + "/v1/subscriptions?subscription_id=mine'"))["name"],
            "subscriptions/mine");
  EXPECT_EQ(
      Shell(curl + "-o /dev/null -w '%{http_code}' " + url + "/v1/departments/x/hotspots/missing"),
      "404");
  EXPECT_EQ(
      Shell("curl -s --http2-prior-knowledge -o /dev/null -w '%{http_code}' " + url + "/healthz"),
      "200");
  // A body that is refused before it has come.
  EXPECT_EQ(Shell("head -c 3000000 /dev/zero | curl -s --http2-prior-knowledge -o /dev/null "
                  "-w '%{http_code}' --data-binary @- -H 'content-type: application/json' '" +
                  url + "/v1/subscriptions'"),
            "401");
}

TEST_F(RestTest, SpeaksBothProtocolsUnderTls) {
  const std::string directory = city_.credentials().DirectoryOf("gateway");
  city_.options().listen_tls = "127.0.0.1:0";
  city_.options().tls = rpc::CertificateFiles::In(directory);
  Start();
  const std::string curl = "curl -s --cacert " + directory +
                           "/ca.crt -H 'x-api-key: " + city_.key() +
                           "' -w ' %{http_version} %{http_code}' https://" +
                           city_.gateway().tls_address() + "/v1/departments/x/hotspots/1 ";
  EXPECT_THAT(Shell(curl + "--http2"),
              AllOf(HasSubstr("\"displayName\":\"a\""), HasSubstr(" 2 200")));
  EXPECT_THAT(Shell(curl + "--http1.1"),
              AllOf(HasSubstr("\"displayName\":\"a\""), HasSubstr(" 1.1 200")));
  EXPECT_THAT(Shell(curl + "--http2 -X POST -H 'content-type: application/json' -d '{}'"),
              HasSubstr(" 2 405"));
  EXPECT_THAT(Shell(curl + "--tls-max 1.1"), Not(HasSubstr("200")));
}

TEST_F(RestTest, EndsACallWhoseTimeIsOver) {
  city_.options().limits.default_deadline = absl::Milliseconds(200);
  Start();
  const std::string answer = Ask(Request("GET /v1/departments/x/hotspots/slow"));
  EXPECT_EQ(StatusOf(answer), 504);
  EXPECT_EQ(ErrorOf(answer)["status"], "DEADLINE_EXCEEDED");
  EXPECT_TRUE(Eventually([&] { return part_.service->cancelled_calls == 1; }));
}

TEST_F(RestTest, TellsThePartThatTheClientIsGone) {
  Start();
  {
    Wire wire(city_.gateway().address());
    wire.Send(Request("GET /v1/departments/x/hotspots/slow"));
    ASSERT_TRUE(Eventually([&] { return part_.service->slow_calls == 1; }));
  }
  EXPECT_TRUE(Eventually([&] { return part_.service->cancelled_calls == 1; }));
}

TEST_F(RestTest, RefusesAnAnswerThatIsTooLargeForJson) {
  Start();
  const std::string answer = Ask(Request("GET /v1/departments/x/hotspots/large"));
  EXPECT_EQ(ErrorOf(answer)["status"], "RESOURCE_EXHAUSTED") << answer.substr(0, 300);
  EXPECT_EQ(StatusOf(Ask(Request("GET /v1/departments/x/hotspots/medium"))), 200);
}

TEST_F(RestTest, RefusesAnOversizeBody) {
  Start();
  const std::string body = "{\"types\":[\"" + std::string(5 << 20, 'x') + "\"]}";
  EXPECT_EQ(StatusOf(Ask(Request("POST /v1/subscriptions?subscription_id=a", body))), 413);
  Wire wire(city_.gateway().address());
  wire.Send(Request("POST /v1/subscriptions?subscription_id=a", "",
                    "content-type: application/json\r\ntransfer-encoding: chunked\r\n"));
  wire.Send(absl::StrFormat("%x\r\n%s\r\n0\r\n\r\n", body.size(), body));
  EXPECT_EQ(StatusOf(wire.ReadAnswer()), 413);
  EXPECT_EQ(
      Shell(
          "head -c 5000000 /dev/zero | curl -s --http2-prior-knowledge -o /dev/null "
          "-w '%{http_code}' --data-binary @- -H 'content-type: application/json' -H 'x-api-key: " +
          city_.key() + "' 'http://" + city_.gateway().address() +
          "/v1/subscriptions?subscription_id=a'"),
      "413");
}

TEST_F(RestTest, RefusesAnOversizeHead) {
  Start();
  EXPECT_EQ(
      StatusOf(Ask(Request("GET /v1/hotspots", "", "x: " + std::string(40 << 10, 'x') + "\r\n"))),
      431);
  std::string many;
  for (int i = 0; i < 200; ++i) many += absl::StrFormat("x%d: 1\r\n", i);
  EXPECT_EQ(StatusOf(Ask(Request("GET /v1/hotspots", "", many))), 431);
  const std::string big =
      Shell("curl -s --http2-prior-knowledge -o /dev/null -w '%{http_code}' -H 'x: " +
            std::string(40 << 10, 'x') + "' -H 'x-api-key: " + city_.key() + "' http://" +
            city_.gateway().address() + "/v1/hotspots");
  EXPECT_EQ(big, "431");
}

TEST_F(RestTest, RefusesWhatCouldBeReadInTwoWays) {
  Start();
  const std::string key = "x-api-key: " + city_.key() + "\r\n";
  for (const std::string& request :
       {"GET /v1/hotspots HTTP/1.1\r\n" + key + "\r\n",
        "GET /v1/hotspots HTTP/1.1\r\nhost: x\r\nhost: y\r\n" + key + "\r\n",
        "POST /v1/hotspots HTTP/1.1\r\nhost: x\r\n" + key +
            "content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /v1/hotspots HTTP/1.1\r\nhost: x\r\n" + key +
            "content-length: 3\r\ncontent-length: 4\r\n\r\nabcd",
        std::string("nonsense\r\n\r\n")}) {
    EXPECT_EQ(StatusOf(Ask(request)), 400) << request;
  }
  EXPECT_EQ(StatusOf(Ask("POST /v1/hotspots HTTP/1.1\r\nhost: x\r\n" + key +
                         "transfer-encoding: gzip\r\n\r\n")),
            501);
}

TEST_F(RestTest, CutsAClientThatIsSlowWithItsHead) {
  city_.options().limits.header_timeout = absl::Milliseconds(300);
  Start();
  Wire silent(city_.gateway().address());
  Wire slow(city_.gateway().address());
  slow.Send("GET /healthz HTTP/1.1\r\nhost: x\r\n");
  Wire preface(city_.gateway().address());
  preface.Send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  // SETTINGS, then a HEADERS frame without END_HEADERS that is never continued.
  preface.Send(std::string("\0\0\0\4\0\0\0\0\0", 9));
  preface.Send(std::string("\0\0\1\1\0\0\0\0\1\x82", 10));
  EXPECT_TRUE(silent.ClosedByPeer());
  EXPECT_TRUE(slow.ClosedByPeer());
  EXPECT_TRUE(preface.ClosedByPeer());
}

TEST_F(RestTest, ClosesIdleConnections) {
  city_.options().limits.idle_timeout = absl::Milliseconds(300);
  Start();
  Wire http1(city_.gateway().address());
  http1.Send("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n");
  EXPECT_EQ(StatusOf(http1.ReadAnswer()), 200);
  Wire http2(city_.gateway().address());
  http2.Send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  http2.Send(std::string("\0\0\0\4\0\0\0\0\0", 9));
  EXPECT_TRUE(http1.ClosedByPeer());
  EXPECT_TRUE(http2.ClosedByPeer());
}

TEST_F(RestTest, CutsAFloodOfControlFrames) {
  Start();
  const std::string ping("\0\0\x08\6\0\0\0\0\0abcdefgh", 17);
  const std::string settings("\0\0\0\4\0\0\0\0\0", 9);
  for (const std::string& frame : {ping, settings}) {
    Wire wire(city_.gateway().address());
    wire.Send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    wire.Send(settings);
    std::string flood;
    for (int i = 0; i < 5000; ++i) flood += frame;
    wire.Send(flood);
    EXPECT_TRUE(wire.ClosedByPeer());
  }
}

TEST_F(RestTest, CutsRapidResets) {
  Start();
  Wire wire(city_.gateway().address());
  wire.Send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  wire.Send(std::string("\0\0\0\4\0\0\0\0\0", 9));
  std::string flood;
  for (uint32_t stream = 1; stream < 10'000; stream += 2) {
    const char id[] = {0, 0, static_cast<char>(stream >> 8), static_cast<char>(stream)};
    // GET / http, then RST_STREAM.
    flood += std::string("\0\0\3\1\5", 5) + std::string(id, 4) + "\x82\x84\x86";
    flood += std::string("\0\0\4\3\0", 5) + std::string(id, 4) + std::string("\0\0\0\x08", 4);
  }
  wire.Send(flood);
  EXPECT_TRUE(wire.ClosedByPeer());
}

TEST_F(RestTest, ClosesWhatIsAboveTheNumberOfConnections) {
  city_.options().threads = 1;
  city_.options().limits.connections = 2;  // and one, for rounding
  Start();
  const std::string probe = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
  Wire a(city_.gateway().address()), b(city_.gateway().address()), c(city_.gateway().address());
  for (Wire* wire : {&a, &b, &c}) {
    wire->Send(probe);
    EXPECT_EQ(StatusOf(wire->ReadAnswer()), 200);
  }
  Wire d(city_.gateway().address());
  EXPECT_TRUE(d.ClosedByPeer());
}

}  // namespace
}  // namespace simpul::gateway
