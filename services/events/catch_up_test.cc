#include "services/events/catch_up.h"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/synchronization/notification.h"
#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "services/events/fake_log.h"
#include "services/events/test_contract.h"

namespace simpul::events {
namespace {

using ::simpul::testing::IsOk;
using ::simpul::testing::StatusIs;
using ::testing::ElementsAre;

constexpr char kType[] = "test.v1.ThingEvent";
constexpr absl::Duration kLong = absl::Seconds(20);

// A subscriber that asks for turns until the ring reaches it or a turn fails.
class Reader : public Lagging, public Follower, public std::enable_shared_from_this<Reader> {
 public:
  Cursor& cursor() override { return cursor_; }
  bool finished() const override { return false; }
  void Wake() override {}
  void EndTurn(std::vector<SharedRecord> records, absl::Status status) override {
    largest_turn_ = std::max(largest_turn_, records.size());
    ++turns_;
    for (const SharedRecord& record : records) {
      read_.push_back(std::to_string(record->partition) + ":" + std::to_string(record->offset));
    }
    SharedRecord next;
    if (!status.ok() || tail_->Next(cursor_, &next) != Tail::Outcome::kBehind) {
      status_ = std::move(status);
      done_.Notify();
      return;
    }
    catch_up_->Enqueue(shared_from_this());
  }

  CatchUp* catch_up_ = nullptr;
  Tail* tail_ = nullptr;
  Cursor cursor_;
  std::vector<std::string> read_;
  size_t largest_turn_ = 0;
  int turns_ = 0;
  absl::Status status_;
  absl::Notification done_;
};

class CatchUpTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string directory = ::testing::TempDir() + "/catch_up.XXXXXX";
    ASSERT_NE(mkdtemp(directory.data()), nullptr);
    directory_ = directory;
    absl::StatusOr<std::unique_ptr<store::Store>> store =
        store::Store::Open({"sqlite:" + directory_, "events"});
    ASSERT_THAT(store, IsOk());
    store_ = *std::move(store);
    absl::StatusOr<std::unique_ptr<PublicTypes>> types = PublicTypes::Open(
        *store_, [](const std::string&) { return TestProtoset("test.v1", {"ThingEvent"}); });
    ASSERT_THAT(types, IsOk());
    types_ = *std::move(types);
    catalogue::v1::Part part;
    part.set_identity("spiffe://simpul.test/service/test");
    part.add_topics(kType);
    part.set_contract_hash("1");
    types_->Update({part});
    types_->FetchMissing();
    catch_up_ = std::make_unique<CatchUp>([this] { return log_.Open(); }, tail_, *types_, 2);
  }
  void TearDown() override {
    catch_up_.reset();
    for (const std::shared_ptr<Reader>& reader : readers_) tail_.Leave(reader->cursor_);
    types_.reset();
    store_.reset();
    std::filesystem::remove_all(directory_);
  }
  // One that stands at `position` while the tail reads from `high` on.
  std::shared_ptr<Reader> Start(Position position, const Position& high, std::string prefix = "") {
    auto reader = std::make_shared<Reader>();
    reader->catch_up_ = catch_up_.get();
    reader->tail_ = &tail_;
    reader->cursor_.follower = reader;
    reader->cursor_.types = {kType};
    reader->cursor_.topics = tail_.Demand({kType}, high);
    reader->cursor_.prefix = std::move(prefix);
    reader->cursor_.position = std::move(position);
    readers_.push_back(reader);
    catch_up_->Enqueue(reader);
    return reader;
  }

  FakeLog log_;
  Tail tail_{1 << 20};
  std::string directory_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<PublicTypes> types_;
  std::unique_ptr<CatchUp> catch_up_;
  std::vector<std::shared_ptr<Reader>> readers_;
};

