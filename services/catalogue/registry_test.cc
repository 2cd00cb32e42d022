#include "services/catalogue/registry.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bus/store/test_store.h"
#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "services/catalogue/migrations.h"
#include "services/catalogue/test_contract.h"

namespace simpul::catalogue {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::StatusIs;
using ::testing::UnorderedElementsAre;

constexpr absl::Duration kLease = absl::Seconds(30);

class RegistryTest : public ::testing::TestWithParam<store::Database> {
 protected:
  void SetUp() override {
    options_ = store::FreshStore(GetParam());
    ASSERT_NE(options_.url, "") << store::kNoPostgres;
    Restart();
  }

  // What a crash and a new start leave: the store alone.
  void Restart() {
    registry_.reset();
    store_.reset();
    auto store = store::Store::Open(options_);
    ASSERT_THAT(store, IsOk());
    store_ = *std::move(store);
    ASSERT_THAT(store::Migrate(*store_, "catalogue", Migrations()), IsOk());
    auto registry = Registry::Open(
        *store_, clock_, kLease,
        [this](const std::vector<v1::Part>& put, const std::vector<std::string>& removed) {
          for (const v1::Part& part : put) changes_.push_back("+" + part.name());
          for (const std::string& name : removed) changes_.push_back("-" + name);
        });
    ASSERT_THAT(registry, IsOk());
    registry_ = *std::move(registry);
  }

  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const v1::Part& part : registry_->parts()) names.push_back(part.name());
    return names;
  }

  absl::Status RegisterWifi(const std::string& instance) {
    return registry_
        ->Register(wifi_, PartOf(instance, wifi_services_, wifi_contract_), wifi_contract_)
        .status();
  }

  // A department's own public service on `path`.
  absl::Status RegisterRoads(const std::string& department, const std::string& path) {
    const std::string package = "simpul.dept." + department + ".roads.v1";
    const std::string contract = MadeContract(package, "RoadService", path, true);
    return registry_
        ->Register(IdentityOf("adapter/" + department),
                   PartOf("r", {package + ".RoadService"}, contract), contract)
        .status();
  }

  const rpc::Identity wifi_ = IdentityOf("service/wifi");
  const std::vector<std::string> wifi_services_ = {"simpul.wifi.v1.HotspotService",
                                                   "simpul.wifi.v1.SessionService"};
  const std::string wifi_contract_ = BuiltInContract(wifi_services_);
  FakeClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  store::StoreOptions options_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Registry> registry_;
  std::vector<std::string> changes_;
};

TEST_P(RegistryTest, ShowsAPartUnderTheNameOfItsCertificate) {
  v1::Part claim = PartOf("a1", wifi_services_, wifi_contract_);
  claim.set_identity("spiffe://simpul.test/service/other");
  claim.set_name("parts/service/other/instances/a1");
  auto part = registry_->Register(wifi_, claim, wifi_contract_);
  ASSERT_THAT(part, IsOk());
  EXPECT_EQ(part->name(), "parts/service/wifi/instances/a1");
  EXPECT_EQ(part->identity(), "spiffe://simpul.test/service/wifi");
  EXPECT_EQ(part->expire_time().seconds() - part->register_time().seconds(), 30);
  EXPECT_THAT(changes_, ElementsAre("+parts/service/wifi/instances/a1"));
}

TEST_P(RegistryTest, AnotherInstanceOfTheSameIdentityIsAReplica) {
  EXPECT_THAT(RegisterWifi("a1"), IsOk());
  EXPECT_THAT(RegisterWifi("a2"), IsOk());
  EXPECT_THAT(Names(),
              ElementsAre("parts/service/wifi/instances/a1", "parts/service/wifi/instances/a2"));
}

TEST_P(RegistryTest, ARenewalIsNoNews) {
  ASSERT_THAT(RegisterWifi("a1"), IsOk());
  clock_.Advance(kLease / 2);
  EXPECT_THAT(RegisterWifi("a1"), IsOk());
  EXPECT_EQ(changes_.size(), 1);
  clock_.Advance(kLease / 2);
  registry_->Expire();
  EXPECT_THAT(Names(), ElementsAre("parts/service/wifi/instances/a1"));
}

