#include "gateway/transcode/rest_error.h"

#include <string>

#include "gmock/gmock.h"
#include "nlohmann/json.hpp"

namespace simpul::transcode {
namespace {

std::string Written(absl::StatusCode code, std::string_view message) {
  Buffer out;
  WriteError(code, message, out);
  return std::string(out.view());
}

TEST(RestError, IsTheFormOfGoogleApis) {
  EXPECT_EQ(Written(absl::StatusCode::kNotFound, "no such hotspot"),
            "{\"error\":{\"code\":404,\"status\":\"NOT_FOUND\",\"message\":\"no such hotspot\"}}");
  Buffer out;
  WriteError(405, absl::StatusCode::kUnimplemented, "use GET", out);
  EXPECT_EQ(out.view(),
            "{\"error\":{\"code\":405,\"status\":\"UNIMPLEMENTED\",\"message\":\"use GET\"}}");
}

TEST(RestError, AnyMessageIsGoodJson) {
  for (int c = 0; c < 256; ++c) {
    for (size_t length : {1u, 15u, 16u, 40u}) {
      std::string text =
          Written(absl::StatusCode::kInternal, std::string(length, static_cast<char>(c)));
      ASSERT_TRUE(nlohmann::json::accept(text)) << c << text;
    }
  }
  EXPECT_THAT(Written(absl::StatusCode::kInternal, "a\xff\xc3(b\xe2\x82"),
              ::testing::HasSubstr("a\uFFFD\uFFFD(b\uFFFD\uFFFD\""));
}

TEST(RestError, EveryCodeHasItsStatus) {
  EXPECT_EQ(HttpStatus(absl::StatusCode::kOk), 200);
  EXPECT_EQ(HttpStatus(absl::StatusCode::kInvalidArgument), 400);
  EXPECT_EQ(HttpStatus(absl::StatusCode::kUnauthenticated), 401);
  EXPECT_EQ(HttpStatus(absl::StatusCode::kResourceExhausted), 429);
  EXPECT_EQ(HttpStatus(absl::StatusCode::kCancelled), 499);
  EXPECT_EQ(HttpStatus(absl::StatusCode::kDataLoss), 500);
  EXPECT_EQ(HttpStatus(absl::StatusCode::kUnimplemented), 501);
  EXPECT_EQ(HttpStatus(static_cast<absl::StatusCode>(99)), 500);
  EXPECT_EQ(CodeName(static_cast<absl::StatusCode>(99)), "UNKNOWN");
  for (int code = 0; code <= 16; ++code) {
    auto status = static_cast<absl::StatusCode>(code);
    EXPECT_EQ(CodeName(status), absl::StatusCodeToString(status));
  }
  for (int http : {200, 400, 401, 403, 404, 409, 429, 499, 500, 501, 503, 504}) {
    EXPECT_EQ(HttpStatus(CodeOfHttpStatus(http)), http);
  }
  EXPECT_EQ(CodeOfHttpStatus(418), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(CodeOfHttpStatus(302), absl::StatusCode::kUnknown);
}

}  // namespace
}  // namespace simpul::transcode