TEST_F(CatchUpTest, ReadsWhatMatchesUpToTheTail) {
  for (const char* subject : {"a/1", "b/1", "a/2"}) log_.Append(kType, 0, subject);
  log_.Append(kType, 1, "a/3");
  std::shared_ptr<Reader> reader = Start({{1, 0}}, {{3, 1}}, "a/");
  ASSERT_TRUE(reader->done_.WaitForNotificationWithTimeout(kLong));
  EXPECT_THAT(reader->status_, IsOk());
  EXPECT_THAT(reader->read_, ElementsAre("0:2", "1:0"));
  EXPECT_EQ(reader->cursor_.position, (Position{{3, 1}}));
}

TEST_F(CatchUpTest, StepsOverUnreadableRecordsEvenAtTheEnd) {
  log_.Append(kType, 0, "a/1");
  log_.Append(kType, 0, "");
  log_.Append(kType, 0, "a/2");
  for (int i = 0; i < 3; ++i) log_.Append(kType, 0, "");
  log_.Append(kType, 1, "");
  std::shared_ptr<Reader> reader = Start({{0, 0}}, {{6, 1}});
  ASSERT_TRUE(reader->done_.WaitForNotificationWithTimeout(kLong));
  EXPECT_THAT(reader->read_, ElementsAre("0:0", "0:2"));
  EXPECT_EQ(reader->cursor_.position, (Position{{6, 1}}));
}

TEST_F(CatchUpTest, GivesTurnsThatAreBounded) {
  for (int i = 0; i < 3000; ++i) log_.Append(kType, i % 2, "a/1");
  std::shared_ptr<Reader> reader = Start({{0, 0}}, {{1500, 1500}});
  ASSERT_TRUE(reader->done_.WaitForNotificationWithTimeout(kLong));
  EXPECT_EQ(reader->read_.size(), 3000u);
  EXPECT_LE(reader->largest_turn_, 1000u);
}

TEST_F(CatchUpTest, ServesManyWithFewReaders) {
  for (int i = 0; i < 100; ++i) log_.Append(kType, 0, "a/1");
  std::vector<std::shared_ptr<Reader>> readers;
  for (int i = 0; i < 50; ++i) readers.push_back(Start({{0, 0}}, {{100, 0}}));
  for (const std::shared_ptr<Reader>& reader : readers) {
    ASSERT_TRUE(reader->done_.WaitForNotificationWithTimeout(kLong));
    EXPECT_EQ(reader->read_.size(), 100u);
  }
  EXPECT_LE(log_.opened(), 2);
}

TEST_F(CatchUpTest, SaysThatRetentionHasPassedButNotBeforeWhatWasReadIsDelivered) {
  for (int i = 0; i < 10; ++i) log_.Append(kType, 0, "a/1");
  log_.Append(kType, 1, "a/2");
  log_.Delete(kType, 0, 5);
  std::shared_ptr<Reader> reader = Start({{2, 0}}, {{10, 1}});
  ASSERT_TRUE(reader->done_.WaitForNotificationWithTimeout(kLong));
  EXPECT_THAT(reader->status_, StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_EQ(reader->cursor_.position[0][0], 2);
}

TEST_F(CatchUpTest, KeepsThePlaceWhileKafkaIsAway) {
  log_.Append(kType, 0, "a/1");
  log_.SetAway(true);
  std::shared_ptr<Reader> reader = Start({{0, 0}}, {{1, 0}});
  EXPECT_FALSE(reader->done_.WaitForNotificationWithTimeout(absl::Milliseconds(700)));
  log_.SetAway(false);
  ASSERT_TRUE(reader->done_.WaitForNotificationWithTimeout(kLong));
  EXPECT_THAT(reader->status_, IsOk());
  EXPECT_THAT(reader->read_, ElementsAre("0:0"));
}

TEST_F(CatchUpTest, EndsWhoIsQueuedWhenItStops) {
  log_.SetAway(true);
  std::vector<std::shared_ptr<Reader>> readers;
  for (int i = 0; i < 5; ++i) readers.push_back(Start({{0, 0}}, {{1, 0}}));
  catch_up_.reset();
  for (const std::shared_ptr<Reader>& reader : readers) {
    EXPECT_TRUE(reader->done_.HasBeenNotified());
    EXPECT_THAT(reader->status_, StatusIs(absl::StatusCode::kUnavailable));
  }
}

}  // namespace
}  // namespace simpul::events