TEST_P(RegistryTest, APartThatFallsSilentLeavesAfterItsLease) {
  ASSERT_THAT(RegisterWifi("a1"), IsOk());
  clock_.Advance(kLease - absl::Milliseconds(1));
  registry_->Expire();
  EXPECT_EQ(changes_.size(), 1);
  clock_.Advance(absl::Milliseconds(1));
  registry_->Expire();
  EXPECT_THAT(Names(), IsEmpty());
  EXPECT_EQ(changes_.back(), "-parts/service/wifi/instances/a1");
  Restart();
  EXPECT_THAT(Names(), IsEmpty());
}

TEST_P(RegistryTest, ARestartKnowsAllAndExpiresNothingForOneLease) {
  ASSERT_THAT(RegisterWifi("a1"), IsOk());
  clock_.Advance(absl::Hours(5));
  Restart();
  clock_.Advance(kLease - absl::Milliseconds(1));
  registry_->Expire();
  EXPECT_THAT(Names(), ElementsAre("parts/service/wifi/instances/a1"));
  clock_.Advance(absl::Milliseconds(1));
  registry_->Expire();
  EXPECT_THAT(Names(), IsEmpty());
}

TEST_P(RegistryTest, DeregisteringTakesOnlyThatInstanceOfThatIdentity) {
  ASSERT_THAT(RegisterWifi("a1"), IsOk());
  ASSERT_THAT(RegisterWifi("a2"), IsOk());
  EXPECT_THAT(registry_->Deregister(IdentityOf("service/events"), "a1"), IsOk());
  EXPECT_THAT(registry_->Deregister(wifi_, "a2"), IsOk());
  EXPECT_THAT(Names(), ElementsAre("parts/service/wifi/instances/a1"));
}

TEST_P(RegistryTest, AsksForAContractItDoesNotKnowAndKnowsItAfterARestart) {
  const v1::Part part = PartOf("a1", wifi_services_, wifi_contract_);
  EXPECT_THAT(registry_->Register(wifi_, part, ""),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("protoset")));
  ASSERT_THAT(registry_->Register(wifi_, part, wifi_contract_), IsOk());
  Restart();
  EXPECT_THAT(registry_->Register(wifi_, PartOf("a2", wifi_services_, wifi_contract_), ""), IsOk());
  EXPECT_EQ(*registry_->Protoset(part.contract_hash()), wifi_contract_);
}

TEST_P(RegistryTest, RefusesAContractThatIsNotTheOneItsHashNames) {
  v1::Part part = PartOf("a1", wifi_services_, wifi_contract_);
  EXPECT_THAT(registry_->Register(wifi_, part, "other"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("contract_hash")));
  part.set_contract_hash(rpc::ContractHash("junk"));
  EXPECT_THAT(registry_->Register(wifi_, part, "junk"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("FileDescriptorSet")));
  EXPECT_THAT(registry_->Protoset(part.contract_hash()), StatusIs(absl::StatusCode::kNotFound));
}

TEST_P(RegistryTest, NamesBothIdentitiesAndTheWayOutWhenARouteIsTaken) {
  ASSERT_THAT(RegisterWifi("a1"), IsOk());
  EXPECT_THAT(RegisterRoads("dpupr", "/v1/departments/diskominfo/{x=hotspots/*}"),
              StatusIs(absl::StatusCode::kAlreadyExists,
                       AllOf(HasSubstr("spiffe://simpul.test/service/wifi"),
                             HasSubstr("spiffe://simpul.test/adapter/dpupr"),
                             HasSubstr("simpul parts release spiffe://simpul.test/service/wifi"))));
  EXPECT_THAT(Names(), ElementsAre("parts/service/wifi/instances/a1"));
}

