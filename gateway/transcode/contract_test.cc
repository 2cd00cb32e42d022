#include "gateway/transcode/contract.h"

#include <string>

#include "bus/testing/status_matchers.h"
#include "gateway/transcode/testdata/test_contract.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/text_format.h"

namespace simpul::transcode {
namespace {

using ::simpul::testing::IsOk;
using ::simpul::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

std::string Protoset(const std::string& text) {
  google::protobuf::FileDescriptorSet set;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &set));
  return set.SerializeAsString();
}

// A file with message a.M, and a service that takes it.
std::string WithService(const std::string& message, const std::string& more = "") {
  return Protoset(
      "file { name: 'a.proto' package: 'a' " + more + " message_type { name: 'M' " + message +
      " } service { name: 'S' method { name: 'Do' input_type: '.a.M' output_type: '.a.M' } } }");
}

TEST(Contract, ListsServicesMethodsAndRules) {
  const Contract& contract = *TestContract();
  ASSERT_EQ(contract.services().size(), 2u);
  EXPECT_EQ(contract.services()[0].full_name, "simpul.transcode.test.InternalService");
  EXPECT_FALSE(contract.services()[0].is_public);
  const Service* library = contract.FindService("simpul.transcode.test.LibraryService");
  ASSERT_NE(library, nullptr);
  EXPECT_TRUE(library->is_public);
  const Method* get = contract.FindMethod("/simpul.transcode.test.LibraryService/GetBook");
  ASSERT_NE(get, nullptr);
  EXPECT_EQ(get->request->full_name, "simpul.transcode.test.GetBookRequest");
  EXPECT_FALSE(get->server_streaming);
  ASSERT_EQ(get->rules.size(), 2u);
  EXPECT_EQ(get->rules[0].verb, "GET");
  EXPECT_EQ(get->rules[1].path, "/v1/books/{name}");
  const Method* watch = contract.FindMethod("/simpul.transcode.test.InternalService/Watch");
  ASSERT_NE(watch, nullptr);
  EXPECT_TRUE(watch->server_streaming);
  EXPECT_TRUE(watch->rules.empty());
  for (const char* path : {"", "/", "/x", "x", "/simpul.transcode.test.LibraryService/",
                           "/simpul.transcode.test.LibraryService/Nope",
                           "/simpul.transcode.test.LibraryService/GetBook/"}) {
    EXPECT_EQ(contract.FindMethod(path), nullptr) << path;
  }
}

TEST(Contract, HasPlansOfAllMessagesThatJsonCanCarry) {
  const Contract& contract = *TestContract();
  const MessagePlan* zoo = contract.Plan("simpul.transcode.test.Zoo");
  ASSERT_NE(zoo, nullptr);
  EXPECT_EQ(zoo->FindName("customName"), zoo->FindName("renamed_thing"));
  EXPECT_EQ(zoo->FindName("customname"), nullptr);
  EXPECT_EQ(zoo->FindNumber(536870911)->name, "far");
  EXPECT_EQ(zoo->FindNumber(536870910), nullptr);
  EXPECT_EQ(zoo->FindNumber(0), nullptr);
  EXPECT_EQ(zoo->FindName("child")->message, zoo);
  EXPECT_EQ(contract.Plan("google.protobuf.MethodOptions"), nullptr);  // Has extensions.
  EXPECT_NE(contract.pool().FindMessageTypeByName("google.protobuf.MethodOptions"), nullptr);
  EXPECT_FALSE(contract.files().empty());
}

TEST(Contract, KnowsWhatIsPersonal) {
  const MessagePlan& person = TestPlan("Person");
  EXPECT_TRUE(person.FindName("nik")->personal);
  EXPECT_FALSE(person.FindName("name")->personal);
  EXPECT_EQ(person.FindPublicNumber(2), nullptr);
  EXPECT_EQ(person.FindNumber(2)->name, "nik");
}

