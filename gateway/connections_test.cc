// What connections cost, how they are counted, and how many there may be.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <ctime>
#include <deque>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "bus/observe/admin_server.h"
#include "gateway/descriptors.h"
#include "gateway/testing/city.h"
#include "gmock/gmock.h"

namespace simpul::gateway {
namespace {

constexpr char kProbe[] = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";

class ConnectionsTest : public ::testing::Test {
 protected:
  ConnectionsTest() : admin_(*observe::AdminServer::Start("127.0.0.1:0")) {
    city_.options().admin = admin_.get();
    city_.options().threads = 1;
  }

  // The value of a metric without labels; -1: there is none.
  double Metric(const std::string& name) const {
    Wire wire(admin_->address());
    wire.Send("GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    const std::string all = wire.ReadUntil([](const std::string&) { return false; });
    const size_t at = all.find("\n" + name + " ");
    double value = -1;
    if (at == std::string::npos) return value;
    const size_t begin = at + name.size() + 2;
    EXPECT_TRUE(
        absl::SimpleAtod(all.substr(begin, all.find_first_of("\r\n", begin) - begin), &value));
    return value;
  }

  std::unique_ptr<observe::AdminServer> admin_;
  City city_;
};

TEST_F(ConnectionsTest, CountsThoseThatAreOpen) {
  city_.StartGateway();
  {
    std::deque<Wire> wires;
    for (int i = 0; i < 5; ++i) wires.emplace_back(city_.gateway().address()).Send(kProbe);
    for (Wire& wire : wires) EXPECT_EQ(StatusOf(wire.ReadAnswer()), 200);
    Wire http2(city_.gateway().address());
    http2.Send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    Wire silent(city_.gateway().address());
    EXPECT_TRUE(Eventually([&] { return Metric("simpul_gateway_connections") == 7; }));
  }
  EXPECT_TRUE(Eventually([&] { return Metric("simpul_gateway_connections") == 0; }));
  EXPECT_EQ(Metric("simpul_gateway_connections_total"), 7);
}

TEST_F(ConnectionsTest, CountsAReaderThatStalledAsCut) {
  city_.options().limits.stall_timeout = absl::Milliseconds(300);
  const RunningPart part = city_.StartPart("a");
  city_.catalogue().SetParts({part.part});
  city_.StartGateway();
  ASSERT_TRUE(Eventually([&] { return city_.gateway().ready().ok(); }));
  Wire wire(city_.gateway().address());
  // More answers than fit into the socket's buffers, and nobody reads.
  for (int i = 0; i < 100; ++i) {
    wire.Send(absl::StrFormat(
        "GET /v1/departments/x/hotspots/medium HTTP/1.1\r\nhost: x\r\nx-api-key: %s\r\n\r\n",
        city_.key()));
  }
  EXPECT_TRUE(Eventually([&] { return Metric("simpul_gateway_connections_cut_total") == 1; }));
  EXPECT_EQ(Metric("simpul_gateway_connections"), 0);
}

// Takes all file descriptors of this process.
class NoDescriptors {
 public:
  NoDescriptors() {
    getrlimit(RLIMIT_NOFILE, &before_);
    rlimit few = before_;
    few.rlim_cur = 300;
    setrlimit(RLIMIT_NOFILE, &few);
    for (int fd = 0; (fd = open("/dev/null", O_RDONLY)) >= 0;) taken_.push_back(fd);
  }
  ~NoDescriptors() {
    for (const int fd : taken_) close(fd);
    setrlimit(RLIMIT_NOFILE, &before_);
  }

 private:
  rlimit before_;
  std::vector<int> taken_;
};

double CpuSeconds() {
  timespec used;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

TEST_F(ConnectionsTest, DoesNotSpinWithoutADescriptorAndServesWhenOneIsFree) {
  city_.StartGateway();
  Wire early(city_.gateway().address());
  early.Send(kProbe);
  EXPECT_EQ(StatusOf(early.ReadAnswer()), 200);
  Wire waiting;  // has its descriptor already
  {
    NoDescriptors none;
    waiting.Connect(city_.gateway().address());
    waiting.Send(kProbe);
    early.Send(kProbe);
    EXPECT_EQ(StatusOf(early.ReadAnswer()), 200);
    const double cpu = CpuSeconds();
    const absl::Time begin = absl::Now();
    EXPECT_FALSE(Eventually([] { return false; }, absl::Seconds(1)));
    EXPECT_LT(CpuSeconds() - cpu, absl::ToDoubleSeconds(absl::Now() - begin) / 2);
  }
  EXPECT_EQ(StatusOf(waiting.ReadAnswer()), 200);
  EXPECT_GT(Metric("simpul_gateway_accepts_failed_total"), 0);
}

TEST(Descriptors, LeaveRoomForTheRestOfTheProcess) {
  EXPECT_EQ(ConnectionsWithin(1'000'000, 10'000), 10'000);
  EXPECT_EQ(ConnectionsWithin(1024, 10'000), 640);
  EXPECT_EQ(ConnectionsWithin(64, 10'000), 32);
  rlimit limit;
  const size_t raised = RaiseDescriptorLimit();
  getrlimit(RLIMIT_NOFILE, &limit);
  EXPECT_EQ(limit.rlim_cur, limit.rlim_max);
  EXPECT_EQ(raised, limit.rlim_max);
}

}  // namespace
}  // namespace simpul::gateway
