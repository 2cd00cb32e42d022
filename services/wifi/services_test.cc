// What readers are answered, without a server around it.
#include <memory>
#include <string>
#include <vector>

#include "services/wifi/hotspot_service.h"
#include "services/wifi/session_service.h"
#include "services/wifi/wifi_test.h"

namespace simpul::wifi {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::Not;
using testing::StatusIs;

constexpr absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;

class ServicesTest : public WifiTest {
 protected:
  void SetUp() override {
    WifiTest::SetUp();
    if (HasFatalFailure()) return;
    hotspots_ = std::make_unique<HotspotService>(*store_, tokens_);
    sessions_ = std::make_unique<SessionService>(*store_, tokens_);
  }

  static v1::ListSessionsRequest Ask(const std::string& parent = "", int page_size = 0) {
    v1::ListSessionsRequest request;
    request.set_parent(parent);
    request.set_page_size(page_size);
    return request;
  }

  // "diskominfo/1" for each session of the answer.
  std::vector<std::string> Listed(const v1::ListSessionsRequest& request) {
    auto answer = sessions_->List(request);
    EXPECT_THAT(answer, IsOk());
    std::vector<std::string> listed;
    for (const auto& session : answer->sessions()) {
      std::string name = session.name().substr(std::string("departments/").size());
      listed.push_back(name.erase(name.find("/sessions"), std::string("/sessions").size()));
    }
    return listed;
  }

  int32_t ActiveOn(const std::string& id) {
    v1::GetHotspotRequest request;
    request.set_name(HotspotName(id));
    auto hotspot = hotspots_->Get(request);
    EXPECT_THAT(hotspot, IsOk());
    return hotspot.ok() ? hotspot->active_session_count() : -1;
  }

