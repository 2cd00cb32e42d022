// What HTTP's own documents ask of a server, whatever is served.
#include <ctime>
#include <string>

#include "absl/strings/str_format.h"
#include "gateway/testing/rest_fixture.h"
#include "gmock/gmock.h"

namespace simpul::gateway {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

class HttpTest : public RestFixture {
 protected:
  void SetUp() override {
    RestFixture::SetUp();
    city_.options().threads = 1;
    Start();
  }
  std::string Curl(const std::string& arguments) {
    return Shell("curl -s --http2-prior-knowledge -H 'x-api-key: " + city_.key() + "' http://" +
                 city_.gateway().address() + arguments);
  }
};

const char kOne[] = "/v1/departments/x/hotspots/1";

// RFC 9110, 9.1 and 9.3.2.
TEST_F(HttpTest, AnswersHeadAsGetWithoutABody) {
  const std::string get = Ask(Request(absl::StrFormat("GET %s", kOne)));
  Wire wire(city_.gateway().address());
  wire.Send(Request(absl::StrFormat("HEAD %s", kOne)));
  wire.Send("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n");
  const std::string both =
      wire.ReadUntil([](const std::string& all) { return all.ends_with("ok\n"); });
  EXPECT_EQ(StatusOf(both), 200) << both;
  EXPECT_THAT(both, HasSubstr(absl::StrFormat("content-length: %d\r\n", BodyOf(get).size())));
  // Behind the head comes the next answer.
  EXPECT_TRUE(BodyOf(both).starts_with("HTTP/1.1 200 OK")) << both;
  EXPECT_THAT(Curl(std::string(kOne) + " -I"), HasSubstr("HTTP/2 200"));
  EXPECT_EQ(StatusOf(Ask(Request("HEAD /v1/subscriptions/1:acknowledge"))), 405);
}

// RFC 9112, 3.2.2.
TEST_F(HttpTest, TakesTheAbsoluteFormOfATarget) {
  for (const char* scheme : {"http", "https", "HTTP"}) {
    EXPECT_EQ(StatusOf(Ask(Request(absl::StrFormat("GET %s://a.example%s", scheme, kOne)))), 200);
  }
  EXPECT_EQ(StatusOf(Ask(Request("GET http://a.example"))), 404);
}

// RFC 9110, 6.6.1.
TEST_F(HttpTest, DatesItsAnswers) {
  const char* date =
      ".*\ndate: [A-Z][a-z][a-z], [0-9][0-9] [A-Z][a-z][a-z] 20[0-9][0-9] "
      "[0-9][0-9]:[0-9][0-9]:[0-9][0-9] GMT\r\n.*";
  EXPECT_THAT(Ask(Request(absl::StrFormat("GET %s", kOne))), MatchesRegex(date));
  EXPECT_THAT(Ask("nonsense\r\n\r\n"), MatchesRegex(date));
  EXPECT_THAT(Curl(std::string(kOne) + " -i"), MatchesRegex(date));
}

// RFC 9111, 3: nothing else keeps a shared cache from giving one agency's answer to another.
TEST_F(HttpTest, LetsNoCacheKeepWhatAKeyOpened) {
  EXPECT_THAT(Ask(Request(absl::StrFormat("GET %s", kOne))),
              HasSubstr("\r\ncache-control: no-store\r\n"));
  EXPECT_THAT(Curl(std::string(kOne) + " -i"), HasSubstr("\r\ncache-control: no-store\r\n"));
}

// RFC 9112, 9.3.
TEST_F(HttpTest, ConfirmsThatAConnectionOfHttp10StaysOpen) {
  Wire wire(city_.gateway().address());
  for (int i = 0; i < 2; ++i) {
    wire.Send("GET /healthz HTTP/1.0\r\nconnection: keep-alive\r\n\r\n");
    EXPECT_THAT(wire.ReadAnswer(), HasSubstr("\r\nconnection: keep-alive\r\n"));
  }
  wire.Send("GET /healthz HTTP/1.0\r\n\r\n");
  EXPECT_THAT(wire.ReadAnswer(), HasSubstr("\r\nconnection: close\r\n"));
  EXPECT_TRUE(wire.ClosedByPeer());
  EXPECT_THAT(Ask("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"), Not(HasSubstr("connection:")));
}

// RFC 9113, 3.4: the preface is bytes like others, and may come one by one.
TEST_F(HttpTest, KnowsHttp2sPrefaceInPieces) {
  const std::string preface =
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + std::string("\0\0\0\4\0\0\0\0\0", 9);
  const std::string settings_ack("\0\0\0\4\1\0\0\0\0", 9);
  for (size_t first = 1; first < 6; ++first) {
    Wire wire(city_.gateway().address());
    wire.Send(preface.substr(0, first));
    // Another connection's answer: by now these bytes have been read.
    ASSERT_EQ(StatusOf(Ask("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")), 200);
    wire.Send(preface.substr(first));
    const std::string all = wire.ReadUntil(
        [&](const std::string& read) { return read.find(settings_ack) != std::string::npos; });
    EXPECT_THAT(all, HasSubstr(settings_ack)) << first;
  }
  // Not every P is one.
  Wire post(city_.gateway().address());
  post.Send("P");
  ASSERT_EQ(StatusOf(Ask("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")), 200);
  post.Send("OST /healthz HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n");
  EXPECT_EQ(StatusOf(post.ReadAnswer()), 200);
  EXPECT_EQ(StatusOf(Ask("PRINT /healthz HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n")), 200);
}

TEST_F(HttpTest, RefusesTwoKeys) {
  const std::string key = "x-api-key: " + city_.key() + "\r\n";
  const std::string answer = Ask(Request(absl::StrFormat("GET %s", kOne), "", key));
  EXPECT_EQ(StatusOf(answer), 400);
  EXPECT_THAT(ErrorOf(answer)["message"].get<std::string>(), HasSubstr("x-api-key"));
  EXPECT_THAT(Curl(std::string(kOne) + " -H 'x-api-key: other' -w '%{http_code}'"),
              HasSubstr("400"));
}

// RFC 9113, 9.2.2 and appendix A.
TEST_F(HttpTest, TakesNoCipherOfTls12ThatHttp2Forbids) {
  city_.StopGateway();
  const std::string directory = city_.credentials().DirectoryOf("gateway");
  city_.options().listen_tls = "127.0.0.1:0";
  city_.options().tls = rpc::CertificateFiles::In(directory);
  Start();
  const std::string curl = "curl -s --tls-max 1.2 --cacert " + directory +
                           "/ca.crt -o /dev/null -w '%{http_version} %{http_code}' https://" +
                           city_.gateway().tls_address() + "/healthz --ciphers ";
  EXPECT_EQ(Shell(curl + "ECDHE+AESGCM"), "2 200");
  EXPECT_EQ(Shell(curl + "ECDHE+CHACHA20"), "2 200");
  EXPECT_EQ(Shell(curl + "ECDHE+AES:-AESGCM:-AESCCM"), "0 000");
  EXPECT_EQ(Shell(curl + "AESCCM"), "0 000");
}

}  // namespace
}  // namespace simpul::gateway
