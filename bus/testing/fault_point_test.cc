#include "bus/testing/fault_point.h"

#include <csignal>
#include <cstdlib>

#include "gmock/gmock.h"

namespace simpul {
namespace {

using ::testing::Contains;
using ::testing::ExitedWithCode;
using ::testing::KilledBySignal;

const FaultPoint kUnarmed("fault_point_test.unarmed");

TEST(FaultPoint, DoesNothingUnlessNamedInTheEnvironment) {
  kUnarmed.Pass();
  EXPECT_THAT(FaultPoint::All(), Contains("fault_point_test.unarmed"));
}

TEST(FaultPoint, IsArmedByName) {
  EXPECT_EXIT(FaultPoint::Arm("fault_point_test.unarmed", 1); kUnarmed.Pass();
              std::exit(0), KilledBySignal(SIGKILL), "");
}

TEST(FaultPoint, KillsTheProcessAtTheGivenPass) {
  setenv("SIMPUL_FAULT", "fault_point_test.armed:2", 1);
  const FaultPoint armed("fault_point_test.armed");
  unsetenv("SIMPUL_FAULT");
  EXPECT_EXIT(armed.Pass(); std::exit(0), ExitedWithCode(0), "");
  EXPECT_EXIT(armed.Pass(); armed.Pass(); std::exit(0), KilledBySignal(SIGKILL), "");
}

}  // namespace
}  // namespace simpul
