#include "bus/rpc/token.h"

#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"

namespace simpul::rpc {
namespace {

using ::simpul::testing::StatusIs;

const TokenKey kKey(std::string(32, 'k'));

TEST(Token, OpensToWhatWasSealed) {
  for (const std::string& payload :
       {std::string(), std::string("a\0b", 3), std::string(300, '\xff')}) {
    const auto opened = kKey.Open("ListSessions", kKey.Seal("ListSessions", payload));
    ASSERT_TRUE(opened.ok()) << opened.status();
    EXPECT_EQ(*opened, payload);
  }
}

TEST(Token, IsSafeInAUrl) {
  const std::string token = kKey.Seal("scope", std::string(200, '\xfb'));
  EXPECT_EQ(
      token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
      token.npos);
}

TEST(Token, OfAnotherScopeOrKeyIsRefused) {
  const std::string token = kKey.Seal("a", "bc");
  EXPECT_THAT(kKey.Open("b", token), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(kKey.Open("ab", token), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(TokenKey(std::string(32, 'x')).Open("a", token),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(Token, WithAnyCharacterChangedOrCutIsRefused) {
  const std::string token = kKey.Seal("scope", "position 17");
  for (size_t i = 0; i < token.size(); ++i) {
    std::string forged = token;
    forged[i] = forged[i] == 'A' ? 'B' : 'A';
    EXPECT_THAT(kKey.Open("scope", forged), StatusIs(absl::StatusCode::kInvalidArgument)) << i;
    EXPECT_THAT(kKey.Open("scope", token.substr(0, i)),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << i;
  }
  for (const char* none : {"", "=", "a b", "?", "\xff\xff"}) {
    EXPECT_THAT(kKey.Open("scope", none), StatusIs(absl::StatusCode::kInvalidArgument));
  }
  EXPECT_THAT(kKey.Open("scope", token + "="), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace simpul::rpc
