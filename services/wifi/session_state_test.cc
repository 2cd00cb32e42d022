#include "services/wifi/session_state.h"

#include <utility>

#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"

namespace simpul::wifi {
namespace {

using testing::IsOk;
using testing::StatusIs;

TEST(SessionState, WithoutAStopItIsActive) {
  v1::SourceSession source;
  source.set_terminate_cause("User-Request");  // left over from a row that was reopened
  auto session = SessionOf(source);
  ASSERT_THAT(session, IsOk());
  EXPECT_EQ(session->state(), v1::Session::ACTIVE);
  EXPECT_EQ(session->end_reason(), v1::Session::END_REASON_UNSPECIFIED);
  EXPECT_FALSE(session->has_end_time());
}

TEST(SessionState, EachCauseOfRfc2866HasItsReason) {
  const std::pair<const char*, v1::Session::EndReason> kCauses[] = {
      {"User-Request", v1::Session::USER_REQUEST},
      {"Lost-Carrier", v1::Session::LOST_CARRIER},
      {"Idle-Timeout", v1::Session::IDLE_TIMEOUT},
      {"Session-Timeout", v1::Session::SESSION_TIMEOUT},
      {"Admin-Reset", v1::Session::ADMIN_RESET},
      {"Admin-Reboot", v1::Session::NAS_REBOOT},
      {"NAS-Reboot", v1::Session::NAS_REBOOT},
      {"nas-reboot", v1::Session::NAS_REBOOT},
      {"Port-Error", v1::Session::OTHER},
      {"", v1::Session::OTHER}};
  for (const auto& [cause, reason] : kCauses) {
    v1::SourceSession source;
    source.mutable_stop_time()->set_seconds(5);
    source.set_terminate_cause(cause);
    auto session = SessionOf(source);
    ASSERT_THAT(session, IsOk());
    EXPECT_EQ(session->state(), v1::Session::ENDED);
    EXPECT_EQ(session->end_reason(), reason) << cause;
    EXPECT_EQ(session->end_time().seconds(), 5);
  }
}

TEST(SessionState, CountersBeyondFourGigabytesAreKept) {
  v1::SourceSession source;
  source.set_input_bytes(int64_t{5} << 32);
  source.set_output_bytes(int64_t{7} << 40);
  auto session = SessionOf(source);
  ASSERT_THAT(session, IsOk());
  EXPECT_EQ(session->input_bytes(), int64_t{5} << 32);
  EXPECT_EQ(session->output_bytes(), int64_t{7} << 40);
}

TEST(SessionState, NegativeCountersAreRefused) {
  v1::SourceSession source;
  source.set_output_bytes(-1);
  EXPECT_THAT(SessionOf(source), StatusIs(absl::StatusCode::kInvalidArgument));
  source.set_output_bytes(0);
  source.mutable_session_time()->set_seconds(-1);
  EXPECT_THAT(SessionOf(source), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(SessionState, SilenceIsThreeIntervalsAndNoneWithoutReports) {
  v1::SourceSession source;
  EXPECT_EQ(SilenceOf(source), absl::ZeroDuration());
  source.mutable_interim_interval()->set_seconds(-5);
  EXPECT_EQ(SilenceOf(source), absl::ZeroDuration());
  source.mutable_interim_interval()->set_seconds(600);
  EXPECT_EQ(SilenceOf(source), absl::Minutes(30));
}

}  // namespace
}  // namespace simpul::wifi
