#include "gateway/transcode/strip_personal.h"

#include <string>

#include "bus/testing/status_matchers.h"
#include "gateway/transcode/testdata/random_message.h"
#include "gateway/transcode/testdata/test_contract.h"
#include "gateway/transcode/testdata/zoo.pb.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "nlohmann/json.hpp"

namespace simpul::transcode {
namespace {

using ::simpul::testing::IsOk;
using ::testing::HasSubstr;
using ::testing::Not;

std::string Strip(const std::string& wire, const char* type = "Person") {
  Buffer out;
  out.Append("before");
  const absl::Status status = StripPersonal(TestPlan(type), wire, out);
  EXPECT_THAT(status, IsOk());
  EXPECT_TRUE(out.view().starts_with("before"));
  return std::string(out.view().substr(6));
}

test::Person Read(const std::string& wire) {
  test::Person person;
  EXPECT_TRUE(person.ParseFromString(wire));
  return person;
}

bool Same(const google::protobuf::Message& a, const google::protobuf::Message& b) {
  return google::protobuf::util::MessageDifferencer::Equals(a, b);
}

test::Person Somebody() {
  test::Person person;
  person.set_name("a");
  person.set_nik("3672000000000001");
  person.add_phones("0812");
  person.add_phones("0813");
  person.mutable_spouse()->set_nik("3672000000000002");
  person.mutable_spouse()->set_name(std::string(200, 'b'));
  person.set_office("o");
  (*person.mutable_devices())["aa:bb"].set_name("x");
  return person;
}

test::Person Public() {
  test::Person person = Somebody();
  person.clear_nik();
  person.clear_phones();
  person.clear_devices();
  person.mutable_spouse()->clear_nik();
  return person;
}

TEST(StripPersonal, LeavesTheRestAsItWas) {
  EXPECT_TRUE(Same(Read(Strip(Somebody().SerializeAsString())), Public()));
  EXPECT_EQ(Strip(""), "");
}

TEST(StripPersonal, LooksIntoAnAny) {
  test::Person person;
  person.mutable_any()->PackFrom(Somebody());
  test::Person inside;
  const test::Person stripped = Read(Strip(person.SerializeAsString()));
  ASSERT_TRUE(stripped.any().UnpackTo(&inside));
  EXPECT_TRUE(Same(inside, Public()));
}

TEST(StripPersonal, EmptiesAnAnyOfATypeThatTheContractDoesNotHave) {
  test::Person person;
  person.mutable_any()->set_type_url("type.googleapis.com/somebody.Elses");
  person.mutable_any()->set_value("3672000000000001");
  const test::Person stripped = Read(Strip(person.SerializeAsString()));
  EXPECT_EQ(stripped.any().type_url(), "type.googleapis.com/somebody.Elses");
  EXPECT_EQ(stripped.any().value(), "");
}

TEST(StripPersonal, DropsWhatTheContractDoesNotKnow) {
  // Field 99 as a varint, as text and as a group that holds a group; then nik as a varint.
  const std::string unknown(
      "\x98\x06\x07\x9a\x06\x04nik!\x9b\x06\x0b\x0a\x02hi\x0c\x9c\x06\x10\x05", 22);
  EXPECT_EQ(Strip(unknown), "");
  EXPECT_EQ(Strip(unknown + "\x0a\x01" + "a"), "\x0a\x01" + std::string("a"));
}

TEST(StripPersonal, FollowsAFieldThatIsSentInPieces) {
  // An Any whose type comes after its value, each in an `any` of its own.
  test::Person packed;
  packed.mutable_any()->PackFrom(Somebody());
  test::Person type, value;
  type.mutable_any()->set_type_url(packed.any().type_url());
  value.mutable_any()->set_value(packed.any().value());
  for (const std::string& wire : {value.SerializeAsString() + type.SerializeAsString(),
                                  type.SerializeAsString() + value.SerializeAsString()}) {
    const std::string out = Strip(wire);
    EXPECT_THAT(out, Not(HasSubstr("36720000")));
    test::Person inside;
    ASSERT_TRUE(Read(out).any().UnpackTo(&inside));
    EXPECT_TRUE(Same(inside, Public()));
  }
}

TEST(StripPersonal, APersonalMemberOfAOneofStillTakesTheOthersPlace) {
  test::Person office, home;
  office.set_office("o");
  home.set_home("h");
  EXPECT_EQ(Strip(office.SerializeAsString() + home.SerializeAsString()), "");
  EXPECT_EQ(Read(Strip(home.SerializeAsString() + office.SerializeAsString())).office(), "o");
}

TEST(StripPersonal, CopiesWhatCanHoldNothingPersonal) {
  EXPECT_FALSE(TestPlan("Leaf").may_hold_personal);
  EXPECT_TRUE(TestPlan("Zoo").may_hold_personal);  // Somewhere in it there is an Any.
  const std::string unknown("\x98\x06\x07", 3);
  EXPECT_EQ(Strip(unknown, "Leaf"), unknown);
}

TEST(StripPersonal, RefusesWhatIsNoMessage) {
  Buffer out;
  out.Append("before");
  for (const char* wire : {"\x0a\x05"
                           "abc",
                           "\x22\x05\x12\x01", "\x0b", "\xff"}) {
    EXPECT_EQ(StripPersonal(TestPlan("Person"), wire, out).code(), absl::StatusCode::kInternal);
  }
  EXPECT_EQ(out.view(), "before");
  test::Person deep;
  test::Person* at = &deep;
  for (int i = 0; i < 101; ++i) at = at->mutable_spouse();
  EXPECT_EQ(StripPersonal(TestPlan("Person"), deep.SerializeAsString(), out).code(),
            absl::StatusCode::kResourceExhausted);
}

TEST(StripPersonal, ShowsOverGrpcWhatRestShows) {
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    RandomMessage random(seed);
    std::string wire;
    for (uint64_t parts = random.Below(3) + 1; parts > 0; --parts) {
      test::Person person;
      random.Fill(person);
      wire += person.SerializeAsString();
    }
    const auto rest = ToJson("Person", wire);
    ASSERT_THAT(rest, IsOk());
    const auto grpc = ToJson("Person", Strip(wire), {.omit_personal = false});
    ASSERT_THAT(grpc, IsOk());
    // In whatever order: what needs merging comes by ascending number.
    ASSERT_EQ(nlohmann::json::parse(*grpc), nlohmann::json::parse(*rest)) << seed;
  }
}

}  // namespace
}  // namespace simpul::transcode
