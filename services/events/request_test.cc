#include "services/events/request.h"

#include <string>

#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "simpul/events/v1/events.pb.h"

namespace simpul::events {
namespace {

using ::simpul::testing::IsOk;
using ::simpul::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

TEST(Request, TypesAreSortedAndTakenOnce) {
  v1::SubscribeRequest request;
  for (const char* type : {"b.v1.B", "a.v1.A", "b.v1.B"}) request.add_types(type);
  absl::StatusOr<std::vector<std::string>> types = ReadTypes(request.types());
  ASSERT_THAT(types, IsOk());
  EXPECT_THAT(*types, ElementsAre("a.v1.A", "b.v1.B"));
}

TEST(Request, TypesThatAreNoneOrNoNamesAreRefusedWithoutTheirValue) {
  EXPECT_THAT(ReadTypes({}), StatusIs(kInvalid, HasSubstr("at least one")));
  for (const std::string& bad :
       {std::string(), std::string("a b"), std::string(".a"), std::string("a."),
        std::string("a..b"), std::string("1a"), std::string("a\n"), std::string(513, 'a')}) {
    v1::SubscribeRequest request;
    request.add_types("a.v1.A");
    request.add_types(bad);
    EXPECT_THAT(ReadTypes(request.types()), StatusIs(kInvalid, HasSubstr("types[1]"))) << bad;
  }
  v1::SubscribeRequest many;
  for (int i = 0; i < 17; ++i) many.add_types("a.v1.A");
  EXPECT_THAT(ReadTypes(many.types()), StatusIs(kInvalid, HasSubstr("at most 16")));
}

TEST(Request, PrefixMustBeTheBeginningOfAResourceName) {
  for (const char* good :
       {"", "departments/", "departments/diskominfo/sess", "d", "a/b_c.d~e-1/"}) {
    EXPECT_THAT(CheckPrefix(good), IsOk()) << good;
  }
  const std::string long_prefix(513, 'a');
  for (const char* bad : {"/", "/departments", "departments//", "Departments/", "a b", "a%", "a/\n",
                          "*", long_prefix.c_str()}) {
    EXPECT_THAT(CheckPrefix(bad), StatusIs(kInvalid, HasSubstr("name_prefix"))) << bad;
  }
}

TEST(Request, SubscriptionIdsAreAsTheContractSays) {
  EXPECT_THAT(CheckSubscriptionId("a" + std::string(62, '9')), IsOk());
  for (const std::string& bad :
       {std::string(), std::string("A"), std::string("1a"), std::string("-a"), std::string("a_b"),
        std::string("a/b"), std::string(64, 'a')}) {
    EXPECT_THAT(CheckSubscriptionId(bad), StatusIs(kInvalid)) << bad;
    EXPECT_THAT(ReadSubscriptionName("name", "subscriptions/" + bad), StatusIs(kInvalid)) << bad;
  }
  absl::StatusOr<std::string> id = ReadSubscriptionName("name", "subscriptions/my-app");
  ASSERT_THAT(id, IsOk());
  EXPECT_EQ(*id, "my-app");
  EXPECT_THAT(ReadSubscriptionName("name", "my-app"), StatusIs(kInvalid, HasSubstr("name:")));
}

}  // namespace
}  // namespace simpul::events
