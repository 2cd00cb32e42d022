#include "services/catalogue/route.h"

#include <string>

#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"

namespace simpul::catalogue {
namespace {

using testing::StatusIs;

Route Get(std::string_view path) {
  auto route = Route::Parse("GET", path);
  EXPECT_THAT(route, testing::IsOk());
  return route.ok() ? *route : Route();
}

TEST(Route, ForgetsWhatVariablesAreCalled) {
  EXPECT_EQ(Get("/v1/{name=departments/*/hotspots/*}").Text(), "GET /v1/departments/*/hotspots/*");
  EXPECT_EQ(Get("/v1/{id}:stop").Text(), "GET /v1/*:stop");
  EXPECT_EQ(Get("/v1/{name=files/**}").Text(), "GET /v1/files/**");
}

TEST(Route, IsReadBackFromItsText) {
  const Route route = Get("/v1/{subscription=subscriptions/*}:acknowledge");
  EXPECT_EQ(Get(route.Text().substr(4)), route);
}

TEST(Route, OverlapsWhereOneRequestMatchesBoth) {
  const Route hotspot = Get("/v1/{name=departments/*/hotspots/*}");
  EXPECT_TRUE(hotspot.Overlaps(Get("/v1/departments/dpupr/hotspots/{id}")));
  EXPECT_TRUE(hotspot.Overlaps(Get("/v1/{anything=**}")));
  EXPECT_TRUE(Get("/v1/{x=hotspots/**}").Overlaps(Get("/v1/hotspots")));
  EXPECT_FALSE(hotspot.Overlaps(Get("/v1/{name=departments/*/sessions/*}")));
  EXPECT_FALSE(hotspot.Overlaps(Get("/v1/hotspots")));
  EXPECT_FALSE(hotspot.Overlaps(Get("/v1/{name=departments/*/hotspots/*}:stop")));
  EXPECT_FALSE(hotspot.Overlaps(*Route::Parse("DELETE", "/v1/{name=departments/*/hotspots/*}")));
}

TEST(Route, RefusesWhatIsNoTemplate) {
  for (const std::string path : {"", "v1/x", "/v1/{name", "/v1/name}", "/v1/{=a}", "/v1/{a={b}}",
                                 "/v1//x", "/v1/**/x", "/v1/a*", "/v1/x:"}) {
    EXPECT_THAT(Route::Parse("GET", path), StatusIs(absl::StatusCode::kInvalidArgument)) << path;
  }
}

}  // namespace
}  // namespace simpul::catalogue
