#include "gateway/transcode/well_known.h"

#include <string>

#include "gmock/gmock.h"

namespace simpul::transcode {
namespace {

TEST(Timestamp, ReadsWhatRfc3339Allows) {
  Instant value;
  ASSERT_TRUE(ParseTimestamp("1970-01-01T00:00:00Z", value));
  EXPECT_EQ(value.seconds, 0);
  ASSERT_TRUE(ParseTimestamp("0001-01-01T00:00:00Z", value));
  EXPECT_EQ(value.seconds, -62135596800);
  ASSERT_TRUE(ParseTimestamp("9999-12-31T23:59:59.999999999Z", value));
  EXPECT_EQ(value.seconds, 253402300799);
  EXPECT_EQ(value.nanos, 999999999);
  ASSERT_TRUE(ParseTimestamp("2000-02-29T07:00:00.1+07:00", value));
  EXPECT_EQ(value.seconds, 951782400);
  EXPECT_EQ(value.nanos, 100000000);
}

TEST(Timestamp, RefusesTheRest) {
  for (const char* text : {"",
                           "2026",
                           "2026-02-30T00:00:00Z",
                           "1900-02-29T00:00:00Z",
                           "2026-13-01T00:00:00Z",
                           "2026-00-01T00:00:00Z",
                           "2026-01-00T00:00:00Z",
                           "2026-01-01T24:00:00Z",
                           "2026-01-01T00:60:00Z",
                           "2026-01-01T00:00:60Z",
                           "2026-01-01t00:00:00Z",
                           "2026-01-01 00:00:00Z",
                           "2026-01-01T00:00:00",
                           "2026-01-01T00:00:00z",
                           "2026-01-01T00:00:00.Z",
                           "2026-01-01T00:00:00.1234567890Z",
                           "2026-01-01T00:00:00+7:00",
                           "2026-01-01T00:00:00+24:00",
                           "2026-01-01T00:00:00Zx",
                           "0000-01-01T00:00:00Z",
                           "0001-01-01T00:00:00+00:01",
                           "9999-12-31T23:59:59-00:01",
                           "-026-01-01T00:00:00Z"}) {
    Instant value;
    EXPECT_FALSE(ParseTimestamp(text, value)) << text;
  }
}

TEST(Timestamp, EveryDayComesBack) {
  for (int64_t day = -719162; day <= 2932896; day += 13) {
    char text[kInstantTextSize];
    Instant value{day * 86400 + 86399, 0};
    char* end = FormatTimestamp(value, text);
    ASSERT_NE(end, nullptr);
    Instant read;
    ASSERT_TRUE(ParseTimestamp({text, static_cast<size_t>(end - text)}, read));
    ASSERT_EQ(read.seconds, value.seconds);
  }
}

TEST(Duration, HasOneSignAndABound) {
  auto format = [](Instant value) {
    char text[kInstantTextSize];
    char* end = FormatDuration(value, text);
    return end == nullptr ? "refused" : std::string(text, end);
  };
  EXPECT_EQ(format({0, 0}), "0s");
  EXPECT_EQ(format({0, -500000000}), "-0.500s");
  EXPECT_EQ(format({-1, -1}), "-1.000000001s");
  EXPECT_EQ(format({315576000000, 0}), "315576000000s");
  EXPECT_EQ(format({315576000001, 0}), "refused");
  EXPECT_EQ(format({1, -1}), "refused");
  EXPECT_EQ(format({0, 1000000000}), "refused");
  Instant value;
  for (const char* text : {"", "s", "1", "1 s", "+1s", "1.s", ".5s", "1.0000000000s", "--1s", "1sx",
                           "315576000001s", "315576000000.000000001s", "9999999999999s"}) {
    EXPECT_FALSE(ParseDuration(text, value)) << text;
  }
  ASSERT_TRUE(ParseDuration("-0.25s", value));
  EXPECT_EQ(value.nanos, -250000000);
}

TEST(FieldMask, PathsThatWouldNotComeBackAreRefused) {
  Buffer out;
  for (const char* path : {"a_1", "a__b", "_", "a_", "aB", ".a", "a..b", "a.", "", "a-b"}) {
    EXPECT_FALSE(AppendMaskPathToJson(path, out)) << path;
  }
  for (const char* path : {"a_b", ".a", "a..b", "a.", "", "a b"}) {
    EXPECT_FALSE(AppendMaskPathFromJson(path, out)) << path;
  }
  out.Clear();
  EXPECT_TRUE(AppendMaskPathToJson("display_name.x1", out));
  EXPECT_EQ(out.view(), "displayName.x1");
}

TEST(Base64, EveryLengthComesBack) {
  std::string bytes;
  for (int i = 0; i < 70; ++i, bytes += static_cast<char>(i * 37)) {
    Buffer text;
    AppendToBase64(bytes, text);
    Buffer back;
    ASSERT_TRUE(AppendFromBase64(text.view(), back));
    ASSERT_EQ(back.view(), bytes);
  }
}

}  // namespace
}  // namespace simpul::transcode
