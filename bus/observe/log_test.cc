#include "bus/observe/log.h"

#include <unistd.h>

#include <cmath>
#include <thread>
#include <vector>

#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"

namespace simpul::observe {
namespace {

using ::testing::HasSubstr;
using ::testing::internal::CaptureStderr;
using ::testing::internal::GetCapturedStderr;

google::protobuf::Struct ParseLine(const std::string& line) {
  google::protobuf::Struct parsed;
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(line, &parsed).ok()) << line;
  return parsed;
}

TEST(Log, WritesOneJsonObjectALine) {
  CaptureStderr();
  Log(Severity::kWarning, "wifi", "took a while", {{"rows", 17}, {"load", 0.5}, {"late", true}});
  const std::string line = GetCapturedStderr();
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  auto fields = ParseLine(line).fields();
  EXPECT_EQ(fields["severity"].string_value(), "WARNING");
  EXPECT_EQ(fields["part"].string_value(), "wifi");
  EXPECT_EQ(fields["message"].string_value(), "took a while");
  EXPECT_EQ(fields["rows"].number_value(), 17);
  EXPECT_EQ(fields["load"].number_value(), 0.5);
  EXPECT_TRUE(fields["late"].bool_value());
  EXPECT_THAT(
      fields["time"].string_value(),
      ::testing::MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z"));
}

TEST(Log, EscapesWhatWouldBreakTheLine) {
  const std::string value = "a\"b\\c\nd\te\x01";
  CaptureStderr();
  Log(Severity::kInfo, "wifi", value);
  const std::string line = GetCapturedStderr();
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  auto fields = ParseLine(line).fields();
  EXPECT_EQ(fields["message"].string_value(), value);
}

TEST(Log, StaysJsonWhateverTheBytes) {
  CaptureStderr();
  Log(Severity::kInfo, "wifi", "caf\xc3\xa9 \xff\xc0\x80\xed\xa0\x80\xe2\x82", {{"load", NAN}});
  auto fields = ParseLine(GetCapturedStderr()).fields();
  EXPECT_THAT(fields["message"].string_value(), HasSubstr("caf\xc3\xa9 \xef\xbf\xbd"));
}

TEST(Log, KeepsBelowTheMinimumSilent) {
  SetMinimumSeverity(Severity::kError);
  CaptureStderr();
  Log(Severity::kWarning, "wifi", "quiet");
  Log(Severity::kError, "wifi", "loud");
  const std::string text = GetCapturedStderr();
  SetMinimumSeverity(Severity::kInfo);
  EXPECT_THAT(text, HasSubstr("loud"));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("quiet")));
}

TEST(Log, KeepsLinesOfThreadsApart) {
  CaptureStderr();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([] {
      for (int j = 0; j < 100; ++j) Log(Severity::kInfo, "wifi", std::string(200, 'x'));
    });
  }
  for (auto& thread : threads) thread.join();
  const std::vector<std::string> lines =
      absl::StrSplit(GetCapturedStderr(), '\n', absl::SkipEmpty());
  EXPECT_EQ(lines.size(), 400u);
  for (const std::string& line : lines) ParseLine(line);
}

TEST(StatusText, HasCodeAndMessage) {
  EXPECT_EQ(StatusText(absl::UnavailableError("no broker answers")),
            "UNAVAILABLE: no broker answers");
}

}  // namespace
}  // namespace simpul::observe