TEST(Contract, RefusesWhatIsNoProtoset) {
  EXPECT_THAT(Contract::Load("\xff\xff"), StatusIs(kInvalid, HasSubstr("protoset")));
  EXPECT_THAT(Contract::Load(Protoset("file { name: 'b.proto' dependency: 'missing.proto' }")),
              StatusIs(kInvalid, AllOf(HasSubstr("b.proto"), HasSubstr("missing.proto"))));
  EXPECT_THAT(
      Contract::Load(Protoset("file { name: 'b.proto' message_type { name: 'M' field { "
                              "name: 'f' number: 1 type: TYPE_MESSAGE label: LABEL_OPTIONAL "
                              "type_name: '.nope' } } }")),
      StatusIs(kInvalid, AllOf(HasSubstr("b.proto"), HasSubstr("M.f"))));
  EXPECT_THAT(Contract::Load(""), IsOk());
}

TEST(Contract, RefusesWhatJsonCannotCarry) {
  EXPECT_THAT(
      Contract::Load(
          WithService("field { name: 'g' number: 1 type: TYPE_GROUP label: LABEL_OPTIONAL "
                      "type_name: '.a.M.G' } nested_type { name: 'G' }")),
      StatusIs(kInvalid, AllOf(HasSubstr("a.proto"), HasSubstr("a.M"), HasSubstr("g is a group"))));
  EXPECT_THAT(Contract::Load(WithService("extension_range { start: 100 end: 200 }")),
              StatusIs(kInvalid, AllOf(HasSubstr("a.M"), HasSubstr("extensions"))));
  // Behind a field of the message that the method takes, too.
  EXPECT_THAT(Contract::Load(WithService(
                  "field { name: 'n' number: 1 type: TYPE_MESSAGE label: LABEL_OPTIONAL type_name: "
                  "'.a.N' }",
                  "message_type { name: 'N' extension_range { start: 100 end: 200 } }")),
              StatusIs(kInvalid, HasSubstr("a.N")));
}

TEST(Contract, LeavesOutUnusedMessagesThatJsonCannotCarry) {
  auto contract = Contract::Load(
      WithService("", "message_type { name: 'N' extension_range { start: 100 end: 200 } }"));
  ASSERT_THAT(contract, IsOk());
  EXPECT_EQ((*contract)->Plan("a.N"), nullptr);
  EXPECT_NE((*contract)->Plan("a.M"), nullptr);
}

TEST(Contract, RefusesATypeThatOnlyBorrowsAWellKnownName) {
  EXPECT_THAT(
      Contract::Load(Protoset(
          "file { name: 'google/protobuf/timestamp.proto' package: 'google.protobuf' message_type "
          "{ "
          "name: 'Timestamp' field { name: 'x' number: 1 type: TYPE_STRING label: LABEL_OPTIONAL } "
          "} "
          "service { name: 'S' method { name: 'Do' input_type: '.google.protobuf.Timestamp' "
          "output_type: '.google.protobuf.Timestamp' } } }")),
      StatusIs(kInvalid, HasSubstr("google.protobuf.Timestamp")));
}

TEST(NameTable, FindsEveryNameAndNoOther) {
  std::vector<std::pair<std::string, uint32_t>> names;
  for (uint32_t i = 0; i < 6000; ++i) names.emplace_back("name_number_" + std::to_string(i), i);
  names.emplace_back("name_number_7", 9999);  // The first stays.
  NameTable table;
  table.Build(names);
  for (uint32_t i = 0; i < 6000; ++i) ASSERT_EQ(table.Find(names[i].first), i);
  EXPECT_EQ(table.Find("name_number_6000"), NameTable::kNone);
  EXPECT_EQ(table.Find(""), NameTable::kNone);
  EXPECT_EQ(NameTable().Find("x"), NameTable::kNone);
}

}  // namespace
}  // namespace simpul::transcode
