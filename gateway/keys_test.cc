#include "gateway/keys.h"

#include <memory>
#include <string>

#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "simpul/bus/v1/bus.pb.h"

namespace simpul::gateway {
namespace {

using ::simpul::testing::IsOk;
using ::simpul::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kPepper(32, 'p');
const std::string kText = "smp_abcdefgh_" + std::string(43, 'x');

std::shared_ptr<const KeySet> OneKey() {
  return std::make_shared<const KeySet>(
      kPepper, std::vector<KeySet::Entry>{
                   {"abcdefgh", "dinkes", HmacSha256(kPepper, kText), {"complaints"}}});
}

TEST(KeySet, SaysWhichKeysAreGone) {
  const KeySet before("p",
                      {{"aaaaaaaa", "x", "1"}, {"bbbbbbbb", "y", "2"}, {"cccccccc", "z", "3"}});
  // The second changed hands.
  const KeySet after("p", {{"aaaaaaaa", "x", "1"}, {"bbbbbbbb", "w", "4"}, {"dddddddd", "v", "5"}});
  EXPECT_THAT(after.GoneSince(before), ::testing::ElementsAre("bbbbbbbb", "cccccccc"));
  EXPECT_THAT(before.GoneSince(before), ::testing::IsEmpty());
}

TEST(HmacSha256, IsThatOfRfc4231) {
  const std::string digest = HmacSha256("Jefe", "what do ya want for nothing?");
  EXPECT_EQ(digest.substr(0, 4), "\x5b\xdc\xc1\x46");
  EXPECT_EQ(digest.size(), 32u);
}

TEST(KeySet, KnowsItsKeyAndWhoseItIs) {
  const auto keys = OneKey();
  const Key* key = keys->Check(kText);
  ASSERT_NE(key, nullptr);
  EXPECT_EQ(key->agency, "dinkes");
  bus::v1::Caller caller;
  ASSERT_TRUE(caller.ParseFromString(key->caller));
  EXPECT_EQ(caller.key_id(), "abcdefgh");
  EXPECT_THAT(caller.writes(), ::testing::ElementsAre("complaints"));
}

TEST(KeySet, KnowsNoOtherText) {
  const auto keys = OneKey();
  std::string wrong = kText;
  wrong.back() = 'y';
  EXPECT_EQ(keys->Check(wrong), nullptr);
  EXPECT_EQ(keys->Check(""), nullptr);
  EXPECT_EQ(keys->Check("abcdefgh"), nullptr);
  EXPECT_EQ(keys->Check(kText + "x"), nullptr);
  EXPECT_EQ(keys->Check("smp_zzzzzzzz_" + std::string(43, 'x')), nullptr);
  std::string moved = kText;
  moved[12] = '-';
  EXPECT_EQ(keys->Check(moved), nullptr);
}

TEST(KeySet, TakesNoKeyWithADamagedDigest) {
  const KeySet keys(kPepper, {{"abcdefgh", "dinkes", ""}});
  EXPECT_EQ(keys.Check(kText), nullptr);
}

TEST(KeySet, FromTextsRefusesAnotherShapeAndDoesNotRepeatIt) {
  EXPECT_THAT(KeySet::FromTexts({{"dinkes", kText}}), IsOk());
  EXPECT_THAT(KeySet::FromTexts({{"dinkes", "hemmelig"}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       ::testing::AllOf(HasSubstr("dinkes"), Not(HasSubstr("hemmelig")))));
}

TEST(KeyCache, ForgetsTheLastKeyWhenTheSetChanges) {
  KeyCache cache;
  const auto keys = OneKey();
  EXPECT_NE(cache.Check(keys, kText), nullptr);
  EXPECT_NE(cache.Check(keys, kText), nullptr);
  const auto none = std::make_shared<const KeySet>(kPepper, std::vector<KeySet::Entry>{});
  EXPECT_EQ(cache.Check(none, kText), nullptr);
  EXPECT_NE(cache.Check(keys, kText), nullptr);
  EXPECT_EQ(cache.Check(keys, "smp_abcdefgh_" + std::string(43, 'y')), nullptr);
}

}  // namespace
}  // namespace simpul::gateway
