// Random messages of all kinds through this codec and through protobuf's own.
#include <string>

#include "bus/testing/status_matchers.h"
#include "gateway/transcode/testdata/random_message.h"
#include "gateway/transcode/testdata/test_contract.h"
#include "gateway/transcode/testdata/zoo.pb.h"
#include "gmock/gmock.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/message_differencer.h"
#include "google/protobuf/util/type_resolver_util.h"
#include "nlohmann/json.hpp"

namespace simpul::transcode {
namespace {

using nlohmann::ordered_json;
using ::simpul::testing::IsOk;

constexpr WireToJsonOptions kEverything = {.omit_personal = false};

// Fields in order, floats by value: protobuf prints 9 or 17 digits, this codec the shortest.
bool IsSame(const ordered_json& a, const ordered_json& b) {
  if (a.is_number_float() || b.is_number_float()) {
    if (!a.is_number() || !b.is_number()) return false;
    double x = a.get<double>();
    double y = b.get<double>();
    return x == y || static_cast<float>(x) == static_cast<float>(y);
  }
  if (a.is_object() && b.is_object() && a.size() == b.size()) {
    for (auto i = a.begin(), j = b.begin(); i != a.end(); ++i, ++j) {
      if (i.key() != j.key() || !IsSame(i.value(), j.value())) return false;
    }
    return true;
  }
  if (a.is_array() && b.is_array() && a.size() == b.size()) {
    for (size_t i = 0; i < a.size(); ++i) {
      if (!IsSame(a[i], b[i])) return false;
    }
    return true;
  }
  return a == b;
}

std::string Deterministic(const google::protobuf::Message& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

std::string ProtobufJson(const std::string& type, const std::string& wire) {
  static auto* const resolver = google::protobuf::util::NewTypeResolverForDescriptorPool(
      "type.googleapis.com", google::protobuf::DescriptorPool::generated_pool());
  std::string json;
  auto status = google::protobuf::util::BinaryToJsonString(
      resolver, "type.googleapis.com/simpul.transcode.test." + type, wire, &json);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return json;
}

// Whether the codec makes the same message of `json`, as protobuf reads the wire.
::testing::AssertionResult ReadsAs(const test::Zoo& want, const std::string& json) {
  auto wire = ToWire("Zoo", json);
  if (!wire.ok()) return ::testing::AssertionFailure() << wire.status().ToString() << "\n" << json;
  test::Zoo read;
  if (!read.ParseFromString(*wire)) return ::testing::AssertionFailure() << "no message: " << json;
  if (Deterministic(read) == Deterministic(want)) return ::testing::AssertionSuccess();
  std::string difference;
  google::protobuf::util::MessageDifferencer differencer;
  differencer.ReportDifferencesToString(&difference);
  differencer.Compare(want, read);
  return ::testing::AssertionFailure() << difference << json;
}

class Differential : public ::testing::TestWithParam<uint64_t> {};

TEST_P(Differential, JsonIsWhatProtobufPrints) {
  RandomMessage random(GetParam());
  for (int i = 0; i < 300; ++i) {
    test::Zoo zoo;
    random.Fill(zoo);
    std::string wire = zoo.SerializeAsString();
    std::string theirs = ProtobufJson("Zoo", wire);
    auto ours = ToJson("Zoo", wire, kEverything);
    ASSERT_THAT(ours, IsOk());
    ASSERT_TRUE(IsSame(ordered_json::parse(*ours), ordered_json::parse(theirs)))
        << "ours   " << *ours << "\ntheirs " << theirs;
  }
}

TEST_P(Differential, BothCodecsReadTheOthersJson) {
  RandomMessage random(GetParam() + 1000);
  for (int i = 0; i < 300; ++i) {
    test::Zoo zoo;
    random.Fill(zoo);
    std::string wire = zoo.SerializeAsString();
    std::string theirs = ProtobufJson("Zoo", wire);
    auto ours = ToJson("Zoo", wire, kEverything);
    ASSERT_THAT(ours, IsOk());
    ASSERT_TRUE(ReadsAs(zoo, *ours));
    ASSERT_TRUE(ReadsAs(zoo, theirs));
    test::Zoo read;
    auto status = google::protobuf::util::JsonStringToMessage(*ours, &read);
    ASSERT_TRUE(status.ok()) << status.ToString() << *ours;
    // By JSON: protobuf writes the zeros of what is in an Any.
    auto read_json = ToJson("Zoo", Deterministic(read), kEverything);
    auto zoo_json = ToJson("Zoo", Deterministic(zoo), kEverything);
    ASSERT_THAT(read_json, IsOk());
    ASSERT_EQ(*read_json, *zoo_json);
  }
}

TEST_P(Differential, ConcatenatedMessagesAreMergedAsProtobufDoes) {
  RandomMessage random(GetParam() + 2000);
  for (int i = 0; i < 300; ++i) {
    std::string wire;
    for (int parts = 0; parts < 3; ++parts) {
      test::Zoo zoo;
      random.Fill(zoo);
      wire += zoo.SerializeAsString();
    }
    test::Zoo merged;
    ASSERT_TRUE(merged.ParseFromString(wire));
    auto ours = ToJson("Zoo", wire, kEverything);
    ASSERT_THAT(ours, IsOk());
    ASSERT_TRUE(ReadsAs(merged, *ours));
  }
}

TEST_P(Differential, DamagedBytesNeverBreakTheCodec) {
  RandomMessage random(GetParam() + 3000);
  for (int i = 0; i < 300; ++i) {
    test::Zoo zoo;
    random.Fill(zoo);
    std::string wire = zoo.SerializeAsString();
    std::string json = ProtobufJson("Zoo", wire);
    for (int k = 0; k < 20; ++k) {
      std::string broken = wire;
      if (!broken.empty())
        broken[random.Below(broken.size())] ^= static_cast<char>(1 << random.Below(8));
      auto printed = ToJson("Zoo", broken, kEverything);
      // What is printed at all is good JSON, and the codec reads it again.
      if (printed.ok()) {
        ASSERT_TRUE(ordered_json::accept(*printed)) << *printed;
      }
      std::string text = json;
      text[random.Below(text.size())] = "{}[]\",:0-e\\x\x80\x01"[random.Below(14)];
      text.resize(random.Below(2) ? text.size() : random.Below(text.size() + 1));
      auto read = ToWire("Zoo", text);
      if (read.ok()) {
        test::Zoo message;
        ASSERT_TRUE(ordered_json::accept(text)) << text;
        ASSERT_TRUE(message.ParseFromString(*read)) << text;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Differential, ::testing::Range<uint64_t>(0, 8));

}  // namespace
}  // namespace simpul::transcode
