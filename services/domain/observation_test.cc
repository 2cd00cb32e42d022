#include "services/domain/observation.h"

#include <memory>
#include <string>

#include "bus/store/test_store.h"
#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "simpul/type/v1/observation.pb.h"
#include "simpul/wifi/v1/wifi.pb.h"

namespace simpul::domain {
namespace {

using testing::IsOk;
using testing::StatusIs;

class ObservationTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = store::Store::Open(store::FreshStore(store::Database::kSqlite));
    ASSERT_THAT(opened, IsOk());
    store_ = *std::move(opened);
    ASSERT_THAT(store::Migrate(*store_, "observation", ObservationMigrations()), IsOk());
  }

  static kafka::Record RecordOf(int32_t partition, int64_t seconds) {
    type::v1::Observation observation;
    observation.mutable_observe_time()->set_seconds(seconds);
    observation.set_partitions(2);
    kafka::Record record;
    record.topic = "simpul.source.diskominfo.radius.hotspot";
    record.partition = partition;
    record.event.type = "simpul.type.v1.Observation";
    record.event.source = "//simpul/adapter/diskominfo";
    record.event.data = observation.SerializeAsString();
    return record;
  }
  absl::StatusOr<kafka::Outcome> Apply(const kafka::Record& record) {
    absl::StatusOr<kafka::Outcome> outcome = kafka::Outcome::kFiltered;
    auto status = store_->Transact([&](store::Transaction& transaction) {
      outcome = ApplyObservation(transaction, record);
      return outcome.status();
    });
    if (!status.ok()) return status;
    return outcome;
  }
  // The observe_time that a hotspot shows whose last change was seen at 100 s.
  int64_t Shown(const std::string& department) {
    wifi::v1::Hotspot hotspot;
    hotspot.set_name("departments/" + department + "/hotspots/1");
    hotspot.mutable_observe_time()->set_seconds(100);
    EXPECT_THAT(store_->Read([&](store::Transaction& transaction) {
      auto observed = Observed::Read(transaction, "hotspot");
      if (observed.ok()) observed->Show(hotspot);
      return observed.status();
    }),
                IsOk());
    return hotspot.observe_time().seconds();
  }

  std::unique_ptr<store::Store> store_;
};

TEST_F(ObservationTest, CountsOnceEachPartitionHasOne) {
  EXPECT_EQ(Shown("diskominfo"), 100);
  const auto outcome = Apply(RecordOf(0, 250));
  ASSERT_THAT(outcome, IsOk());
  EXPECT_EQ(*outcome, kafka::Outcome::kDelivered);
  EXPECT_EQ(Shown("diskominfo"), 100);
  EXPECT_THAT(Apply(RecordOf(1, 200)), IsOk());
  EXPECT_EQ(Shown("diskominfo"), 200) << "what stands on the other partition may be older";
  EXPECT_THAT(Apply(RecordOf(1, 300)), IsOk());
  EXPECT_EQ(Shown("diskominfo"), 250);
  EXPECT_EQ(Shown("dpupr"), 100);
}

TEST_F(ObservationTest, NeverMovesATimeBack) {
  ASSERT_THAT(Apply(RecordOf(0, 50)), IsOk());
  ASSERT_THAT(Apply(RecordOf(1, 50)), IsOk());
  EXPECT_EQ(Shown("diskominfo"), 100);
}

TEST_F(ObservationTest, RefusesThatOfAnotherDepartmentAndNonsense) {
  kafka::Record record = RecordOf(0, 200);
  record.event.source = "//simpul/adapter/dpupr";
  EXPECT_THAT(Apply(record), StatusIs(absl::StatusCode::kInvalidArgument));
  record = RecordOf(0, 200);
  record.event.data = "\x0a";
  EXPECT_THAT(Apply(record), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace simpul::domain
