#include "cli/address.h"

#include "bus/observe/admin_server.h"
#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"

namespace simpul::cli {
namespace {

using ::simpul::testing::IsOk;
using ::simpul::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(CheckFree, NamesTheAddressInUseAndTheFlagThatChoosesAnother) {
  auto server = observe::AdminServer::Start("127.0.0.1:0");
  ASSERT_THAT(server, IsOk());
  const std::string address = (*server)->address();
  EXPECT_THAT(CheckFree(address, "--admin"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr(address), HasSubstr("in use"), HasSubstr("--admin"))));
  server->reset();
  EXPECT_THAT(CheckFree(address, "--admin"), IsOk());
}

TEST(CheckFree, RefusesWhatIsNoAddressOfThisMachine) {
  EXPECT_THAT(CheckFree("127.0.0.1", "--tls"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(CheckFree("127.0.0.1:x", "--tls"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(CheckFree("192.0.2.1:8443", "--tls"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("--tls")));
  EXPECT_THAT(CheckFree("127.0.0.1:0", "--tls"), IsOk());
}

}  // namespace
}  // namespace simpul::cli