  const rpc::TokenKey tokens_{std::string(32, 'k')};
  std::unique_ptr<HotspotService> hotspots_;
  std::unique_ptr<SessionService> sessions_;
};

TEST_P(ServicesTest, ASessionIsAnsweredWithItsAgeAndNothingPersonal) {
  ASSERT_THAT(Put(Open("1")), IsOk());
  clock_.Advance(absl::Hours(3));
  v1::GetSessionRequest request;
  request.set_name(SessionName("1"));
  auto session = sessions_->Get(request);
  ASSERT_THAT(session, IsOk());
  EXPECT_EQ(session->observe_time().seconds(), absl::ToUnixSeconds(start_));
  EXPECT_EQ(session->ssid(), "kota");
  EXPECT_GT(session->revision(), 0);
  EXPECT_EQ(session->user() + session->device() + session->device_address(), "");
  auto listed = sessions_->List(Ask());
  ASSERT_THAT(listed, IsOk());
  EXPECT_EQ(listed->sessions(0).SerializeAsString(), session->SerializeAsString());
}

TEST_P(ServicesTest, WhatIsDeletedHiddenOrMisnamedIsNotFound) {
  v1::SourceSession twin = Open("2");
  twin.set_unique_id("u");
  ASSERT_THAT(Put(twin), IsOk());
  twin.set_name(SessionName("1"));
  ASSERT_THAT(Put(twin), IsOk());
  ASSERT_THAT(Put(Open("3")), IsOk());
  ASSERT_THAT(Delete("3"), IsOk());
  for (const std::string& name : {SessionName("1"), SessionName("3"), SessionName("4"),
                                  std::string("nonsense"), std::string()}) {
    v1::GetSessionRequest request;
    request.set_name(name);
    EXPECT_THAT(sessions_->Get(request), StatusIs(absl::StatusCode::kNotFound)) << name;
  }
  EXPECT_THAT(Listed(Ask()), ElementsAre("diskominfo/2"));
}

TEST_P(ServicesTest, PagesWalkThroughAllOnceThoughRowsComeAndGoMeanwhile) {
  for (int i = 10; i < 30; ++i) ASSERT_THAT(Put(Open(std::to_string(i))), IsOk());
  v1::ListSessionsRequest request = Ask("", 3);
  std::vector<std::string> seen;
  int pages = 0;
  do {
    auto answer = sessions_->List(request);
    ASSERT_THAT(answer, IsOk());
    ASSERT_LE(answer->sessions_size(), 3);
    for (const auto& session : answer->sessions()) seen.push_back(session.name());
    request.set_page_token(answer->next_page_token());
    if (++pages == 2) {
      ASSERT_THAT(Delete("10"), IsOk());     // seen already
      ASSERT_THAT(Put(Open("09")), IsOk());  // before what was seen
    }
  } while (!request.page_token().empty());
  ASSERT_EQ(seen.size(), 20u);
  for (int i = 10; i < 30; ++i) EXPECT_EQ(seen[i - 10], SessionName(std::to_string(i)));
}

TEST_P(ServicesTest, APageThatEndsWithTheLastRowHasNoNext) {
  for (int i = 0; i < 4; ++i) ASSERT_THAT(Put(Open(std::to_string(i))), IsOk());
  v1::ListSessionsRequest request = Ask("", 4);
  EXPECT_EQ(sessions_->List(request)->next_page_token(), "");
  request.set_page_size(3);
  EXPECT_NE(sessions_->List(request)->next_page_token(), "");
}

TEST_P(ServicesTest, PagesAreAHundredUnlessAskedAndNeverMoreThanAThousand) {
  EXPECT_THAT(store_->Transact([&](store::Transaction& transaction) -> absl::Status {
    for (int i = 0; i < 1100; ++i) {
      auto outcome =
          applier_.Apply(transaction, Record(simpul::type::v1::CREATED, Open(std::to_string(i))));
      if (!outcome.ok()) return outcome.status();
    }
    return absl::OkStatus();
  }),
              IsOk());
  EXPECT_EQ(sessions_->List(Ask())->sessions_size(), 100);
  EXPECT_EQ(sessions_->List(Ask("", 5000))->sessions_size(), 1000);
}

TEST_P(ServicesTest, ParentHotspotAndStateNarrowTheList) {
  ASSERT_THAT(Put(Hotspot("a", "10.0.0.1")), IsOk());
  ASSERT_THAT(Put(Open("1")), IsOk());
  ASSERT_THAT(Put(Closed("2", "User-Request")), IsOk());
  v1::SourceSession elsewhere = Open("3");
  elsewhere.set_nas_address("10.0.0.9");
  ASSERT_THAT(Put(elsewhere), IsOk());
  department_ = "dpupr";
  ASSERT_THAT(Put(Open("4")), IsOk());

  EXPECT_THAT(Listed(Ask()),
              ElementsAre("diskominfo/1", "diskominfo/2", "diskominfo/3", "dpupr/4"));
  EXPECT_EQ(Listed(Ask("departments/-")), Listed(Ask()));
  EXPECT_THAT(Listed(Ask("departments/dpupr")), ElementsAre("dpupr/4"));
  EXPECT_THAT(Listed(Ask("departments/none")), IsEmpty());
  v1::ListSessionsRequest request = Ask();
  request.set_state(v1::Session::ENDED);
  EXPECT_THAT(Listed(request), ElementsAre("diskominfo/2"));
  request.set_state(v1::Session::ACTIVE);
  EXPECT_THAT(Listed(request), ElementsAre("diskominfo/1", "diskominfo/3", "dpupr/4"));
  request.set_parent("departments/diskominfo");
  EXPECT_THAT(Listed(request), ElementsAre("diskominfo/1", "diskominfo/3"));
  request.set_hotspot("departments/diskominfo/hotspots/a");
  EXPECT_THAT(Listed(request), ElementsAre("diskominfo/1"));
  request.clear_state();
  EXPECT_THAT(Listed(request), ElementsAre("diskominfo/1", "diskominfo/2"));
  request.set_parent("departments/dpupr");
  EXPECT_THAT(Listed(request), IsEmpty());
}

TEST_P(ServicesTest, RefusesWhatNoListCanMean) {
  v1::ListSessionsRequest request = Ask("", -1);
  EXPECT_THAT(sessions_->List(request), StatusIs(kInvalid, HasSubstr("page_size")));
  EXPECT_THAT(sessions_->List(Ask("offices/x")), StatusIs(kInvalid, HasSubstr("parent")));
  request = Ask();
  request.set_state(static_cast<v1::Session::State>(7));
  EXPECT_THAT(sessions_->List(request), StatusIs(kInvalid, HasSubstr("state")));
  request = Ask();
  request.set_hotspot("departments/diskominfo/sessions/1");
  EXPECT_THAT(sessions_->List(request), StatusIs(kInvalid, HasSubstr("hotspot")));
  v1::ListHotspotsRequest hotspots;
  hotspots.set_page_size(-1);
  EXPECT_THAT(hotspots_->List(hotspots), StatusIs(kInvalid, HasSubstr("page_size")));
  hotspots.set_page_size(0);
  hotspots.set_parent("departments/");
  EXPECT_THAT(hotspots_->List(hotspots), StatusIs(kInvalid, HasSubstr("parent")));
}

TEST_P(ServicesTest, ATokenHoldsForItsOwnListAlone) {
  for (int i = 0; i < 3; ++i) ASSERT_THAT(Put(Open(std::to_string(i))), IsOk());
  for (int i = 0; i < 3; ++i) ASSERT_THAT(Put(Hotspot(std::to_string(i), "10.0.0.1")), IsOk());
  const std::string token = sessions_->List(Ask("", 1))->next_page_token();
  v1::ListSessionsRequest request = Ask("departments/-", 2);  // the same list said otherwise
  request.set_page_token(token);
  EXPECT_THAT(Listed(request), ElementsAre("diskominfo/1", "diskominfo/2"));
  request.set_state(v1::Session::ACTIVE);
  EXPECT_THAT(sessions_->List(request), StatusIs(kInvalid, HasSubstr("page_token")));
  request = Ask("departments/diskominfo");
  request.set_page_token(token);
  EXPECT_THAT(sessions_->List(request), StatusIs(kInvalid));
  v1::ListHotspotsRequest hotspots;
  hotspots.set_page_token(token);
  EXPECT_THAT(hotspots_->List(hotspots), StatusIs(kInvalid));
  request = Ask();
  request.set_page_token("departments/diskominfo/sessions/1");
  EXPECT_THAT(sessions_->List(request), StatusIs(kInvalid, Not(HasSubstr("diskominfo"))));
}

TEST_P(ServicesTest, AHotspotCountsTheSessionsThatAreOpenOnIt) {
  ASSERT_THAT(Put(Hotspot("a", "10.0.0.1")), IsOk());
  ASSERT_THAT(Put(Hotspot("b", "10.0.0.2")), IsOk());
  EXPECT_EQ(ActiveOn("a"), 0);
  ASSERT_THAT(Put(Open("1")), IsOk());
  ASSERT_THAT(Put(Open("2")), IsOk());
  ASSERT_THAT(Put(Closed("3", "User-Request")), IsOk());
  EXPECT_EQ(ActiveOn("a"), 2);
  EXPECT_EQ(ActiveOn("b"), 0);
  ASSERT_THAT(Put(Closed("1", "User-Request")), IsOk());
  EXPECT_EQ(ActiveOn("a"), 1);
  ASSERT_THAT(Delete("2"), IsOk());
  EXPECT_EQ(ActiveOn("a"), 0);
  ASSERT_THAT(Put(Open("1")), IsOk());
  auto listed = hotspots_->List({});
  ASSERT_THAT(listed, IsOk());
  ASSERT_EQ(listed->hotspots_size(), 2);
  EXPECT_EQ(listed->hotspots(0).active_session_count(), 1);
  EXPECT_EQ(listed->hotspots(1).active_session_count(), 0);
}

TEST_P(ServicesTest, ACountIsNoChangeOfTheHotspot) {
  ASSERT_THAT(Put(Hotspot("a", "10.0.0.1")), IsOk());
  News();
  const int64_t revision = hotspot_events_[0].revision();
  EXPECT_EQ(hotspot_events_[0].hotspot().active_session_count(), 0);
  ASSERT_THAT(Put(Open("1")), IsOk());
  EXPECT_THAT(News(), ElementsAre("CREATED " + SessionName("1")));
  v1::GetHotspotRequest request;
  request.set_name(HotspotName("a"));
  EXPECT_EQ(hotspots_->Get(request)->revision(), revision);
}

TEST_P(ServicesTest, HotspotsAreListedByNameDepartmentByDepartment) {
  ASSERT_THAT(Put(Hotspot("b", "10.0.0.2")), IsOk());
  ASSERT_THAT(Put(Hotspot("a", "10.0.0.1")), IsOk());
  department_ = "dpupr";
  ASSERT_THAT(Put(Hotspot("c", "10.0.0.1")), IsOk());
  v1::ListHotspotsRequest request;
  request.set_parent("departments/dpupr");
  auto own = hotspots_->List(request);
  ASSERT_THAT(own, IsOk());
  ASSERT_EQ(own->hotspots_size(), 1);
  EXPECT_EQ(own->hotspots(0).name(), "departments/dpupr/hotspots/c");
  request.set_parent("");
  request.set_page_size(2);
  auto first = hotspots_->List(request);
  ASSERT_THAT(first, IsOk());
  ASSERT_EQ(first->hotspots_size(), 2);
  EXPECT_EQ(first->hotspots(0).name(), "departments/diskominfo/hotspots/a");
  request.set_page_token(first->next_page_token());
  auto second = hotspots_->List(request);
  ASSERT_THAT(second, IsOk());
  ASSERT_EQ(second->hotspots_size(), 1);
  EXPECT_EQ(second->next_page_token(), "");
}

INSTANTIATE_TEST_SUITE_P(Databases, ServicesTest, BothDatabases(), DatabaseName);

}  // namespace
}  // namespace simpul::wifi
