#include "gateway/route_table.h"

#include <string>
#include <vector>

#include "bus/rpc/protoset.h"
#include "bus/testing/status_matchers.h"
#include "gateway/addresses.h"
#include "gateway/reflection.pb.h"
#include "gateway/snapshot.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.pb.h"

namespace simpul::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::shared_ptr<const transcode::Contract> ContractOf(const std::vector<std::string>& services) {
  auto protoset = rpc::ProtosetOf(rpc::BuiltInProtoset(), services);
  EXPECT_THAT(protoset, simpul::testing::IsOk());
  auto contract = transcode::Contract::Load(*protoset);
  EXPECT_THAT(contract, simpul::testing::IsOk());
  return *contract;
}

Served PartOf(const std::string& name, const std::vector<std::string>& services) {
  return {.instance = {.name = name, .address = "127.0.0.1:1"},
          .services = services,
          .contract = ContractOf(services)};
}

std::shared_ptr<const RouteTable> Build(std::vector<Served> served,
                                        std::vector<std::string>* warnings = nullptr) {
  static Metrics metrics(1);
  std::vector<std::string> ignored;
  return RouteTable::Build(std::move(served), metrics, warnings != nullptr ? *warnings : ignored);
}

const char kGet[] = "/simpul.wifi.v1.HotspotService/GetHotspot";

TEST(RouteTable, RoutesPublicServicesOnly) {
  const auto table = Build({PartOf("wifi", {"simpul.wifi.v1.HotspotService"}),
                            PartOf("engine", {"simpul.wifi.v1.WifiSourceService"}),
                            PartOf("catalogue", {"simpul.catalogue.v1.KeyService"})});
  EXPECT_NE(table->FindMethod(kGet), nullptr);
  EXPECT_EQ(table->FindMethod("/simpul.catalogue.v1.KeyService/CreateKey"), nullptr);
  EXPECT_EQ(table->FindMethod("/simpul.wifi.v1.WifiSourceService/GetSession"), nullptr);
  EXPECT_EQ(table->FindMethod("/simpul.wifi.v1.SessionService/GetSession"), nullptr);
  EXPECT_THAT(table->instances(), SizeIs(1));
}

TEST(RouteTable, GivesEveryInstanceAsATarget) {
  const std::vector<std::string> wifi = {"simpul.wifi.v1.HotspotService"};
  const auto table = Build({PartOf("a", wifi), PartOf("b", wifi)});
  ASSERT_NE(table->FindMethod(kGet), nullptr);
  EXPECT_THAT(table->FindMethod(kGet)->targets, SizeIs(2));
  EXPECT_TRUE(table->FindMethod(kGet)->unary());
}

TEST(RouteTable, EachTargetCanReadRestByItsOwnContract) {
  const auto table =
      Build({PartOf("a", {"simpul.wifi.v1.HotspotService"}),
             PartOf("b", {"simpul.wifi.v1.HotspotService", "simpul.events.v1.EventService"})});
  for (const Target& target : table->FindMethod(kGet)->targets) {
    transcode::Match match;
    ASSERT_NE(target.rest, nullptr);
    ASSERT_EQ(target.rest->Find("GET", "/v1/departments/x/hotspots/1", match),
              transcode::RouteResult::kFound);
    EXPECT_EQ(match.route->contract.get(), target.contract);
    EXPECT_EQ(match.route->method, target.method);
  }
}

TEST(RouteTable, DoesNotRouteAStreamOverRest) {
  const auto table = Build({PartOf("events", {"simpul.events.v1.EventService"})});
  const MethodRoute* subscribe = table->FindMethod("/simpul.events.v1.EventService/Subscribe");
  ASSERT_NE(subscribe, nullptr);
  EXPECT_TRUE(subscribe->server_streaming);
  EXPECT_FALSE(subscribe->client_streaming);
  for (const auto& route : table->rest().routes()) EXPECT_FALSE(route->method->server_streaming);
}

