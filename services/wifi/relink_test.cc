#include "services/wifi/relink.h"

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "services/wifi/wifi_test.h"

namespace simpul::wifi {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsOk;

class RelinkTest : public WifiTest {
 protected:
  int64_t Relink() {
    auto changed = wifi::Relink(*store_, clock_, revisions_, publisher_);
    EXPECT_THAT(changed, IsOk());
    return changed.ok() ? *changed : -1;
  }
};

TEST_P(RelinkTest, SessionsThatCameBeforeTheirHotspotAreLinkedToItWithAnEvent) {
  ASSERT_THAT(Put(Open("1")), IsOk());
  News();
  EXPECT_EQ(session_events_[0].session().hotspot(), "");
  const int64_t before = session_events_[0].revision();
  ASSERT_THAT(Put(Hotspot("a", "10.0.0.1")), IsOk());
  News();
  EXPECT_EQ(Relink(), 1);
  EXPECT_THAT(News(), ElementsAre("UPDATED " + SessionName("1")));
  EXPECT_EQ(session_events_[0].session().hotspot(), HotspotName("a"));
  EXPECT_GT(session_events_[0].revision(), before);
  EXPECT_EQ(session_events_[0].session().user(), "");
  EXPECT_EQ(Relink(), 0);
}

TEST_P(RelinkTest, AHotspotThatMovesTakesAndLeavesSessions) {
  ASSERT_THAT(Put(Hotspot("a", "10.0.0.1")), IsOk());
  ASSERT_THAT(Put(Open("1")), IsOk());
  v1::SourceSession other = Open("2");
  other.set_nas_address("10.0.0.2");
  ASSERT_THAT(Put(other), IsOk());
  Relink();
  News();
  ASSERT_THAT(Put(Hotspot("a", "10.0.0.2")), IsOk());
  News();
  EXPECT_EQ(Relink(), 2);
  News();
  std::vector<std::string> links;
  for (const auto& event : session_events_) {
    links.push_back(event.session().name() + " " + event.session().hotspot());
  }
  EXPECT_THAT(links,
              ElementsAre(SessionName("1") + " ", SessionName("2") + " " + HotspotName("a")));
}

TEST_P(RelinkTest, ADeletedHotspotLeavesItsSessionsToAnotherOfThatAddress) {
  ASSERT_THAT(Put(Hotspot("a", "10.0.0.1")), IsOk());
  ASSERT_THAT(Put(Hotspot("b", "10.0.0.1")), IsOk());
  ASSERT_THAT(Put(Open("1")), IsOk());
  Relink();
  News();
  v1::SourceHotspot gone;
  gone.set_name(HotspotName("a"));
  ASSERT_THAT(Apply(Record(simpul::type::v1::DELETED, gone)), IsOk());
  EXPECT_EQ(Relink(), 1);
  News();
  EXPECT_EQ(session_events_[0].session().hotspot(), HotspotName("b"));
}

TEST_P(RelinkTest, AHotspotThatGoesWhileARelinkOfItsAddressRunsIsNotForgotten) {
  ASSERT_THAT(Put(Hotspot("a", "10.0.0.1")), IsOk());
  ASSERT_THAT(Put(Open("1")), IsOk());  // linked, and the address is queued
  v1::SourceHotspot gone;
  gone.set_name(HotspotName("a"));
  const kafka::Record record = Record(simpul::type::v1::DELETED, gone);
  absl::Notification relinked;
  std::thread other;
  ASSERT_THAT(store_->Transact([&](store::Transaction& transaction) -> absl::Status {
    if (auto applied = ApplyIn(transaction, record); !applied.ok()) return applied.status();
    // All of it has reached the database before the other begins.
    auto sent =
        transaction.Query("SELECT 1", {}, [](const store::Row&) { return absl::OkStatus(); });
    other = std::thread([&] {
      wifi::Relink(*store_, clock_, revisions_, publisher_).status().IgnoreError();
      relinked.Notify();
    });
    relinked.WaitForNotificationWithTimeout(absl::Seconds(1));  // if it does not wait for us
    return sent;
  }),
              IsOk());
  other.join();
  Relink();
  News();
  ASSERT_FALSE(session_events_.empty());
  EXPECT_EQ(session_events_.back().session().hotspot(), "");
}

TEST_P(RelinkTest, AHotspotsNewNoteChangesNoSession) {
  ASSERT_THAT(Put(Hotspot("a", "10.0.0.1")), IsOk());
  ASSERT_THAT(Put(Open("1")), IsOk());
  Relink();
  v1::SourceHotspot hotspot = Hotspot("a", "10.0.0.1");
  hotspot.set_description("moved to the roof");
  ASSERT_THAT(Put(hotspot), IsOk());
  EXPECT_EQ(Relink(), 0);
}

TEST_P(RelinkTest, GetsThroughMoreSessionsThanOneTransactionTakes) {
  for (int i = 0; i < 450; ++i) ASSERT_THAT(Put(Open(std::to_string(i))), IsOk());
  News();
  ASSERT_THAT(Put(Hotspot("a", "10.0.0.1")), IsOk());
  News();
  EXPECT_EQ(Relink(), 450);
  EXPECT_EQ(News().size(), 450u);
}

INSTANTIATE_TEST_SUITE_P(Databases, RelinkTest, BothDatabases(), DatabaseName);

}  // namespace
}  // namespace simpul::wifi
