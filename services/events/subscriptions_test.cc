#include "services/events/subscriptions.h"

#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"

namespace simpul::events {
namespace {

using ::simpul::testing::IsOk;
using ::simpul::testing::StatusIs;
using ::testing::HasSubstr;

class SubscriptionsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string directory = ::testing::TempDir() + "/subscriptions.XXXXXX";
    ASSERT_NE(mkdtemp(directory.data()), nullptr);
    directory_ = directory;
    Open();
  }
  void TearDown() override {
    subscriptions_.reset();
    store_.reset();
    std::filesystem::remove_all(directory_);
  }
  void Open() {
    subscriptions_.reset();
    store_.reset();
    absl::StatusOr<std::unique_ptr<store::Store>> store =
        store::Store::Open({"sqlite:" + directory_, "events"});
    ASSERT_THAT(store, IsOk());
    store_ = *std::move(store);
    absl::StatusOr<std::unique_ptr<Subscriptions>> subscriptions =
        Subscriptions::Open(*store_, clock_, 3);
    ASSERT_THAT(subscriptions, IsOk());
    subscriptions_ = *std::move(subscriptions);
  }
  StoredSubscription Wanted(const std::string& id) {
    StoredSubscription wanted;
    wanted.id = id;
    wanted.types = {"a.v1.AEvent", "b.v1.BEvent"};
    wanted.prefix = "departments/x/";
    wanted.position = {{10, 20}, {30}};
    return wanted;
  }

  std::string directory_;
  FakeClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Subscriptions> subscriptions_;
};

TEST_F(SubscriptionsTest, AreThereAfterARestart) {
  absl::StatusOr<StoredSubscription> made = subscriptions_->Create("dinkes", Wanted("app"));
  ASSERT_THAT(made, IsOk());
  clock_.Advance(absl::Seconds(1));
  ASSERT_THAT(subscriptions_->Acknowledge("dinkes", "app", made->uid, {{11, 20}, {30}}), IsOk());
  Open();
  absl::StatusOr<StoredSubscription> found = subscriptions_->Get("dinkes", "app");
  ASSERT_THAT(found, IsOk());
  EXPECT_EQ(found->position, (Position{{11, 20}, {30}}));
  EXPECT_EQ(found->uid, made->uid);
  EXPECT_EQ(found->types, Wanted("app").types);
  const v1::Subscription proto = found->ToProto();
  EXPECT_EQ(proto.name(), "subscriptions/app");
  EXPECT_EQ(proto.name_prefix(), "departments/x/");
  EXPECT_EQ(proto.start(), v1::LATEST);
  EXPECT_EQ(proto.create_time().seconds(), 1'800'000'000);
  EXPECT_EQ(proto.acknowledge_time().seconds(), 1'800'000'001);
}

TEST_F(SubscriptionsTest, TheSameAgainIsTheFirstOneWithItsPlace) {
  absl::StatusOr<StoredSubscription> first = subscriptions_->Create("dinkes", Wanted("app"));
  ASSERT_THAT(first, IsOk());
  EXPECT_FALSE(first->ToProto().has_acknowledge_time());
  StoredSubscription later = Wanted("app");
  later.position = {{99, 99}, {99}};
  absl::StatusOr<StoredSubscription> again = subscriptions_->Create("dinkes", later);
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->uid, first->uid);
  EXPECT_EQ(again->position, first->position);
}

TEST_F(SubscriptionsTest, ATakenNameWithOtherTypesPrefixOrStartIsRefused) {
  ASSERT_THAT(subscriptions_->Create("dinkes", Wanted("app")), IsOk());
  StoredSubscription types = Wanted("app");
  types.types.pop_back();
  types.position.pop_back();
  StoredSubscription prefix = Wanted("app");
  prefix.prefix = "";
  StoredSubscription start = Wanted("app");
  start.start = v1::EARLIEST;
  for (const StoredSubscription& other : {types, prefix, start}) {
    EXPECT_THAT(
        subscriptions_->Create("dinkes", other),
        StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("subscriptions/app is there")));
  }
}