TEST(RouteTable, StripsOnlyWhatMayHoldPersonalData) {
  const auto table =
      Build({PartOf("wifi", {"simpul.wifi.v1.HotspotService", "simpul.wifi.v1.SessionService"}),
             PartOf("events", {"simpul.events.v1.EventService"})});
  auto strip = [&](const char* path) { return table->FindMethod(path)->targets[0].strip; };
  EXPECT_EQ(strip(kGet), nullptr);
  ASSERT_NE(strip("/simpul.wifi.v1.SessionService/ListSessions"), nullptr);
  EXPECT_EQ(strip("/simpul.wifi.v1.SessionService/ListSessions")->full_name,
            "simpul.wifi.v1.ListSessionsResponse");
  EXPECT_EQ(strip("/simpul.events.v1.EventService/Subscribe"), nullptr);  // does it itself
}

TEST(RouteTable, SaysWhatAnEngineDoesNotServe) {
  Served engine = PartOf("engine", {"simpul.wifi.v1.HotspotService"});
  engine.authorities = {"radius.diskominfo", "ap.diskominfo"};
  std::vector<std::string> warnings;
  const auto table = Build({engine}, &warnings);
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("simpul.wifi.v1.HotspotService")));
  EXPECT_EQ(table->FindMethod(kGet), nullptr);
}

TEST(AuthorityOf, FollowsFromThePackage) {
  const std::vector<std::string> two = {"siak.dukcapil-kota", "radius.diskominfo"};
  EXPECT_EQ(AuthorityOf("simpul.dept.dukcapil_kota.siak.v1.PersonService", two),
            "siak.dukcapil-kota");
  EXPECT_EQ(AuthorityOf("simpul.dept.diskominfo.radius.v1.X", two), "radius.diskominfo");
  EXPECT_EQ(AuthorityOf("simpul.wifi.v1.HotspotService", two), "");
  EXPECT_EQ(AuthorityOf("simpul.wifi.v1.HotspotService", {"radius.diskominfo"}),
            "radius.diskominfo");
  EXPECT_EQ(AuthorityOf("simpul.wifi.v1.HotspotService", {}), "");
}

TEST(Resolve, KnowsNumbersNamesAndNonsense) {
  EXPECT_THAT(Resolve("127.0.0.1:80"), SizeIs(1));
  EXPECT_THAT(Resolve("[::1]:80"), SizeIs(1));
  EXPECT_THAT(Resolve("127.0.0.1"), IsEmpty());
  EXPECT_THAT(Resolve("127.0.0.1:http"), IsEmpty());
  EXPECT_THAT(Resolve(""), IsEmpty());
}

TEST(Addresses, OutliveALookUpThatFails) {
  std::vector<sockaddr_storage> found(2);
  Addresses addresses([&](const std::string&) { return found; });
  EXPECT_THAT(addresses.Of("part.example:1"), SizeIs(2));
  found.clear();
  EXPECT_THAT(addresses.Of("part.example:1"), SizeIs(2));
  EXPECT_THAT(addresses.Of("other.example:1"), IsEmpty());
  found.resize(1);
  EXPECT_THAT(addresses.Of("part.example:1"), SizeIs(1));
  found.clear();
  addresses.Keep({"other.example:1"});
  EXPECT_THAT(addresses.Of("part.example:1"), IsEmpty());
}

reflection::Response Ask(const RouteTable& table, const reflection::Request& request) {
  return table.reflection().Answer(request);
}

TEST(ReflectionIndex, ListsPublicServicesOfAllParts) {
  const auto table = Build({PartOf("events", {"simpul.events.v1.EventService"}),
                            PartOf("wifi", {"simpul.wifi.v1.HotspotService"}),
                            PartOf("catalogue", {"simpul.catalogue.v1.RegistryService"})});
  reflection::Request request;
  request.set_list_services("*");
  const reflection::Response response = Ask(*table, request);
  std::vector<std::string> names;
  for (const auto& one : response.list_services_response().service()) {
    names.push_back(one.name());
  }
  EXPECT_THAT(names, ElementsAre("simpul.events.v1.EventService", "simpul.wifi.v1.HotspotService"));
}

