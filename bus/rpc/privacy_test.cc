#include "bus/rpc/privacy.h"

#include "bus/rpc/protoset.h"
#include "gmock/gmock.h"
#include "google/protobuf/any.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/dynamic_message.h"
#include "simpul/events/v1/events.pb.h"
#include "simpul/wifi/v1/wifi.pb.h"

namespace simpul::rpc {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

wifi::v1::Session Planted() {
  wifi::v1::Session session;
  session.set_name("departments/d/sessions/1");
  session.set_user("budi");
  session.set_device("AA-BB");
  session.set_device_address("10.0.0.7");
  return session;
}

TEST(ClearPersonalFields, ClearsThemAndNothingElse) {
  wifi::v1::Session session = Planted();
  ClearPersonalFields(session);
  EXPECT_EQ(session.ShortDebugString(), "name: \"departments/d/sessions/1\"");
}

TEST(ClearPersonalFields, ReachesNestedAndRepeatedMessages) {
  wifi::v1::SessionEvent event;
  *event.mutable_session() = Planted();
  wifi::v1::ListSessionsResponse list;
  *list.add_sessions() = Planted();
  *list.add_sessions() = Planted();
  ClearPersonalFields(event);
  ClearPersonalFields(list);
  EXPECT_THAT(event.SerializeAsString() + list.SerializeAsString(), Not(HasSubstr("budi")));
  EXPECT_EQ(list.sessions(1).name(), "departments/d/sessions/1");
}

TEST(ClearPersonalFields, ClearsWhatAnAnyHolds) {
  events::v1::Event event;
  event.mutable_data()->PackFrom(Planted());
  ClearPersonalFields(event);
  wifi::v1::Session session;
  ASSERT_TRUE(event.data().UnpackTo(&session));
  EXPECT_EQ(session.user(), "");
  EXPECT_EQ(session.name(), "departments/d/sessions/1");

  event.mutable_data()->set_type_url("type.googleapis.com/unheard.Of");
  ClearPersonalFields(event);
  EXPECT_EQ(event.data().value(), "");
}

TEST(ClearPersonalFields, ClearsUnknownFields) {
  wifi::v1::Session session;
  ASSERT_TRUE(
      session.ParseFromString("\xfa\x3f\x04"
                              "budi"));  // field 1023, a string
  ClearPersonalFields(session);
  EXPECT_EQ(session.SerializeAsString(), "");
}

TEST(ClearPersonalFields, KnowsContractsReadFromAProtoset) {
  google::protobuf::FileDescriptorSet set;
  ASSERT_TRUE(set.ParseFromString(std::string(BuiltInProtoset())));
  google::protobuf::DescriptorPool pool;
  for (const auto& file : set.file()) pool.BuildFile(file);
  google::protobuf::DynamicMessageFactory factory(&pool);
  const std::unique_ptr<google::protobuf::Message> session(
      factory.GetPrototype(pool.FindMessageTypeByName("simpul.wifi.v1.Session"))->New());
  ASSERT_TRUE(session->ParseFromString(Planted().SerializeAsString()));
  ClearPersonalFields(*session);
  EXPECT_EQ(session->ShortDebugString(), "name: \"departments/d/sessions/1\"");

  events::v1::Event packed;
  packed.mutable_data()->PackFrom(Planted());
  const std::unique_ptr<google::protobuf::Message> event(
      factory.GetPrototype(pool.FindMessageTypeByName("simpul.events.v1.Event"))->New());
  ASSERT_TRUE(event->ParseFromString(packed.SerializeAsString()));
  ClearPersonalFields(*event);
  EXPECT_THAT(event->SerializeAsString(), Not(HasSubstr("budi")));
  EXPECT_THAT(event->SerializeAsString(), HasSubstr("departments/d/sessions/1"));
}

}  // namespace
}  // namespace simpul::rpc
