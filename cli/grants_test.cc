#include "cli/grants.h"

#include <algorithm>

#include "gmock/gmock.h"

namespace simpul::cli {
namespace {

using kafka::Grant;

// Whether `principal` may do `operation` on the topic, as the broker would say it.
bool May(const std::vector<Grant>& grants, const std::string& principal, Grant::Operation operation,
         const std::string& topic) {
  return std::any_of(grants.begin(), grants.end(), [&](const Grant& grant) {
    return grant.principal == principal && grant.operation == operation &&
           grant.resource == Grant::Resource::kTopic &&
           (grant.prefix ? topic.starts_with(grant.name) : topic == grant.name);
  });
}

constexpr auto kRead = Grant::Operation::kRead;
constexpr auto kWrite = Grant::Operation::kWrite;
constexpr char kPublic[] = "simpul.wifi.v1.SessionEvent";
constexpr char kSource[] = "simpul.source.diskominfo.radius.session";

const std::vector<Grant> kGrants =
    GrantsOf({{"diskominfo", "radius", "simpul.wifi.v1.WifiSourceService"},
              {"dpupr", "roundup", "simpul.complaints.v1.ComplaintSourceService"}});

TEST(Grants, LetEachPartWriteItsOwnTopicsOnly) {
  EXPECT_TRUE(May(kGrants, "User:service/wifi", kWrite, kPublic));
  EXPECT_FALSE(May(kGrants, "User:service/wifi", kWrite, kSource));
  EXPECT_TRUE(May(kGrants, "User:adapter/diskominfo", kWrite, kSource));
  EXPECT_FALSE(May(kGrants, "User:adapter/diskominfo", kWrite, kPublic));
  EXPECT_FALSE(
      May(kGrants, "User:adapter/diskominfo", kWrite, "simpul.source.dpupr.roundup.complaint"));
  EXPECT_FALSE(May(kGrants, "User:service/events", kWrite, kPublic));
  EXPECT_FALSE(May(kGrants, "User:agency/sample", kWrite, kPublic));
}

TEST(Grants, KeepSourceTopicsFromAllButTheServiceThatOwnsTheNoun) {
  EXPECT_TRUE(May(kGrants, "User:service/wifi", kRead, kSource));
  EXPECT_FALSE(May(kGrants, "User:service/wifi", kRead, "simpul.source.dpupr.roundup.complaint"));
  for (const char* principal :
       {"User:service/events", "User:agency/sample", "User:adapter/dpupr", "User:gateway"}) {
    EXPECT_FALSE(May(kGrants, principal, kRead, kSource)) << principal;
  }
}

TEST(Grants, LetEventsAndTheSampleAgencyReadWhatIsPublic) {
  EXPECT_TRUE(May(kGrants, "User:service/events", kRead, kPublic));
  EXPECT_TRUE(May(kGrants, "User:agency/sample", kRead, kPublic));
  EXPECT_TRUE(std::any_of(kGrants.begin(), kGrants.end(), [](const Grant& grant) {
    return grant.principal == "User:agency/sample" && grant.resource == Grant::Resource::kGroup &&
           grant.prefix && grant.name == "agency-sample";
  }));
}

}  // namespace
}  // namespace simpul::cli