TEST(ReflectionIndex, GivesAFileWithAllThatItImports) {
  const auto table = Build({PartOf("wifi", {"simpul.wifi.v1.HotspotService"})});
  reflection::Request request;
  request.set_file_containing_symbol("simpul.wifi.v1.HotspotService.GetHotspot");
  const reflection::Response response = Ask(*table, request);
  std::set<std::string> have;
  std::vector<google::protobuf::FileDescriptorProto> files;
  for (const std::string& bytes : response.file_descriptor_response().file_descriptor_proto()) {
    files.emplace_back();
    ASSERT_TRUE(files.back().ParseFromString(bytes));
    have.insert(files.back().name());
  }
  ASSERT_FALSE(files.empty());
  EXPECT_EQ(files.front().name(), "simpul/wifi/v1/wifi.proto");
  for (const auto& file : files) {
    for (const std::string& import : file.dependency())
      EXPECT_TRUE(have.contains(import)) << import;
  }
}

TEST(ReflectionIndex, FindsExtensionsAndTheirNumbers) {
  const auto table = Build({PartOf("wifi", {"simpul.wifi.v1.HotspotService"})});
  reflection::Request request;
  request.mutable_file_containing_extension()->set_containing_type(
      "google.protobuf.ServiceOptions");
  request.mutable_file_containing_extension()->set_extension_number(50101);
  EXPECT_THAT(Ask(*table, request).file_descriptor_response().file_descriptor_proto(0),
              HasSubstr("simpul/bus/v1/bus.proto"));
  reflection::Request numbers;
  numbers.set_all_extension_numbers_of_type("google.protobuf.ServiceOptions");
  EXPECT_THAT(Ask(*table, numbers).all_extension_numbers_response().extension_number(),
              ElementsAre(50101));
}

TEST(ReflectionIndex, DoesNotShowWhatNoPublicServiceNeeds) {
  const auto table = Build(
      {PartOf("both", {"simpul.wifi.v1.HotspotService", "simpul.catalogue.v1.RegistryService"})});
  reflection::Request request;
  request.set_file_containing_symbol("simpul.catalogue.v1.RegistryService");
  EXPECT_EQ(Ask(*table, request).error_response().error_code(), 5);
  request.set_file_by_filename("simpul/catalogue/v1/registry.proto");
  EXPECT_EQ(Ask(*table, request).error_response().error_code(), 5);
  EXPECT_EQ(Ask(*table, {}).error_response().error_code(), 3);
}

TEST(Snapshot, GivesBackWhatWasSavedAndNothingDamaged) {
  const std::string directory = ::testing::TempDir() + "/gateway_snapshot";
  Snapshot snapshot(directory);
  catalogue::v1::Part part;
  part.set_name("parts/service/wifi/instances/a");
  const std::string protoset(rpc::BuiltInProtoset());
  const std::string hash = rpc::ContractHash(protoset);
  part.set_contract_hash(hash);
  ASSERT_THAT(snapshot.Save({part}, {{hash, protoset}}), simpul::testing::IsOk());
  EXPECT_THAT(snapshot.Load().parts, SizeIs(1));
  EXPECT_EQ(snapshot.Load().contracts[hash], protoset);
  catalogue::v1::Part lying;
  lying.set_contract_hash("00ff");
  ASSERT_THAT(snapshot.Save({lying}, {{"00ff", protoset}}), simpul::testing::IsOk());
  EXPECT_THAT(snapshot.Load().contracts, IsEmpty());
  EXPECT_THAT(Snapshot(directory + "/none").Load().parts, IsEmpty());
}

}  // namespace
}  // namespace simpul::gateway
