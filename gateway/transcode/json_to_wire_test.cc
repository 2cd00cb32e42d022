#include "gateway/transcode/json_to_wire.h"

#include <string>

#include "bus/testing/status_matchers.h"
#include "gateway/transcode/testdata/test_contract.h"
#include "gateway/transcode/testdata/zoo.pb.h"
#include "gateway/transcode/text.h"
#include "gmock/gmock.h"

namespace simpul::transcode {
namespace {

using ::simpul::testing::IsOk;
using ::simpul::testing::StatusIs;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

template <class T>
T Read(std::string_view type, std::string_view json) {
  T message;
  auto wire = ToWire(type, json);
  EXPECT_THAT(wire, IsOk()) << json;
  EXPECT_TRUE(wire.ok() && message.ParseFromString(*wire)) << json;
  return message;
}

TEST(JsonToWire, RefusesWhatIsNotStrictJson) {
  const std::string kRefused[] = {"",
                                  " ",
                                  "[]",
                                  "1",
                                  "null",
                                  "{",
                                  "{} x",
                                  "{}{}",
                                  "{/**/}",
                                  "\xef\xbb\xbf{}",
                                  "{'fInt32':1}",
                                  "{fInt32:1}",
                                  "{\"fInt32\":1,}",
                                  "{,\"fInt32\":1}",
                                  "{\"fInt32\" 1}",
                                  "{\"fInt32\":1",
                                  "{\"fInt32\":}",
                                  "{\"fInt32\":01}",
                                  "{\"fInt32\":+1}",
                                  "{\"fInt32\":-}",
                                  "{\"fInt32\":1 2}",
                                  "{\"fDouble\":.5}",
                                  "{\"fDouble\":1.}",
                                  "{\"fDouble\":1e}",
                                  "{\"fDouble\":NaN}",
                                  "{\"fDouble\":Infinity}",
                                  "{\"fDouble\":0x10}",
                                  "{\"fDouble\":-.1}",
                                  "{\"fBool\":True}",
                                  "{\"fBool\":truefalse}",
                                  "{\"fInt32\":nul}",
                                  "{\"fString\":\"a\nb\"}",
                                  "{\"fString\":\"\\x41\"}",
                                  "{\"fString\":\"\\u12g4\"}",
                                  "{\"fString\":\"\\ud800\"}",
                                  "{\"fString\":\"\\udc00\"}",
                                  "{\"fString\":\"\\ud800\\u0041\"}",
                                  "{\"fString\":\"\xc3\"}",
                                  "{\"fString\":\"\xc0\xaf\"}",
                                  "{\"fString\":\"\xed\xa0\x80\"}",
                                  "{\"fString\":\"\xf4\x90\x80\x80\"}",
                                  "{\"fString\":\"abc}",
                                  "{\"fString\":\"abc\\",
                                  std::string("{\"fString\":\"a\0b\"}", 17),
                                  std::string("{}\0", 3)};
  for (const std::string& json : kRefused) {
    EXPECT_THAT(ToWire("Scalars", json), StatusIs(kInvalid)) << json;
  }
}

TEST(JsonToWire, RefusesWhatDoesNotFitTheContract) {
  const char* const kRefused[] = {"{\"nope\":1}",
                                  "{\"FInt32\":1}",
                                  "{\"fInt32\":1,\"fInt32\":2}",
                                  "{\"fInt32\":1,\"f_int32\":1}",
                                  "{\"fInt32\":null,\"fInt32\":1}",
                                  "{\"fInt32\":1.5}",
                                  "{\"fInt32\":1e-1}",
                                  "{\"fInt32\":2147483648}",
                                  "{\"fInt32\":-2147483649}",
                                  "{\"fInt32\":\"\"}",
                                  "{\"fInt32\":\" 1\"}",
                                  "{\"fInt32\":\"1 \"}",
                                  "{\"fInt32\":\"+1\"}",
                                  "{\"fInt32\":true}",
                                  "{\"fInt32\":[1]}",
                                  "{\"fInt32\":{}}",
                                  "{\"fUint32\":-1}",
                                  "{\"fUint32\":4294967296}",
                                  "{\"fInt64\":\"9223372036854775808\"}",
                                  "{\"fInt64\":\"-9223372036854775809\"}",
                                  "{\"fUint64\":18446744073709551616}",
                                  "{\"fUint64\":1e20}",
                                  "{\"fInt64\":1e400}",
                                  "{\"fFixed32\":-1}",
                                  "{\"fSint32\":2147483648}",
                                  "{\"fFloat\":1e39}",
                                  "{\"fDouble\":1e400}",
                                  "{\"fDouble\":\"inf\"}",
                                  "{\"fDouble\":true}",
                                  "{\"fString\":1}",
                                  "{\"fString\":true}",
                                  "{\"fBool\":\"true\"}",
                                  "{\"fBool\":1}",
                                  "{\"fBytes\":\"a\"}",
                                  "{\"fBytes\":\"ab=\"}",
                                  "{\"fBytes\":\"a===\"}",
                                  "{\"fBytes\":\"*\"}",
                                  "{\"fBytes\":\"YQ=b\"}",
                                  "{\"fBytes\":\"=\"}",
                                  "{\"fColor\":\"BLUE\"}",
                                  "{\"fColor\":\"red\"}",
                                  "{\"fColor\":2147483648}",
                                  "{\"fColor\":1.5}",
                                  "{\"fColor\":\"1\"}"};
  for (const char* json : kRefused) {
    EXPECT_THAT(ToWire("Scalars", json), StatusIs(kInvalid)) << json;
  }
  EXPECT_THAT(ToWire("Repeated", "{\"rInt32\":1}"), StatusIs(kInvalid));
  EXPECT_THAT(ToWire("Repeated", "{\"rInt32\":[1,]}"), StatusIs(kInvalid));
  EXPECT_THAT(ToWire("Repeated", "{\"rInt32\":[1,null]}"), StatusIs(kInvalid));
  EXPECT_THAT(ToWire("Repeated", "{\"rInt32\":[[1]]}"), StatusIs(kInvalid));
  EXPECT_THAT(ToWire("Repeated", "{\"rLeaf\":[null]}"), StatusIs(kInvalid));
  EXPECT_THAT(ToWire("Zoo", "{\"pickInt\":1,\"pickString\":\"x\"}"), StatusIs(kInvalid));
}

TEST(JsonToWire, RefusesMapKeysThatRepeatOrDoNotFit) {
  const char* const kRefused[] = {"{\"mString\":{\"a\":1,\"a\":2}}",
                                  "{\"mString\":{\"a\":1,\"\\u0061\":2}}",
                                  "{\"mString\":{\"\":1,\"\":2}}",
                                  "{\"mString\":{\"a\":null}}",
                                  "{\"mString\":[]}",
                                  "{\"mInt32\":{\"1\":{},\"1\":{}}}",
                                  "{\"mInt32\":{\"x\":{}}}",
                                  "{\"mInt32\":{\"01\":{}}}",
                                  "{\"mInt32\":{\"1.0\":{}}}",
                                  "{\"mInt32\":{\"2147483648\":{}}}",
                                  "{\"mInt32\":{\"\":{}}}",
                                  "{\"mInt32\":{\"-\":{}}}",
                                  "{\"mInt32\":{1:{}}}",
                                  "{\"mUint32\":{\"-1\":1}}",
                                  "{\"mInt32\":{\"0\":{},\"-0\":{}}}",
                                  "{\"mBool\":{\"TRUE\":\"RED\"}}",
                                  "{\"mBool\":{\"true\":\"RED\",\"true\":\"RED\"}}"};
  for (const char* json : kRefused) EXPECT_THAT(ToWire("Maps", json), StatusIs(kInvalid)) << json;
}

TEST(JsonToWire, TakesEverySpellingOfANumber) {
  auto m = Read<test::Scalars>(
      "Scalars",
      "{\"fInt32\":1e2,\"f_int64\":\"-12\",\"fUint64\":\"18446744073709551615\",\"fSint32\":-0,"
      "\"fUint32\":100.00,\"fSint64\":12345678901234567.89e2,\"fFixed64\":1000000000000000000e1,"
      "\"fDouble\":\"1.5\",\"fFloat\":\"-Infinity\",\"fColor\":-3,\"fSfixed64\":-"
      "9223372036854775808}");
  EXPECT_EQ(m.f_int32(), 100);
  EXPECT_EQ(m.f_int64(), -12);
  EXPECT_EQ(m.f_uint64(), ~uint64_t{0});
  EXPECT_EQ(m.f_uint32(), 100u);
  EXPECT_EQ(m.f_sint64(), 1234567890123456789);  // A double would have rounded it.
  EXPECT_EQ(m.f_fixed64(), 10000000000000000000u);
  EXPECT_EQ(m.f_double(), 1.5);
  EXPECT_EQ(m.f_float(), -std::numeric_limits<float>::infinity());
  EXPECT_EQ(m.f_color(), test::NEGATIVE);
  EXPECT_EQ(m.f_sfixed64(), std::numeric_limits<int64_t>::min());
  auto tiny = Read<test::Scalars>("Scalars", "{\"fDouble\":1e-400,\"fFloat\":1e-60}");
  EXPECT_EQ(tiny.f_double(), 0);
}

TEST(JsonToWire, UnescapesText) {
  auto m = Read<test::Scalars>(
      "Scalars",
      "{\"f\\u0053tring\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u6f22\\ud83d\\ude00 é漢😀\"}");
  EXPECT_EQ(m.f_string(), "\"\\/\b\f\n\r\té漢😀 é漢😀");
  std::string text(100, 'x');
  auto bytes = Read<test::Scalars>("Scalars", "{\"fString\":\"" + text + "\\n" + text + "\"}");
  EXPECT_EQ(bytes.f_string(), text + "\n" + text);
}

TEST(JsonToWire, TakesBase64OfBothAlphabets) {
  for (const char* text : {"-_8", "+/8=", "-_8=", "+/8"}) {
    auto m = Read<test::Scalars>("Scalars", std::string("{\"fBytes\":\"") + text + "\"}");
    EXPECT_EQ(m.f_bytes(), "\xfb\xff") << text;
  }
}

TEST(JsonToWire, NullMeansNotSet) {
  auto m = Read<test::Zoo>("Zoo",
                           "{\"scalars\":{\"fInt32\":null,\"maybeInt32\":null},\"repeated\":null,"
                           "\"maps\":{\"mString\":null},\"pickInt\":null,\"pickString\":\"x\","
                           "\"known\":{\"wInt32\":null,\"value\":null,\"time\":null}}");
  EXPECT_FALSE(m.scalars().has_maybe_int32());
  EXPECT_FALSE(m.has_repeated());
  EXPECT_EQ(m.pick_string(), "x");
  EXPECT_FALSE(m.known().has_w_int32());
  EXPECT_TRUE(m.known().value().has_null_value());  // Here null is a value.
}

TEST(JsonToWire, WritesDefaultsOnlyWhereTheyHavePresence) {
  EXPECT_THAT(*ToWire("Scalars", "{\"fInt32\":0,\"fString\":\"\",\"fBool\":false,\"fDouble\":0.0}"),
              Eq(""));
  auto m =
      Read<test::Scalars>("Scalars", "{\"maybeInt32\":0,\"maybeString\":\"\",\"fDouble\":-0.0}");
  EXPECT_TRUE(m.has_maybe_int32());
  EXPECT_TRUE(m.has_maybe_string());
  EXPECT_TRUE(std::signbit(m.f_double()));
}

TEST(JsonToWire, ErrorsNameTheFieldAndNeverTheValue) {
  EXPECT_THAT(ToWire("Zoo", "{\"child\":{\"repeated\":{\"rLeaf\":[{},{\"marks\":[7,-99]}]}}}"),
              StatusIs(kInvalid, Eq("child.repeated.r_leaf[1].marks[1]: out of range at byte 46")));
  const char* const kSecret[] = {"{\"scalars\":{\"fInt32\":\"secret\"}}",
                                 "{\"secret\":1}",
                                 "{\"scalars\":{\"fColor\":\"secret\"}}",
                                 "{\"maps\":{\"mString\":{\"secret\":true}}}",
                                 "{\"maps\":{\"mInt32\":{\"secret\":{}}}}",
                                 "{\"known\":{\"time\":\"secret\"}}",
                                 "{\"known\":{\"any\":{\"@type\":\"secret\"}}}",
                                 "{\"known\":{\"mask\":\"secret!\"}}",
                                 "{\"scalars\":{\"fInt32\":secret}}",
                                 "{\"known\":{\"structure\":{\"secret\":secret}}}"};
  for (const char* json : kSecret) {
    EXPECT_THAT(ToWire("Zoo", json), StatusIs(kInvalid, Not(HasSubstr("secret")))) << json;
  }
  EXPECT_THAT(ToWire("Zoo", "{\"maps\":{\"mString\":{\"a\":1,\"b\":true}}}"),
              StatusIs(kInvalid, HasSubstr("maps.m_string[1]: expected an integer")));
}

TEST(JsonToWire, AnErrorLeavesTheBufferAsItWas) {
  Buffer text;
  text.Append("{\"fString\":\"abc\",\"fInt32\":x}");
  Buffer out;
  out.Append("before");
  EXPECT_THAT(JsonToWire(TestPlan("Scalars"), text.Padded(), out), StatusIs(kInvalid));
  EXPECT_EQ(out.view(), "before");
}

TEST(JsonToWire, LimitsDepthAndOutput) {
  auto nested = [](int depth) {
    std::string json;
    for (int i = 0; i < depth; ++i) json += "{\"child\":";
    json += "{}";
    return json + std::string(static_cast<size_t>(depth), '}');
  };
  EXPECT_THAT(ToWire("Zoo", nested(63)), IsOk());
  EXPECT_THAT(ToWire("Zoo", nested(64)), StatusIs(kInvalid, HasSubstr("nested too deeply")));
  std::string lists = "{\"known\":{\"list\":" + std::string(100000, '[');
  EXPECT_THAT(ToWire("Zoo", lists), StatusIs(kInvalid, HasSubstr("nested too deeply")));
  EXPECT_THAT(ToWire("Repeated", "{\"rFixed64\":[1,2,3,4,5,6,7,8]}", {.max_output = 40}),
              StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(ToWire("Repeated", "{\"rFixed64\":[1,2,3,4]}", {.max_output = 40}), IsOk());
}

TEST(JsonToWire, ReadsOneField) {
  auto field = [](std::string_view name, std::string_view json) {
    Buffer text;
    text.Append(json);
    Buffer out;
    absl::Status status = JsonToWire(*TestPlan("Zoo").FindName(name), text.Padded(), out);
    EXPECT_THAT(status, IsOk());
    test::Zoo zoo;
    EXPECT_TRUE(zoo.ParseFromArray(out.data(), static_cast<int>(out.size())));
    return zoo;
  };
  EXPECT_EQ(field("scalars", " {\"fInt32\":7} ").scalars().f_int32(), 7);
  EXPECT_EQ(field("pick_string", "\"x\"").pick_string(), "x");
  EXPECT_EQ(field("scalars", "null").ByteSizeLong(), 0u);
}

TEST(JsonToWire, ReadsWellKnownTypes) {
  auto m = Read<test::WellKnown>(
      "WellKnown",
      "{\"time\":\"2026-01-31T23:59:59.5+07:00\",\"duration\":\"-1.000000001s\","
      "\"mask\":\"displayName,a.bC\",\"empty\":{},\"wInt64\":\"5\",\"wString\":\"\",\"wBool\":true,"
      "\"structure\":{\"a\":[1,null,{\"b\":false}],\"c\":\"x\"},\"value\":[],\"list\":[1],"
      "\"any\":{\"name\":\"x\",\"@type\":\"type.googleapis.com/simpul.transcode.test.Leaf\"}}");
  EXPECT_EQ(m.time().seconds(), 1769878799);
  EXPECT_EQ(m.time().nanos(), 500000000);
  EXPECT_EQ(m.duration().seconds(), -1);
  EXPECT_EQ(m.duration().nanos(), -1);
  EXPECT_THAT(m.mask().paths(), ::testing::ElementsAre("display_name", "a.b_c"));
  EXPECT_TRUE(m.has_empty());
  EXPECT_EQ(m.w_int64().value(), 5);
  EXPECT_TRUE(m.has_w_string());
  EXPECT_EQ(m.structure().fields().at("a").list_value().values_size(), 3);
  EXPECT_TRUE(m.value().has_list_value());
  test::Leaf leaf;
  ASSERT_TRUE(m.any().UnpackTo(&leaf));
  EXPECT_EQ(leaf.name(), "x");
}

TEST(JsonToWire, ReadsAnyOfSpecialTypesAndRefusesUnknownOnes) {
  auto duration = Read<test::WellKnown>(
      "WellKnown", "{\"any\":{\"@type\":\"x/google.protobuf.Duration\",\"value\":\"2s\"}}");
  EXPECT_EQ(duration.any().value(), "\x08\x02");
  const char* const kRefused[] = {
      "{\"any\":{\"value\":\"AQID\"}}",
      "{\"any\":{\"@type\":\"x/not.Known\"}}",
      "{\"any\":{\"value\":\"AQID\",\"@type\":\"x/not.Known\"}}",
      "{\"any\":{\"@type\":\"x/not.Known\",\"value\":1}}",
      "{\"any\":{\"@type\":\"x/not.Known\",\"value\":\"AQID\",\"more\":1}}",
      "{\"any\":{\"@type\":\"not.Known\",\"value\":\"AQID\"}}",
      "{\"any\":{\"@type\":\"x/\",\"value\":\"AQID\"}}",
      "{\"any\":{\"@type\":1}}",
      "{\"any\":{\"@type\":\"x/simpul.transcode.test.Leaf\",\"nope\":1}}",
      "{\"any\":{\"@type\":\"x/simpul.transcode.test.Leaf\",\"name\":\"a\",\"name\":\"b\"}}",
      R"({"any":{"@type":"x/simpul.transcode.test.Leaf","@type":"x/simpul.transcode.test.Leaf"}})",
      "{\"any\":[]}"};
  for (const char* json : kRefused) {
    EXPECT_THAT(ToWire("WellKnown", json), StatusIs(kInvalid)) << json;
  }
}

TEST(JsonToWire, AnInAnyWithItsTypeLastIsNotReadAgainAndAgain) {
  std::string json = "\"" + std::string(1 << 16, 'x') + "\"";
  std::string open;
  std::string close;
  for (int i = 0; i < 30; ++i) {
    open += "{\"value\":";
    close += ",\"@type\":\"x/google.protobuf.Any\"}";
  }
  EXPECT_THAT(ToWire("WellKnown", "{\"any\":" + open + json + close + "}"),
              StatusIs(kInvalid, HasSubstr("must come first")));
}

TEST(Text, BothWaysOfLookingAtSixteenBytesAgree) {
  std::string text(16, 'a');
  for (size_t at = 0; at < 16; ++at) {
    for (int c = 0; c < 256; ++c) {
      text[at] = static_cast<char>(c);
      ASSERT_EQ(PlainPrefix(text.data()), PlainPrefixPortable(text.data())) << at << " " << c;
      text[(at + 5) % 16] = '"';
      ASSERT_EQ(PlainPrefix(text.data()), PlainPrefixPortable(text.data())) << at << " " << c;
      text[(at + 5) % 16] = 'a';
    }
    text[at] = 'a';
  }
}

}  // namespace
}  // namespace simpul::transcode
