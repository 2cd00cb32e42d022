#include "services/catalogue/sightings.h"

#include <memory>
#include <string>
#include <vector>

#include "bus/store/test_store.h"
#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "services/catalogue/migrations.h"

namespace simpul::catalogue {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsOk;

v1::Part Engine(const std::string& authority) {
  v1::Part part;
  part.add_authorities(authority);
  return part;
}

class SightingsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto store = store::Store::Open(store::FreshStore(store::Database::kSqlite));
    ASSERT_THAT(store, IsOk());
    store_ = *std::move(store);
    ASSERT_THAT(store::Migrate(*store_, "catalogue", Migrations()), IsOk());
    inventory_ = std::make_unique<Inventory>(*store_, clock_, rpc::TokenKey(std::string(32, 'k')));
    sightings_ = std::make_unique<Sightings>(*store_, clock_);
  }

  void Keep(const std::string& adapter, v1::Application::Status status) {
    v1::Application application;
    application.set_name("departments/dpupr/applications/DAA-" + adapter);
    application.set_display_name(adapter);
    application.set_adapter(adapter);
    application.set_status(status);
    const v1::Application* one = &application;
    ASSERT_THAT(inventory_->Import({&one, 1}, false), IsOk());
  }

  // "SILENT radius.dpupr" and so on.
  std::vector<std::string> DriftAfter(absl::Duration silent_for) {
    auto drifts = sightings_->FindDrift(*inventory_, silent_for);
    EXPECT_THAT(drifts, IsOk());
    std::vector<std::string> lines;
    if (!drifts.ok()) return lines;
    for (const v1::Drift& drift : *drifts) {
      lines.push_back(v1::Drift::Kind_Name(drift.kind()) + " " + drift.authority());
    }
    return lines;
  }

  FakeClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Inventory> inventory_;
  std::unique_ptr<Sightings> sightings_;
};

TEST_F(SightingsTest, WhatIsListedAndOnTheBusIsNoDrift) {
  Keep("tracker", v1::Application::ACTIVE);
  ASSERT_THAT(sightings_->Look({Engine("tracker.dpupr")}), IsOk());
  EXPECT_THAT(DriftAfter(absl::Hours(24)), IsEmpty());
}

TEST_F(SightingsTest, NamesWhatWasNeverConnectedAndWhatIsNotListed) {
  Keep("archive", v1::Application::RETIRED);
  Keep("planned", v1::Application::PLANNED);
  ASSERT_THAT(sightings_->Look({Engine("radius.dpupr"), Engine("archive.dpupr")}), IsOk());
  EXPECT_THAT(DriftAfter(absl::Hours(24)),
              ElementsAre("NOT_LISTED archive.dpupr", "NEVER_CONNECTED planned.dpupr",
                          "NOT_LISTED radius.dpupr"));
}

TEST_F(SightingsTest, AnActiveApplicationIsSilentOnceItsAdapterWasAwayForLonger) {
  Keep("tracker", v1::Application::ACTIVE);
  ASSERT_THAT(sightings_->Look({Engine("tracker.dpupr")}), IsOk());
  clock_.Advance(absl::Hours(5));
  ASSERT_THAT(sightings_->Look({}), IsOk());  // until now it was there
  clock_.Advance(absl::Hours(24));
  EXPECT_THAT(DriftAfter(absl::Hours(25)), IsEmpty());
  EXPECT_THAT(DriftAfter(absl::Hours(23)), ElementsAre("SILENT tracker.dpupr"));
}

TEST_F(SightingsTest, OneThatStaysIsWrittenDownAgainAndKnownAfterARestart) {
  Keep("tracker", v1::Application::ACTIVE);
  ASSERT_THAT(sightings_->Look({Engine("tracker.dpupr")}), IsOk());
  clock_.Advance(absl::Hours(48));
  ASSERT_THAT(sightings_->Look({Engine("tracker.dpupr")}), IsOk());
  sightings_ = std::make_unique<Sightings>(*store_, clock_);
  EXPECT_THAT(DriftAfter(absl::Hours(1)), IsEmpty());
  clock_.Advance(absl::Hours(48));
  EXPECT_THAT(DriftAfter(absl::Hours(1)), ElementsAre("SILENT tracker.dpupr"));
}

}  // namespace
}  // namespace simpul::catalogue
