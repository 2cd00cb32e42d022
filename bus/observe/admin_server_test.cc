#include "bus/observe/admin_server.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>

#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "prometheus/collectable.h"
#include "prometheus/counter.h"
#include "prometheus/metric_family.h"
#include "prometheus/registry.h"

namespace simpul::observe {
namespace {

using ::simpul::testing::IsOk;
using ::simpul::testing::StatusIs;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// The whole answer to `GET path`, head and body.
std::string Get(const std::string& address, const std::string& path) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port =
      htons(static_cast<uint16_t>(std::atoi(address.substr(address.rfind(':') + 1).c_str())));
  EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  const std::string request = "GET " + path + " HTTP/1.1\r\nHost: test\r\n\r\n";
  EXPECT_EQ(write(fd, request.data(), request.size()), static_cast<ssize_t>(request.size()));
  std::string answer;
  char buffer[4096];
  for (ssize_t n; (n = read(fd, buffer, sizeof buffer)) > 0;) answer.append(buffer, n);
  close(fd);
  return answer;
}

class AdminServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto server = AdminServer::Start("127.0.0.1:0");
    ASSERT_THAT(server, IsOk());
    server_ = *std::move(server);
  }
  std::string Get(const std::string& path) { return observe::Get(server_->address(), path); }

  std::unique_ptr<AdminServer> server_;
};

TEST_F(AdminServerTest, IsHealthyAsSoonAsItRuns) {
  EXPECT_THAT(Get("/healthz"), StartsWith("HTTP/1.1 200"));
}

TEST_F(AdminServerTest, IsNotReadyBeforeSomebodySaysThatItHasStarted) {
  EXPECT_THAT(Get("/readyz"), StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(server_->ready(), StatusIs(absl::StatusCode::kUnavailable, "still starting"));
  server_->SayStarted();
  EXPECT_THAT(Get("/readyz"), StartsWith("HTTP/1.1 200"));
}

TEST_F(AdminServerTest, SaysARemarkAndIsReadyAllTheSame) {
  server_->SayStarted();
  absl::Status kafka = absl::UnavailableError("no broker answers");
  absl::Status wifi = absl::UnavailableError("no catalogue answers");
  server_->AddRemark("kafka", [&] { return kafka; });
  EXPECT_THAT(Get("/readyz"),
              AllOf(StartsWith("HTTP/1.1 200"), EndsWith("ready\nkafka: no broker answers\n")));
  EXPECT_THAT(server_->ready(), IsOk());
  server_->AddReadyCheck("wifi", [&] { return wifi; });
  EXPECT_THAT(Get("/readyz"),
              AllOf(StartsWith("HTTP/1.1 503"),
                    EndsWith("\n\r\nwifi: no catalogue answers\nkafka: no broker answers\n")));
  wifi = kafka = absl::OkStatus();
  EXPECT_THAT(Get("/readyz"), AllOf(StartsWith("HTTP/1.1 200"), EndsWith("\r\n\r\nready\n")));
}

TEST_F(AdminServerTest, IsReadyOnceEveryCheckIs) {
  server_->SayStarted();
  absl::Status registration = absl::UnavailableError("no catalogue answers");
  server_->AddReadyCheck("wifi", [] { return absl::OkStatus(); });
  server_->AddReadyCheck("registration", [&] { return registration; });
  const std::string waiting = Get("/readyz");
  EXPECT_THAT(waiting, StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(waiting, HasSubstr("registration: no catalogue answers"));
  EXPECT_THAT(waiting, Not(HasSubstr("wifi")));
  EXPECT_THAT(server_->ready(),
              StatusIs(absl::StatusCode::kUnavailable, "registration: no catalogue answers"));
  registration = absl::OkStatus();
  EXPECT_THAT(server_->ready(), IsOk());
  EXPECT_THAT(Get("/readyz"), StartsWith("HTTP/1.1 200"));
}

TEST_F(AdminServerTest, ShowsTheRegistryAndCollectablesWhileTheyLive) {
  prometheus::BuildCounter()
      .Name("simpul_test_calls_total")
      .Register(*Metrics())
      .Add({})
      .Increment(3);
  class Two : public prometheus::Collectable {
    std::vector<prometheus::MetricFamily> Collect() const override {
      prometheus::ClientMetric metric;
      metric.counter.value = 2;
      return {{"simpul_test_own_total", "", prometheus::MetricType::Counter, {metric}}};
    }
  };
  auto two = std::make_shared<Two>();
  server_->AddCollectable(two);
  const std::string both = Get("/metrics");
  EXPECT_THAT(both, HasSubstr("text/plain; version=0.0.4"));
  EXPECT_THAT(both, HasSubstr("\nsimpul_test_calls_total 3"));
  EXPECT_THAT(both, HasSubstr("\nsimpul_test_own_total 2"));
  two.reset();
  EXPECT_THAT(Get("/metrics"), Not(HasSubstr("simpul_test_own_total")));
}

TEST_F(AdminServerTest, ServesNothingElse) {
  for (const char* path : {"/", "/metrics/x", "/healthz/..", "/../../etc/passwd"}) {
    EXPECT_THAT(Get(path), StartsWith("HTTP/1.1 404")) << path;
  }
}

TEST_F(AdminServerTest, NamesAPortThatIsInUse) {
  EXPECT_THAT(AdminServer::Start(server_->address()),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(server_->address())));
  EXPECT_THAT(AdminServer::Start("nonsense"), StatusIs(absl::StatusCode::kFailedPrecondition));
}

}  // namespace
}  // namespace simpul::observe
