#include "bus/rpc/protoset.h"

#include <vector>

#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"

namespace simpul::rpc {
namespace {

using ::simpul::testing::StatusIs;
using ::testing::HasSubstr;
using Services = std::vector<std::string>;

google::protobuf::FileDescriptorSet Parse(const std::string& bytes) {
  google::protobuf::FileDescriptorSet set;
  EXPECT_TRUE(set.ParseFromString(bytes));
  return set;
}

TEST(Protoset, OfAServiceBuildsInTheOrderItComesIn) {
  const auto bytes = ProtosetOf(BuiltInProtoset(), Services{"simpul.wifi.v1.HotspotService"});
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  google::protobuf::DescriptorPool pool;
  const auto set = Parse(*bytes);
  for (const auto& file : set.file()) ASSERT_NE(pool.BuildFile(file), nullptr);
  EXPECT_NE(pool.FindServiceByName("simpul.wifi.v1.HotspotService"), nullptr);
  EXPECT_EQ(pool.FindFileByName("simpul/events/v1/events.proto"), nullptr);
}

TEST(Protoset, KeepsTheComments) {
  const auto bytes = ProtosetOf(BuiltInProtoset(), Services{"simpul.wifi.v1.HotspotService"});
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  EXPECT_THAT(*bytes, HasSubstr("The places where the city offers WiFi."));
}

TEST(Protoset, IsTheSameInWhateverOrderServicesAreNamed) {
  const auto one = ProtosetOf(BuiltInProtoset(), Services{"simpul.wifi.v1.HotspotService",
                                                          "simpul.events.v1.EventService"});
  const auto two = ProtosetOf(
      BuiltInProtoset(), Services{"simpul.events.v1.EventService", "simpul.wifi.v1.HotspotService",
                                  "simpul.wifi.v1.SessionService"});
  ASSERT_TRUE(one.ok() && two.ok());
  EXPECT_EQ(ContractHash(*one), ContractHash(*two));
}

TEST(Protoset, LacksAServiceThatNobodyWrote) {
  EXPECT_THAT(ProtosetOf(BuiltInProtoset(), Services{"simpul.wifi.v1.NoService"}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("simpul.wifi.v1.NoService")));
}

TEST(Protoset, ThatIsNoneOrLacksAnImportIsRefused) {
  const Services services{"simpul.wifi.v1.HotspotService"};
  for (const std::string& bytes : {std::string(), std::string("hello"), std::string("\x0a\x7f", 2),
                                   std::string("\x0a\x02\xff\xff", 4)}) {
    EXPECT_THAT(ProtosetOf(bytes, services), StatusIs(absl::StatusCode::kInvalidArgument));
  }
  google::protobuf::FileDescriptorSet set = Parse(std::string(BuiltInProtoset()));
  google::protobuf::FileDescriptorSet lacking;
  for (const auto& file : set.file()) {
    if (file.name() != "google/api/http.proto") *lacking.add_file() = file;
  }
  EXPECT_THAT(ProtosetOf(lacking.SerializeAsString(), services),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("google/api/http.proto")));
}

TEST(Protoset, WithEndlessImportsIsRefused) {
  google::protobuf::FileDescriptorSet set;
  for (int i = 0; i < 100'000; ++i) {
    auto* file = set.add_file();
    file->set_name(std::to_string(i));
    file->add_dependency(std::to_string(i + 1));
  }
  set.mutable_file(0)->add_service()->set_name("S");
  EXPECT_THAT(ProtosetOf(set.SerializeAsString(), Services{"S"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("too deeply")));
}

TEST(ContractHash, IsSha256InHex) {
  EXPECT_EQ(ContractHash("abc"),  // FIPS 180-2, B.1
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(DataSchema("ba78"), "urn:simpul:contract:ba78");
}

}  // namespace
}  // namespace simpul::rpc
