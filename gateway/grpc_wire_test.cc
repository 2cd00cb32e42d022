#include "gateway/grpc_wire.h"

#include <string>

#include "gateway/call.h"
#include "gateway/pass_through.h"
#include "gmock/gmock.h"

namespace simpul::gateway {
namespace {

using ::testing::Optional;

TEST(GrpcTimeout, ReadsEveryUnit) {
  EXPECT_THAT(ParseGrpcTimeout("7n"), Optional(absl::Nanoseconds(7)));
  EXPECT_THAT(ParseGrpcTimeout("7u"), Optional(absl::Microseconds(7)));
  EXPECT_THAT(ParseGrpcTimeout("100m"), Optional(absl::Milliseconds(100)));
  EXPECT_THAT(ParseGrpcTimeout("5S"), Optional(absl::Seconds(5)));
  EXPECT_THAT(ParseGrpcTimeout("5M"), Optional(absl::Minutes(5)));
  EXPECT_THAT(ParseGrpcTimeout("99999999H"), Optional(absl::Hours(99'999'999)));
}

TEST(GrpcTimeout, RefusesWhatTheProtocolDoesNotAllow) {
  for (const char* text :
       {"", "S", "5", "5s", "-5S", "+5S", " 5S", "5 S", "1.5S", "123456789S", "5SS"}) {
    EXPECT_EQ(ParseGrpcTimeout(text), std::nullopt) << text;
  }
}

TEST(GrpcTimeout, WritesWhatItReadsRoundedUp) {
  EXPECT_EQ(FormatGrpcTimeout(absl::Seconds(30)), "30000000u");
  EXPECT_EQ(FormatGrpcTimeout(absl::Hours(1)), "3600000m");
  EXPECT_EQ(FormatGrpcTimeout(absl::Nanoseconds(1)), "1n");
  EXPECT_EQ(FormatGrpcTimeout(absl::Seconds(-1)), "0n");
  EXPECT_THAT(ParseGrpcTimeout(FormatGrpcTimeout(absl::Hours(50'000))),
              Optional(absl::Hours(50'000)));
}

TEST(GrpcMessage, SurvivesTheHeader) {
  const std::string text = "tidak ada 100% \"\xc3\xbc\"\n";
  const std::string encoded = EncodeGrpcMessage(text);
  EXPECT_EQ(encoded, "tidak ada 100%25 \"%C3%BC\"%0A");
  EXPECT_EQ(DecodeGrpcMessage(encoded), text);
}

TEST(GrpcMessage, TakesADamagedOneAsItIs) {
  EXPECT_EQ(DecodeGrpcMessage("50% off"), "50% off");
  EXPECT_EQ(DecodeGrpcMessage("%"), "%");
  EXPECT_EQ(DecodeGrpcMessage("%4"), "%4");
  EXPECT_EQ(DecodeGrpcMessage("%zz"), "%zz");
}

TEST(GrpcStatus, IsUnknownUnlessItIsACode) {
  EXPECT_EQ(ParseGrpcStatus("0"), absl::StatusCode::kOk);
  EXPECT_EQ(ParseGrpcStatus("16"), absl::StatusCode::kUnauthenticated);
  for (const char* text : {"", "17", "-1", "5x", " 5"}) {
    EXPECT_EQ(ParseGrpcStatus(text), absl::StatusCode::kUnknown) << text;
  }
}

TEST(ReadMessage, TellsWholeFromCutAndCompressed) {
  std::string framed(kMessagePrefix, '\0');
  WriteMessagePrefix(3, framed.data());
  framed += "abc+";
  const MessageFrame whole = ReadMessage(framed);
  EXPECT_EQ(whole.result, MessageFrame::Result::kOk);
  EXPECT_EQ(whole.message, "abc");
  EXPECT_EQ(whole.size, 8u);
  EXPECT_EQ(ReadMessage(framed.substr(0, 4)).result, MessageFrame::Result::kIncomplete);
  EXPECT_EQ(ReadMessage(framed.substr(0, 7)).size, 8u);
  framed[0] = 1;
  EXPECT_EQ(ReadMessage(framed).result, MessageFrame::Result::kCompressed);
}

TEST(RequestHead, KnowsGrpcFromItsRelatives) {
  auto is_grpc = [](std::string_view type) {
    RequestHead head;
    head.Note("content-type", type);
    return head.is_grpc();
  };
  EXPECT_TRUE(is_grpc("application/grpc"));
  EXPECT_TRUE(is_grpc("application/grpc+proto"));
  EXPECT_TRUE(is_grpc("application/grpc;charset=utf-8"));
  EXPECT_FALSE(is_grpc("application/grpc-web"));
  EXPECT_FALSE(is_grpc("application/json"));
  EXPECT_FALSE(is_grpc(""));
}

TEST(GoesToPart, KeepsBackTheKeyAndWhatOnlyTheGatewaySays) {
  for (const char* name : {"x-api-key", "simpul-caller-bin", "simpul-anything", ":path",
                           ":authority", "host", "grpc-timeout"}) {
    EXPECT_FALSE(GoesToPart(name)) << name;
  }
  for (const char* name :
       {"content-type", "te", "user-agent", "grpc-encoding", "grpc-accept-encoding", "traceparent",
        "x-request-id", "simple", "hello"}) {
    EXPECT_TRUE(GoesToPart(name)) << name;
  }
}

}  // namespace
}  // namespace simpul::gateway
