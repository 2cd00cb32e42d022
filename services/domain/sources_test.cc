#include "services/domain/sources.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bus/store/test_store.h"
#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"

namespace simpul::domain {
namespace {

using simpul::catalogue::v1::Part;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsOk;

Part Adapter(const std::string& department, const std::vector<std::string>& topics) {
  Part part;
  part.set_identity("spiffe://simpul.test/adapter/" + department);
  part.add_services("simpul.wifi.v1.WifiSourceService");
  for (const std::string& topic : topics) part.add_topics(topic);
  return part;
}

const SourceKind kWifi = {"simpul.wifi.v1.WifiSourceService", {"hotspot", "session"}};

class SourcesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = store::Store::Open(store::FreshStore(store::Database::kSqlite));
    ASSERT_THAT(opened, IsOk());
    store_ = *std::move(opened);
    ASSERT_THAT(store::Migrate(*store_, "sources", SourceMigrations()), IsOk());
  }

  kafka::Accounting Pending(const std::string& topic, int64_t pending) {
    return {.topic = topic, .pending = pending};
  }
  const absl::Time start_ = absl::FromUnixSeconds(1'800'000'000);
  std::unique_ptr<store::Store> store_;
  const std::string sessions_ = "simpul.source.diskominfo.radius.session";
  const std::string hotspots_ = "simpul.source.diskominfo.radius.hotspot";
};

TEST_F(SourcesTest, ReadsTheNounsOfAdaptersThatServeTheContract) {
  Sources sources(*store_, kWifi);
  Part cctv = Adapter("dishub", {"simpul.source.dishub.zm.session"});
  cctv.set_services(0, "simpul.cctv.v1.CameraSourceService");
  Part impostor = Adapter("x", {"simpul.source.x.radius.session"});
  impostor.set_identity("spiffe://simpul.test/service/x");
  EXPECT_THAT(sources.Update({Adapter("diskominfo",
                                      {sessions_, hotspots_, "simpul.source.diskominfo.radius.nas",
                                       "simpul.source.dpupr.radius.session"}),
                              cctv, impostor}),
              IsOk());
  EXPECT_THAT(sources.topics(), ElementsAre(hotspots_, sessions_));
}

TEST_F(SourcesTest, KeepsTheTopicsOfAnAdapterThatLeftAlsoAfterARestart) {
  {
    Sources sources(*store_, kWifi);
    ASSERT_THAT(sources.Update({Adapter("diskominfo", {sessions_})}), IsOk());
    ASSERT_THAT(sources.Update({}), IsOk());
    EXPECT_THAT(sources.topics(), ElementsAre(sessions_));
  }
  Sources sources(*store_, kWifi);
  ASSERT_THAT(sources.Load(), IsOk());
  EXPECT_THAT(sources.topics(), ElementsAre(sessions_));
}

TEST_F(SourcesTest, ListensOnceTheAdapterIsThereAndAllItPublishedIsApplied) {
  Sources sources(*store_, kWifi);
  EXPECT_THAT(sources.Listen({Pending(sessions_, 0)}, start_), IsEmpty());
  ASSERT_THAT(sources.Update({Adapter("diskominfo", {sessions_})}), IsOk());
  EXPECT_THAT(sources.Listen({}, start_), IsEmpty());
  EXPECT_THAT(sources.Listen({Pending(sessions_, 0), Pending(hotspots_, 3)}, start_), IsEmpty());
  const absl::Time later = start_ + absl::Seconds(9);
  const Listening listening = sources.Listen({Pending(sessions_, 0), Pending(hotspots_, 0)}, later);
  EXPECT_THAT(listening, ElementsAre(std::pair("diskominfo", later)));
  // What is pending later does not make it start anew.
  EXPECT_EQ(sources.Listen({Pending(sessions_, 5)}, later + absl::Seconds(1)), listening);
}

TEST_F(SourcesTest, ListensToAnAdapterThatNeverRestsOnceItsBacklogIsApplied) {
  Sources sources(*store_, kWifi);
  ASSERT_THAT(sources.Update({Adapter("diskominfo", {sessions_})}), IsOk());
  const auto sees = [&](int64_t in, int64_t pending, int seconds) {
    return sources.Listen({{.topic = sessions_, .in = in, .pending = pending}},
                          start_ + absl::Seconds(seconds));
  };
  EXPECT_THAT(sees(100, 40, 0), IsEmpty());
  EXPECT_THAT(sees(200, 101, 5), IsEmpty());  // 99 of the first 100
  EXPECT_THAT(sees(300, 200, 10), ElementsAre(std::pair("diskominfo", start_ + absl::Seconds(10))));
}

TEST_F(SourcesTest, WaitsForTheBacklogOfAnAdapterThatCameBack) {
  Sources sources(*store_, kWifi);
  const auto sees = [&](int64_t in, int64_t pending) {
    return sources.Listen({{.topic = sessions_, .in = in, .pending = pending}}, start_);
  };
  ASSERT_THAT(sources.Update({Adapter("diskominfo", {sessions_})}), IsOk());
  EXPECT_THAT(sees(100, 40), IsEmpty());
  ASSERT_THAT(sources.Update({}), IsOk());
  ASSERT_THAT(sources.Update({Adapter("diskominfo", {sessions_})}), IsOk());
  EXPECT_THAT(sees(200, 50), IsEmpty());  // the first 100, but not what it has told since
  EXPECT_THAT(sees(300, 50), ::testing::SizeIs(1));
}

TEST_F(SourcesTest, StopsListeningWhenTheAdapterLeaves) {
  Sources sources(*store_, kWifi);
  ASSERT_THAT(sources.Update({Adapter("diskominfo", {sessions_})}), IsOk());
  sources.Listen({Pending(sessions_, 0)}, start_);
  ASSERT_THAT(sources.Update({}), IsOk());
  EXPECT_THAT(sources.Listen({Pending(sessions_, 0)}, start_), IsEmpty());
}

}  // namespace
}  // namespace simpul::domain