TEST_P(RegistryTest, ARouteStaysWithItsOwnerAfterItLeftAndAfterARestart) {
  ASSERT_THAT(RegisterRoads("dpupr", "/v1/roads"), IsOk());
  ASSERT_THAT(registry_->Deregister(IdentityOf("adapter/dpupr"), "r"), IsOk());
  EXPECT_THAT(RegisterRoads("dishub", "/v1/{road=roads}"),
              StatusIs(absl::StatusCode::kAlreadyExists));
  Restart();
  EXPECT_THAT(RegisterRoads("dishub", "/v1/{road=roads}"),
              StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_THAT(RegisterRoads("dpupr", "/v1/roads"), IsOk());
}

TEST_P(RegistryTest, ReleasedRoutesAreFreeForAnother) {
  const std::string owner = "spiffe://simpul.test/adapter/dpupr";
  ASSERT_THAT(RegisterRoads("dpupr", "/v1/roads"), IsOk());
  EXPECT_THAT(registry_->ReleaseRoutes(owner),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("127.0.0.1:4000")));
  ASSERT_THAT(registry_->Deregister(IdentityOf("adapter/dpupr"), "r"), IsOk());
  auto freed = registry_->ReleaseRoutes(owner);
  ASSERT_THAT(freed, IsOk());
  EXPECT_THAT(*freed, UnorderedElementsAre("GET /v1/roads",
                                           "service simpul.dept.dpupr.roads.v1.RoadService"));
  EXPECT_THAT(registry_->ReleaseRoutes(owner), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(RegisterRoads("dishub", "/v1/roads"), IsOk());
  Restart();
  EXPECT_THAT(RegisterRoads("dpupr", "/v1/roads"), StatusIs(absl::StatusCode::kAlreadyExists));
}

TEST_P(RegistryTest, WhatIsRefusedLeavesNothingBehind) {
  const std::string contract = MadeContract("simpul.cctv.v1", "CameraService", "/v1/cameras", true);
  EXPECT_THAT(
      registry_->Register(wifi_, PartOf("a", {"simpul.cctv.v1.CameraService"}, contract), contract),
      StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(Names(), IsEmpty());
  EXPECT_THAT(registry_->Protoset(rpc::ContractHash(contract)),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(registry_->ReleaseRoutes(wifi_.Uri()), StatusIs(absl::StatusCode::kNotFound));
}

TEST_P(RegistryTest, AnInstanceThatChangesItsContractIsNews) {
  ASSERT_THAT(RegisterWifi("a1"), IsOk());
  v1::Part part = PartOf("a1", {wifi_services_[0]}, wifi_contract_);
  ASSERT_THAT(registry_->Register(wifi_, part, wifi_contract_), IsOk());
  EXPECT_EQ(changes_.size(), 2);
  EXPECT_THAT(registry_->parts()[0].services(), ElementsAre("simpul.wifi.v1.HotspotService"));
}

TEST_P(RegistryTest, AGatewayWithoutAContractIsShown) {
  v1::Part part = PartOf("g", {}, "");
  EXPECT_THAT(registry_->Register(IdentityOf("gateway"), part, ""), IsOk());
  EXPECT_THAT(Names(), ElementsAre("parts/gateway/instances/g"));
}

TEST_P(RegistryTest, RefusesMisshapenInstancesAndAddresses) {
  for (const std::string address : {"", "host", "host:", ":80", "host:0", "host:65536", "::1:80"}) {
    v1::Part part = PartOf("a1", wifi_services_, wifi_contract_);
    part.set_address(address);
    EXPECT_THAT(registry_->Register(wifi_, part, wifi_contract_),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("address")))
        << address;
  }
  for (const std::string instance : {"", "a/b", "a b"}) {
    EXPECT_THAT(registry_->Register(wifi_, PartOf(instance, wifi_services_, wifi_contract_),
                                    wifi_contract_),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("instance")));
  }
}

TEST_P(RegistryTest, OneIdentityCannotFillTheRegistry) {
  for (int i = 0; i < 64; ++i) ASSERT_THAT(RegisterWifi(std::to_string(i)), IsOk());
  EXPECT_THAT(RegisterWifi("more"), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(RegisterWifi("63"), IsOk());
}

INSTANTIATE_TEST_SUITE_P(Databases, RegistryTest,
                         ::testing::Values(store::Database::kSqlite, store::Database::kPostgres),
                         [](const auto& info) { return store::NameOf(info.param); });

}  // namespace
}  // namespace simpul::catalogue