TEST_F(SubscriptionsTest, OfAnotherAgencyAreNotThere) {
  absl::StatusOr<StoredSubscription> made = subscriptions_->Create("dinkes", Wanted("app"));
  ASSERT_THAT(made, IsOk());
  const auto not_found = StatusIs(absl::StatusCode::kNotFound, HasSubstr("subscriptions/app"));
  EXPECT_THAT(subscriptions_->Get("dpupr", "app"), not_found);
  EXPECT_THAT(subscriptions_->Delete("dpupr", "app"), not_found);
  EXPECT_THAT(subscriptions_->Acknowledge("dpupr", "app", made->uid, {{99, 99}, {99}}), not_found);
  EXPECT_TRUE(subscriptions_->List("dpupr")->empty());
  EXPECT_THAT(subscriptions_->Create("dpupr", Wanted("app")), IsOk()) << "the name is free there";
  EXPECT_EQ(subscriptions_->Get("dinkes", "app")->position, Wanted("app").position);
}

TEST_F(SubscriptionsTest, AcknowledgeMovesPerPartitionAndNeverBack) {
  const int64_t uid = subscriptions_->Create("dinkes", Wanted("app"))->uid;
  clock_.Advance(absl::Seconds(5));
  const absl::Time moved = clock_.Now();
  EXPECT_EQ(subscriptions_->Acknowledge("dinkes", "app", uid, {{15, 5}, {31}})->position,
            (Position{{15, 20}, {31}}));
  clock_.Advance(absl::Seconds(5));
  absl::StatusOr<StoredSubscription> again =
      subscriptions_->Acknowledge("dinkes", "app", uid, {{15, 5}, {31}});
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->acknowledge_time, moved) << "nothing moved";
  EXPECT_EQ(subscriptions_->Acknowledge("dinkes", "app", uid, {{1, 1}, {1}})->position,
            (Position{{15, 20}, {31}}));
}

TEST_F(SubscriptionsTest, AcknowledgeOfADeletedOneMadeAnewIsRefused) {
  const int64_t uid = subscriptions_->Create("dinkes", Wanted("app"))->uid;
  ASSERT_THAT(subscriptions_->Delete("dinkes", "app"), IsOk());
  EXPECT_THAT(subscriptions_->Get("dinkes", "app"), StatusIs(absl::StatusCode::kNotFound));
  ASSERT_NE(subscriptions_->Create("dinkes", Wanted("app"))->uid, uid);
  EXPECT_THAT(subscriptions_->Acknowledge("dinkes", "app", uid, {{99, 99}, {99}}),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(SubscriptionsTest, AcknowledgementsAtOnceEndAtTheFurthestOfEachPartition) {
  const int64_t uid = subscriptions_->Create("dinkes", Wanted("app"))->uid;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int64_t i = 0; i < 25; ++i) {
        const int64_t far = 100 + i * 4 + thread;
        EXPECT_THAT(subscriptions_->Acknowledge(
                        "dinkes", "app", uid,
                        thread % 2 == 0 ? Position{{far, 0}, {0}} : Position{{0, far}, {far}}),
                    IsOk());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(subscriptions_->Get("dinkes", "app")->position, (Position{{198, 199}, {199}}));
}

TEST_F(SubscriptionsTest, AreListedByNameAndLimitedPerAgency) {
  for (const char* id : {"b", "a-b", "ab"}) {
    ASSERT_THAT(subscriptions_->Create("dinkes", Wanted(id)), IsOk());
  }
  std::vector<std::string> ids;
  absl::StatusOr<std::vector<StoredSubscription>> all = subscriptions_->List("dinkes");
  ASSERT_THAT(all, IsOk());
  for (const StoredSubscription& subscription : *all) {
    ids.push_back(subscription.id);
  }
  EXPECT_THAT(ids, ::testing::ElementsAre("a-b", "ab", "b"));
  EXPECT_THAT(subscriptions_->Create("dinkes", Wanted("c")),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("3 subscriptions")));
  EXPECT_THAT(subscriptions_->Create("dinkes", Wanted("b")), IsOk()) << "the same again";
  EXPECT_THAT(subscriptions_->Create("dpupr", Wanted("c")), IsOk());
}

}  // namespace
}  // namespace simpul::events
