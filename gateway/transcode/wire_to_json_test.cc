#include "gateway/transcode/wire_to_json.h"

#include <string>

#include "bus/testing/status_matchers.h"
#include "gateway/transcode/testdata/library.pb.h"
#include "gateway/transcode/testdata/test_contract.h"
#include "gateway/transcode/testdata/zoo.pb.h"
#include "gmock/gmock.h"

namespace simpul::transcode {
namespace {

using ::simpul::testing::IsOk;
using ::simpul::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::Not;

std::string Print(const google::protobuf::Message& message, const WireToJsonOptions& options = {}) {
  auto json = ToJson(message.GetDescriptor()->full_name(), message.SerializeAsString(), options);
  EXPECT_THAT(json, IsOk());
  return json.value_or("");
}

// A Zoo with this child.
std::string Child(const std::string& child) {
  std::string wire = "\xfa\x03";
  size_t n = child.size();
  for (; n > 127; n >>= 7) wire += static_cast<char>(n | 128);
  wire += static_cast<char>(n);
  return wire + child;
}

test::Person Somebody() {
  test::Person person;
  person.set_name("a");
  person.set_nik("3672000000000001");
  person.add_phones("0812");
  person.mutable_spouse()->set_nik("3672000000000002");
  person.set_home("Jl. Merdeka 1");
  (*person.mutable_devices())["aa:bb"].set_name("x");
  return person;
}

TEST(WireToJson, LeavesOutWhatIsPersonalAtAnyDepth) {
  test::Person person = Somebody();
  person.mutable_any()->PackFrom(Somebody());
  EXPECT_EQ(Print(person),
            "{\"name\":\"a\",\"spouse\":{},\"any\":{\"@type\":\"type.googleapis.com/"
            "simpul.transcode.test.Person\",\"name\":\"a\",\"spouse\":{}}}");
  EXPECT_THAT(Print(person, {.omit_personal = false}), HasSubstr("3672000000000002"));
}

TEST(WireToJson, APersonalMemberOfAOneofStillTakesTheOthersPlace) {
  test::Person office;
  office.set_office("o");
  test::Person home;
  home.set_home("h");
  auto json = ToJson("Person", office.SerializeAsString() + home.SerializeAsString());
  ASSERT_THAT(json, IsOk());
  EXPECT_EQ(*json, "{}");
  json = ToJson("Person", home.SerializeAsString() + office.SerializeAsString());
  ASSERT_THAT(json, IsOk());
  EXPECT_EQ(*json, "{\"office\":\"o\"}");
}

TEST(WireToJson, PersonalFieldsAreNoResponseBody) {
  Buffer out;
  const MessagePlan& plan = TestPlan("Person");
  std::string wire = Somebody().SerializeAsString();
  ASSERT_THAT(WireToJson(plan, *plan.FindName("phones"), wire, out), IsOk());
  EXPECT_EQ(out.view(), "[]");
}

TEST(WireToJson, PrintsTheFieldOfAResponseBody) {
  test::ListBooksResponse response;
  response.add_books()->set_title("a");
  response.set_next_page_token("t");
  response.add_books()->set_title("b");
  const MessagePlan& plan = TestPlan("ListBooksResponse");
  auto field = [&](const char* name, const std::string& wire) {
    Buffer out;
    EXPECT_THAT(WireToJson(plan, *plan.FindName(name), wire, out), IsOk());
    return std::string(out.view());
  };
  EXPECT_EQ(field("books", response.SerializeAsString()), "[{\"title\":\"a\"},{\"title\":\"b\"}]");
  EXPECT_EQ(field("next_page_token", response.SerializeAsString()), "\"t\"");
  EXPECT_EQ(field("books", ""), "[]");
  EXPECT_EQ(field("next_page_token", ""), "\"\"");
}

TEST(WireToJson, TheDefaultOfAResponseBodyIsThatOfItsKind) {
  auto field = [](const char* message, const char* name) {
    Buffer out;
    const MessagePlan& plan = TestPlan(message);
    EXPECT_THAT(WireToJson(plan, *plan.FindName(name), "", out), IsOk());
    return std::string(out.view());
  };
  EXPECT_EQ(field("Scalars", "f_int64"), "\"0\"");
  EXPECT_EQ(field("Scalars", "f_bool"), "false");
  EXPECT_EQ(field("Scalars", "f_color"), "\"COLOR_UNSPECIFIED\"");
  EXPECT_EQ(field("Scalars", "f_double"), "0");
  EXPECT_EQ(field("Zoo", "child"), "{}");
  EXPECT_EQ(field("WellKnown", "time"), "null");
  EXPECT_EQ(field("Maps", "m_string"), "{}");
}

TEST(WireToJson, SkipsUnknownFieldsAndGroups) {
  std::string wire = "\xc2\x3e\x01x";                  // 1000: "x"
  wire += std::string("\xcb\x3e\x08\x01\xcc\x3e", 6);  // Group 1001 {1: 1}
  wire += "\x18\x05";                                  // f_int32: 5
  wire += std::string("\x1d\0\0\0\0", 5);              // 3 with another wire type
  auto json = ToJson("Scalars", wire);
  ASSERT_THAT(json, IsOk());
  EXPECT_EQ(*json, "{\"fInt32\":5}");
}

TEST(WireToJson, OfEqualMapKeysTheLastWins) {
  std::string entries = "\x0a\x05\x0a\x01k\x10\x01";
  entries += "\x0a\x05\x0a\x01j\x10\x02";
  entries += "\x0a\x05\x0a\x01k\x10\x03";
  auto json = ToJson("Maps", entries);
  ASSERT_THAT(json, IsOk());
  EXPECT_EQ(*json, "{\"mString\":{\"j\":\"2\",\"k\":\"3\"}}");
}

TEST(WireToJson, EntriesWithoutKeyOrValueHaveDefaults) {
  auto json = ToJson("Maps", std::string("\x0a\0", 2));
  ASSERT_THAT(json, IsOk());
  EXPECT_EQ(*json, "{\"mString\":{\"\":\"0\"}}");
  json = ToJson("Maps", std::string("\x12\0\x62\0", 4));
  ASSERT_THAT(json, IsOk());
  EXPECT_EQ(*json, "{\"mInt32\":{\"0\":{}},\"mBool\":{\"false\":\"COLOR_UNSPECIFIED\"}}");
}

TEST(WireToJson, RefusesMalformedBytesByField) {
  EXPECT_THAT(ToJson("Zoo", std::string("\x0a\x02\x18", 3)),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("scalars")));
  test::Zoo zoo;
  zoo.mutable_repeated()->add_r_string("ok");
  zoo.mutable_repeated()->add_r_bytes("x");
  std::string wire = zoo.SerializeAsString();
  wire[wire.find("ok")] = '\xff';
  EXPECT_THAT(ToJson("Zoo", wire),
              StatusIs(absl::StatusCode::kInternal, "repeated.r_string[0]: not UTF-8"));
  for (const std::string& bad :
       {std::string("\0\0", 2), std::string("\x07"), std::string("\x18\x80"),
        std::string("\x0b\x0b"), std::string("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")}) {
    EXPECT_THAT(ToJson("Scalars", bad), StatusIs(absl::StatusCode::kInternal));
  }
}

TEST(WireToJson, RefusesTimesThatJsonCannotSay) {
  test::WellKnown known;
  known.mutable_time()->set_seconds(253402300800);
  EXPECT_THAT(ToJson("WellKnown", known.SerializeAsString()),
              StatusIs(absl::StatusCode::kInternal, "time: out of range"));
  known.Clear();
  known.mutable_value()->set_number_value(std::numeric_limits<double>::infinity());
  EXPECT_THAT(ToJson("WellKnown", known.SerializeAsString()),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("value")));
}

