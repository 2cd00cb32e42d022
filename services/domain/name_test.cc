#include "services/domain/name.h"

#include <optional>
#include <string>

#include "gmock/gmock.h"

namespace simpul::domain {
namespace {

TEST(Name, TellsTheDepartmentOfAResource) {
  EXPECT_EQ(DepartmentOf("departments/diskominfo/sessions/42", "sessions"), "diskominfo");
  EXPECT_EQ(DepartmentOf("departments/public-works/hotspots/10.0.0.1", "hotspots"), "public-works");
}

TEST(Name, IsRefusedInAnyOtherShape) {
  for (const std::string name :
       {"", "departments/diskominfo/hotspots/1", "departments/diskominfo/sessions/",
        "departments/diskominfo/sessions/a/b", "departments//sessions/1",
        "departments/Dinas/sessions/1", "departments/-/sessions/1", "sessions/1",
        "departments/diskominfo/sessions/a b", "/departments/diskominfo/sessions/1"}) {
    EXPECT_EQ(DepartmentOf(name, "sessions"), std::nullopt) << name;
  }
  EXPECT_EQ(DepartmentOf("departments/d/sessions/" + std::string(129, 'x'), "sessions"),
            std::nullopt);
}

TEST(Name, AParentIsADepartmentOrAll) {
  EXPECT_EQ(DepartmentOfParent(""), "");
  EXPECT_EQ(DepartmentOfParent("departments/-"), "");
  EXPECT_EQ(DepartmentOfParent("departments/dpupr"), "dpupr");
  for (const std::string parent :
       {"departments", "departments/", "departments/DPUPR", "departments/a/b", "dpupr", "-"}) {
    EXPECT_EQ(DepartmentOfParent(parent), std::nullopt) << parent;
  }
}

TEST(Name, ASourceTopicTellsItsDepartmentAndApplication) {
  const auto topic = ParseSourceTopic("simpul.source.diskominfo.radius.session");
  ASSERT_TRUE(topic.has_value());
  EXPECT_EQ(topic->department, "diskominfo");
  EXPECT_EQ(topic->app, "radius");
  EXPECT_EQ(topic->noun, "session");
  for (const std::string name :
       {"simpul.wifi.v1.SessionEvent", "simpul.source.diskominfo.session",
        "simpul.source.diskominfo.a.b.session", "simpul.source..radius.session",
        "simpul.source.diskominfo..session", "simpul.source.diskominfo.radius."}) {
    EXPECT_FALSE(ParseSourceTopic(name).has_value()) << name;
  }
}

}  // namespace
}  // namespace simpul::domain
