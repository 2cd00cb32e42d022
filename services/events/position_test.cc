#include "services/events/position.h"

#include <string>
#include <vector>

#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"

namespace simpul::events {
namespace {

using ::simpul::testing::IsOk;
using ::simpul::testing::StatusIs;
using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

const std::vector<std::string>& Types() {
  static const std::vector<std::string> types = {"a.v1.AEvent", "b.v1.BEvent"};
  return types;
}

ResumeTokens Tokens() { return ResumeTokens(std::string(32, 'k')); }

TEST(ResumeToken, GivesBackThePositionItWasMadeOf) {
  const Position position = {{0, 7, 1'000'000'000'000}, {INT64_MAX}};
  const std::string scope = StatelessScope("dinkes", Types(), "departments/a/");
  absl::StatusOr<Position> opened =
      Tokens().Open(scope, Tokens().Seal(scope, position), Types().size());
  ASSERT_THAT(opened, IsOk());
  EXPECT_EQ(*opened, position);
}

TEST(ResumeToken, IsShortForTwoTypesOfSixPartitions) {
  const Position position(2, std::vector<int64_t>(6, 5'000'000));
  const std::string scope = StatelessScope("dinkes", Types(), "");
  EXPECT_LE(Tokens().Seal(scope, position).size(), 140u);
}

TEST(ResumeToken, IsRefusedForAnyOtherScope) {
  const Position position = {{1}, {2}};
  const std::string token =
      Tokens().Seal(StatelessScope("dinkes", Types(), "departments/a/"), position);
  const std::vector<std::string> scopes = {
      StatelessScope("dpupr", Types(), "departments/a/"),
      StatelessScope("dinkes", Types(), "departments/b/"),
      StatelessScope("dinkes", std::vector<std::string>{"a.v1.AEvent", "c.v1.CEvent"},
                     "departments/a/"),
      DurableScope("dinkes", "app", 1),
  };
  for (const std::string& scope : scopes) {
    EXPECT_THAT(Tokens().Open(scope, token, 2), StatusIs(kInvalid, HasSubstr("resume_token")));
  }
}

TEST(ResumeToken, OfASubscriptionIsRefusedForAnotherAndForTheSameMadeAnew) {
  const std::string token = Tokens().Seal(DurableScope("dinkes", "app", 1), {{1}});
  EXPECT_THAT(Tokens().Open(DurableScope("dinkes", "app", 1), token, 1), IsOk());
  EXPECT_THAT(Tokens().Open(DurableScope("dinkes", "app", 2), token, 1), StatusIs(kInvalid));
  EXPECT_THAT(Tokens().Open(DurableScope("dinkes", "app2", 1), token, 1), StatusIs(kInvalid));
  EXPECT_THAT(Tokens().Open(DurableScope("dpupr", "app", 1), token, 1), StatusIs(kInvalid));
}

TEST(ResumeToken, IsRefusedWithAnyByteChangedOrLeftOut) {
  const std::string scope = DurableScope("dinkes", "app", 1);
  const std::string token = Tokens().Seal(scope, {{300, 5}});
  for (size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'Q' : 'A';
    EXPECT_THAT(Tokens().Open(scope, changed, 1), StatusIs(kInvalid)) << "at " << i;
    EXPECT_THAT(Tokens().Open(scope, token.substr(0, i), 1), StatusIs(kInvalid)) << "at " << i;
  }
  EXPECT_THAT(Tokens().Open(scope, std::string(1 << 20, 'A'), 1), StatusIs(kInvalid));
  EXPECT_THAT(ResumeTokens(std::string(32, 'x')).Open(scope, token, 1), StatusIs(kInvalid));
}

TEST(ResumeToken, ScopesOfDifferentListsOfPartsDiffer) {
  EXPECT_NE(StatelessScope("a", std::vector<std::string>{"b", "c"}, "d"),
            StatelessScope("a", std::vector<std::string>{"bc"}, "d"));
  EXPECT_NE(StatelessScope("ab", std::vector<std::string>{"c"}, ""),
            StatelessScope("a", std::vector<std::string>{"c"}, "b"));
}

TEST(Position, OfBytesThatAreNoneIsRefused) {
  const std::string good = EncodePosition({{300, 5}});
  EXPECT_THAT(DecodePosition(good, 1), IsOk());
  EXPECT_THAT(DecodePosition(good, 2), StatusIs(kInvalid));
  EXPECT_THAT(DecodePosition(good + 'x', 1), StatusIs(kInvalid));
  EXPECT_THAT(DecodePosition("", 1), StatusIs(kInvalid));
  EXPECT_THAT(DecodePosition("\x02", 0), StatusIs(kInvalid));
  EXPECT_THAT(DecodePosition(std::string("\x01\xff\xff\xff\xff\x0f", 6), 1), StatusIs(kInvalid));
}

TEST(Position, AdvancesPerPartitionAndNeverBack) {
  Position position = {{5, 5}, {1}};
  EXPECT_FALSE(Advance(position, {{4, 5}, {0}}));
  EXPECT_TRUE(Advance(position, {{9, 3}, {1}}));
  EXPECT_EQ(position, (Position{{9, 5}, {1}}));
  EXPECT_TRUE(Advance(position, {{9, 5}, {1, 2}}));
  EXPECT_EQ(position, (Position{{9, 5}, {1, 2}}));
}

}  // namespace
}  // namespace simpul::events