TEST(WireToJson, LimitsDepthAndOutput) {
  auto nested = [](int depth) {
    std::string wire;
    for (int i = 0; i < depth; ++i) wire = Child(wire);
    return wire;
  };
  EXPECT_THAT(ToJson("Zoo", nested(63)), IsOk());
  EXPECT_THAT(ToJson("Zoo", nested(64)), StatusIs(absl::StatusCode::kResourceExhausted));
  test::Scalars scalars;
  scalars.set_f_string(std::string(100, '\x01'));
  EXPECT_THAT(ToJson("Scalars", scalars.SerializeAsString(), {.max_output = 500}),
              StatusIs(absl::StatusCode::kResourceExhausted));
}

// At each level a child that is fine, and then the same field again: trying the usual way first at
// every level would double the work with each.
TEST(WireToJson, DuplicatesAtEveryLevelDoNotMultiplyTheWork) {
  std::string wire;
  for (int i = 0; i < 60; ++i) {
    wire = Child(wire) + Child("");
  }
  EXPECT_THAT(ToJson("Zoo", wire), IsOk());
}

TEST(WireToJson, AnErrorLeavesTheBufferAsItWas) {
  Buffer out;
  out.Append("before");
  EXPECT_THAT(WireToJson(TestPlan("Scalars"), "\x18\x05\x18", out), Not(IsOk()));
  EXPECT_EQ(out.view(), "before");
}

TEST(WireToJson, RefusesAnAnyOfAnUnknownType) {
  test::WellKnown known;
  known.mutable_any()->set_type_url("x/not.Known");
  known.mutable_any()->set_value("\x01\x02\x03");
  Buffer out;
  const absl::Status status =
      WireToJson(TestPlan("WellKnown"), known.SerializeAsString(), out, {.omit_personal = false});
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("an Any of a type that the contract does not have"));
  EXPECT_TRUE(out.empty());
}

}  // namespace
}  // namespace simpul::transcode
