#include "services/catalogue/ownership.h"

#include <string>
#include <vector>

#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "services/catalogue/test_contract.h"

namespace simpul::catalogue {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

constexpr absl::StatusCode kDenied = absl::StatusCode::kPermissionDenied;

// What MayRegister says to `path` that lists these, the contract being `protoset`.
absl::Status Ask(const std::string& path, const std::string& protoset,
                 const std::vector<std::string>& services,
                 const std::vector<std::string>& topics = {},
                 const std::vector<std::string>& authorities = {}) {
  auto contract = Contract::Read(protoset);
  if (!contract.ok()) return contract.status();
  v1::Part part = PartOf("i", services, protoset);
  part.mutable_topics()->Assign(topics.begin(), topics.end());
  part.mutable_authorities()->Assign(authorities.begin(), authorities.end());
  return MayRegister(IdentityOf(path), part, **contract);
}

const std::string& WifiContract() {
  static const std::string contract =
      BuiltInContract({"simpul.wifi.v1.HotspotService", "simpul.wifi.v1.SessionService",
                       "simpul.wifi.v1.WifiSourceService"});
  return contract;
}

TEST(Ownership, AServiceRegistersItsOwnPackageAndEvents) {
  EXPECT_THAT(Ask("service/wifi", WifiContract(),
                  {"simpul.wifi.v1.HotspotService", "simpul.wifi.v1.SessionService"},
                  {"simpul.wifi.v1.SessionEvent", "simpul.wifi.v1.HotspotEvent"}),
              IsOk());
}

TEST(Ownership, AServiceWithADashOwnsThePackageWithAnUnderscore) {
  const std::string contract = MadeContract("simpul.command_centre.v1", "BoardService", "", true);
  EXPECT_THAT(Ask("service/command-centre", contract, {"simpul.command_centre.v1.BoardService"},
                  {"simpul.command_centre.v1.ThingEvent"}),
              IsOk());
}

TEST(Ownership, AServiceMayNotRegisterAnothersPackage) {
  EXPECT_THAT(Ask("service/cctv", WifiContract(), {"simpul.wifi.v1.HotspotService"}),
              StatusIs(kDenied, HasSubstr("simpul.wifi.v1.HotspotService")));
  const std::string contract = MadeContract("simpul.wifi.v1.deep", "DeepService", "", true);
  EXPECT_THAT(Ask("service/wifi", contract, {"simpul.wifi.v1.deep.DeepService"}),
              StatusIs(kDenied));
}

TEST(Ownership, AServiceMayNotWriteWhatIsNoEventOfItsOwn) {
  const std::vector<std::string> services = {"simpul.wifi.v1.HotspotService"};
  for (const std::string topic :
       {"simpul.cctv.v1.CameraEvent", "simpul.wifi.v1.NoSuchEvent", "simpul.wifi.v1.Session",
        "simpul.source.diskominfo.radius.session", "anything"}) {
    EXPECT_THAT(Ask("service/wifi", WifiContract(), services, {topic}),
                StatusIs(kDenied, HasSubstr(topic)));
  }
}

TEST(Ownership, AnAdapterServesSourceServicesUnderItsOwnDepartment) {
  EXPECT_THAT(Ask("adapter/diskominfo", WifiContract(), {"simpul.wifi.v1.WifiSourceService"},
                  {"simpul.source.diskominfo.radius.session",
                   "simpul.source.diskominfo.radius.water_level"},
                  {"radius.diskominfo"}),
              IsOk());
}

TEST(Ownership, AnAdapterMayNotServeAPublicServiceOfADomain) {
  EXPECT_THAT(Ask("adapter/diskominfo", WifiContract(), {"simpul.wifi.v1.HotspotService"}),
              StatusIs(kDenied));
  const std::string contract = MadeContract("simpul.wifi.v1", "FakeSourceService", "", true);
  EXPECT_THAT(Ask("adapter/diskominfo", contract, {"simpul.wifi.v1.FakeSourceService"}),
              StatusIs(kDenied));
}

TEST(Ownership, AnAdapterServesPublicNounsOfItsOwnDepartmentAlone) {
  const std::string contract =
      MadeContract("simpul.dept.public_works.roads.v1", "RoadService", "/v1/roads", true);
  const std::vector<std::string> services = {"simpul.dept.public_works.roads.v1.RoadService"};
  EXPECT_THAT(Ask("adapter/public-works", contract, services), IsOk());
  EXPECT_THAT(Ask("adapter/public", contract, services), StatusIs(kDenied));
}

TEST(Ownership, AnAdapterMayNotTakeAnotherDepartmentsTopicsOrAuthorities) {
  const std::vector<std::string> services = {"simpul.wifi.v1.WifiSourceService"};
  for (const std::string topic :
       {"simpul.source.dpupr.radius.session", "simpul.source.diskominfo.session",
        "simpul.source.diskominfo.a.b.session", "simpul.wifi.v1.SessionEvent"}) {
    EXPECT_THAT(Ask("adapter/diskominfo", WifiContract(), services, {topic}),
                StatusIs(kDenied, HasSubstr(topic)));
  }
  for (const std::string authority :
       {"radius.dpupr", "diskominfo", "a.b.diskominfo", ".diskominfo"}) {
    EXPECT_THAT(Ask("adapter/diskominfo", WifiContract(), services, {}, {authority}),
                StatusIs(kDenied, HasSubstr(authority)));
  }
  EXPECT_THAT(Ask("service/wifi", WifiContract(), {}, {}, {"radius.wifi"}), StatusIs(kDenied));
}

TEST(Ownership, AGatewayRegistersItselfAlone) {
  EXPECT_THAT(Ask("gateway", WifiContract(), {}), IsOk());
  EXPECT_THAT(Ask("gateway", WifiContract(), {"simpul.wifi.v1.HotspotService"}), StatusIs(kDenied));
}

TEST(Ownership, AnOperatorIsNoPart) {
  EXPECT_THAT(Ask("operator/admin", WifiContract(), {}), StatusIs(kDenied));
}

TEST(Ownership, AServiceMustBeInTheContract) {
  EXPECT_THAT(Ask("service/wifi", WifiContract(), {"simpul.wifi.v1.NoService"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("NoService")));
}

}  // namespace
}  // namespace simpul::catalogue
