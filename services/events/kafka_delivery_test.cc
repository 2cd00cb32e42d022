// What a subscriber gets, on a real Kafka: order, resume, retention, back-pressure.
#include <dirent.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "services/events/kafka_fixture.h"
#include "services/events/test_contract.h"

namespace simpul::events {
namespace {

using ::simpul::testing::IsOk;
using ::simpul::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAreArray;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

class Delivery : public KafkaFixture {
 protected:
  // `count` events over ten things, their ids in the order of writing.
  std::vector<std::string> ProduceMany(int count, int64_t first_revision = 1,
                                       const std::string& data = "") {
    std::vector<std::string> ids;
    for (int i = 0; i < count; ++i) {
      const std::string subject = absl::StrCat("departments/a/things/", i % 10);
      Produce(subject, first_revision + i, data);
      ids.push_back(absl::StrCat(subject, "@", first_revision + i));
    }
    Flush();
    return ids;
  }
};

// Whether the events of each thing come with growing revisions.
bool InOrderPerThing(const std::vector<std::string>& ids) {
  std::map<std::string, int64_t> last;
  for (const std::string& id : ids) {
    const size_t at = id.find('@');
    int64_t revision = 0;
    if (!absl::SimpleAtoi(id.substr(at + 1), &revision)) return false;
    int64_t& before = last[id.substr(0, at)];
    if (revision <= before) return false;
    before = revision;
  }
  return true;
}

size_t Threads() {
  DIR* directory = opendir("/proc/self/task");
  size_t count = 0;
  while (readdir(directory) != nullptr) ++count;
  closedir(directory);
  return count;
}

// What is in use, not what the allocator has kept: that depends on the machine's load.
int64_t AllocatedBytes() {
  const struct mallinfo2 info = mallinfo2();
  return static_cast<int64_t>(info.uordblks + info.hblkhd);
}

TEST_F(Delivery, GivesEachEventOfAThingInOrderAndWithoutPersonalFields) {
  StartPart();
  std::unique_ptr<Subscriber> live = Subscribe(From(v1::LATEST));
  ASSERT_THAT(live->Next(), IsOk());
  const std::vector<std::string> ids = ProduceMany(500, 1, TestData("note", "a citizen"));
  absl::StatusOr<v1::SubscribeResponse> first = live->NextEvent();
  ASSERT_THAT(first, IsOk());
  const v1::Event& event = first->event();
  EXPECT_EQ(event.source(), "//simpul/service/test");
  EXPECT_EQ(event.type(), type());
  EXPECT_EQ(event.time().seconds(), 1'700'000'000);
  EXPECT_EQ(event.time().nanos(), 123'456'000);
  EXPECT_EQ(event.dataschema(), "urn:simpul:contract:0");
  EXPECT_EQ(event.data().type_url(), "type.googleapis.com/" + type());
  EXPECT_EQ(event.data().value(), "\x0a\x04note");
  std::vector<std::string> got = {event.id()};
  for (std::string& id : live->Ids(499)) got.push_back(std::move(id));
  EXPECT_TRUE(InOrderPerThing(got));
  EXPECT_THAT(got, UnorderedElementsAreArray(ids));
}

TEST_F(Delivery, BeginsWithATokenAtOnceAndAtTheEndOrTheBeginning) {
  StartPart();
  Produce("departments/a/things/1", 1);
  Produce("departments/b/things/1", 2);
  Flush();
  std::unique_ptr<Subscriber> latest = Subscribe(From(v1::LATEST));
  absl::StatusOr<v1::SubscribeResponse> first = latest->Next();
  ASSERT_THAT(first, IsOk());
  EXPECT_FALSE(first->has_event());
  EXPECT_FALSE(first->resume_token().empty());
  std::unique_ptr<Subscriber> earliest = Subscribe(From(v1::EARLIEST));
  std::unique_ptr<Subscriber> of_b = Subscribe(From(v1::EARLIEST, "departments/b/"));
  Produce("departments/b/things/1", 3);
  Flush();
  EXPECT_THAT(latest->Ids(1), ElementsAre("departments/b/things/1@3"));
  EXPECT_THAT(earliest->Ids(3),
              UnorderedElementsAreArray({"departments/a/things/1@1", "departments/b/things/1@2",
                                         "departments/b/things/1@3"}));
  EXPECT_THAT(of_b->Ids(2), ElementsAre("departments/b/things/1@2", "departments/b/things/1@3"));
}

TEST_F(Delivery, ResumedAfterEachEventNothingIsLostOrDoubled) {
  StartPart();
  std::vector<std::string> ids = ProduceMany(20);
  std::string token;
  std::vector<std::string> got;
  for (int i = 0; i < 20; ++i) {
    std::unique_ptr<Subscriber> again = Subscribe(i == 0 ? From(v1::EARLIEST) : Resume(token));
    for (std::string& id : again->Ids(1)) got.push_back(std::move(id));
    token = again->token();
  }
  // The same at the tail: the ring feeds those who come back.
  std::unique_ptr<Subscriber> holds_the_tail = Subscribe(From(v1::LATEST));
  ASSERT_THAT(holds_the_tail->Next(), IsOk());
  for (const std::string& id : ProduceMany(20, 100)) ids.push_back(id);
  EXPECT_EQ(holds_the_tail->Ids(20).size(), 20u);
  for (int i = 0; i < 20; ++i) {
    std::unique_ptr<Subscriber> again = Subscribe(Resume(token));
    for (std::string& id : again->Ids(1)) got.push_back(std::move(id));
    token = again->token();
  }
  EXPECT_TRUE(InOrderPerThing(got));
  EXPECT_THAT(got, UnorderedElementsAreArray(ids));
}

TEST_F(Delivery, ResumedOnAnotherPartWithTheSameSecretNothingIsLostOrDoubled) {
  StartPart();
  const std::vector<std::string> ids = ProduceMany(200);
  std::unique_ptr<Subscriber> before = Subscribe(From(v1::EARLIEST));
  std::vector<std::string> got = before->Ids(77);
  StartPart();
  for (std::string& id : Subscribe(Resume(before->token()))->Ids(123)) got.push_back(std::move(id));
  EXPECT_TRUE(InOrderPerThing(got));
  EXPECT_THAT(got, UnorderedElementsAreArray(ids));
}

TEST_F(Delivery, RefusesWhatIsAskedWrongly) {
  StartPart();
  std::unique_ptr<Subscriber> good = Subscribe(From(v1::LATEST));
  ASSERT_THAT(good->Next(), IsOk());
  EXPECT_THAT(Refused(Resume("forged")), StatusIs(kInvalid, HasSubstr("resume_token")));
  EXPECT_THAT(Refused(Resume(good->token(), "departments/")), StatusIs(kInvalid));
  EXPECT_THAT(Refused(Resume(good->token()), "dpupr"), StatusIs(kInvalid));
  v1::SubscribeRequest two_types = Resume(good->token());
  two_types.add_types(other_type());
  EXPECT_THAT(Refused(two_types), StatusIs(kInvalid));
  v1::SubscribeRequest unknown = From(v1::LATEST);
  unknown.set_types(0, "simpul.none.v1.NoneEvent");
  EXPECT_THAT(Refused(unknown),
              StatusIs(kInvalid, AllOf(HasSubstr("simpul.none.v1.NoneEvent"), HasSubstr(type()))));
  unknown.set_types(0, "simpul.source.test.app.thing");
  EXPECT_THAT(Refused(unknown), StatusIs(kInvalid));
  EXPECT_THAT(Refused(From(v1::START_UNSPECIFIED)), StatusIs(kInvalid, HasSubstr("start")));
  EXPECT_THAT(Refused(From(static_cast<v1::Start>(7))), StatusIs(kInvalid, HasSubstr("start")));
  EXPECT_THAT(Refused(From(v1::LATEST, "/x")), StatusIs(kInvalid, HasSubstr("name_prefix")));
  EXPECT_THAT(Refused(v1::SubscribeRequest()), StatusIs(kInvalid, HasSubstr("types")));
  EXPECT_THAT(Refused(From(v1::LATEST), ""), StatusIs(absl::StatusCode::kUnauthenticated));
}

TEST_F(Delivery, ATokenOlderThanWhatIsKeptIsOutOfRange) {
  StartPart();
  ProduceMany(30);
  std::unique_ptr<Subscriber> reader = Subscribe(From(v1::EARLIEST));
  reader->Ids(10);
  const std::string old = reader->token();
  reader->Ids(20);
  const std::string current = reader->token();
  DeleteRecords();
  EXPECT_THAT(Refused(Resume(old)), StatusIs(absl::StatusCode::kOutOfRange,
                                             HasSubstr("List first, then start at LATEST")));
  std::unique_ptr<Subscriber> goes_on = Subscribe(Resume(current));
  ASSERT_THAT(goes_on->Next(), IsOk());
  std::unique_ptr<Subscriber> earliest = Subscribe(From(v1::EARLIEST));
  ASSERT_THAT(earliest->Next(), IsOk());
  Produce("departments/a/things/1", 1000);
  Flush();
  EXPECT_THAT(goes_on->Ids(1), ElementsAre("departments/a/things/1@1000"));
  EXPECT_THAT(earliest->Ids(1), ElementsAre("departments/a/things/1@1000"));
}

TEST_F(Delivery, AQuietSubscribersTokenMovesOn) {
  StartPart([](Options& options) { options.token_interval = absl::Milliseconds(200); });
  std::unique_ptr<Subscriber> quiet = Subscribe(From(v1::LATEST, "departments/z/"));
  ASSERT_THAT(quiet->Next(), IsOk());
  const std::string first = quiet->token();
  ProduceMany(100);
  absl::StatusOr<v1::SubscribeResponse> moved = quiet->Next();
  ASSERT_THAT(moved, IsOk());
  EXPECT_FALSE(moved->has_event());
  EXPECT_NE(moved->resume_token(), first);
  // What has passed him may be forgotten once his token has seen it.
  std::unique_ptr<Subscriber> all = Subscribe(From(v1::EARLIEST));
  all->Ids(100);
  std::unique_ptr<Subscriber> later = Subscribe(Resume(moved->resume_token(), "departments/z/"));
  ASSERT_THAT(later->Next(), IsOk());
  Produce("departments/z/things/1", 1);
  Flush();
  EXPECT_THAT(later->Ids(1), ElementsAre("departments/z/things/1@1"));
}

TEST_F(Delivery, StepsOverRecordsThatAreNoEvents) {
  StartPart();
  for (int32_t partition = 0; partition < 6; ++partition) {
    ProduceTo(type(), partition, "departments/a/things/x", partition + 1, "");
    ProduceGarbage(partition);
  }
  ProduceTo(type(), 3, "departments/a/things/bad", 1, "\xff no message");
  Flush();
  std::unique_ptr<Subscriber> reader = Subscribe(From(v1::EARLIEST));
  EXPECT_EQ(reader->Ids(6).size(), 6u);
  ProduceTo(type(), 0, "departments/a/things/x", 7, "");
  Flush();
  EXPECT_THAT(reader->Ids(1), ElementsAre("departments/a/things/x@7"));
}

TEST_F(Delivery, SlowSubscribersCostNoMemoryAndLoseNothing) {
  // Two readers for four subscribers. Fetching from the broker is what takes the time, so no more
  // than that.
  StartPart([](Options& options) {
    options.ring_bytes = 256 << 10;
    options.catch_up_readers = 2;
  });
  std::vector<std::unique_ptr<Subscriber>> slow;
  for (int i = 0; i < 4; ++i) {
    slow.push_back(Subscribe(From(v1::LATEST)));
    ASSERT_THAT(slow.back()->Next(), IsOk());
  }
  std::unique_ptr<Subscriber> quick = Subscribe(From(v1::LATEST));
  ASSERT_THAT(quick->Next(), IsOk());
  ProduceMany(1000, 1, TestData(std::string(100, 'x'), ""));  // librdkafka has its buffers now
  quick->Ids(1000);
  const int64_t before = AllocatedBytes();
  const std::string big = TestData(std::string(5000, 'x'), "");
  for (int round = 0; round < 6; ++round) {
    ProduceMany(1000, 2000 + round * 1000, big);
    quick->Ids(1000);
  }
  // 6,000 events of 5 KB: 120 MB for the four, if they were kept for them. A reader of Kafka may
  // hold 16 MiB, and there are three.
  EXPECT_LT(AllocatedBytes() - before, int64_t{80} << 20);
  for (std::unique_ptr<Subscriber>& subscriber : slow) {
    const std::vector<std::string> got = subscriber->Ids(7'000);
    EXPECT_EQ(got.size(), 7'000u);
    EXPECT_TRUE(InOrderPerThing(got));
  }
}

TEST_F(Delivery, IdleSubscribersCostNoThreadsAndAnAgencyHasItsShare) {
  StartPart();
  std::unique_ptr<Subscriber> first = Subscribe(From(v1::LATEST));
  ASSERT_THAT(first->Next(), IsOk());
  const size_t threads = Threads();
  std::vector<std::unique_ptr<Subscriber>> idle;
  for (int i = 0; i < 200; ++i) {
    idle.push_back(Subscribe(From(v1::LATEST, "departments/idle/"), absl::StrCat("agency", i % 4)));
  }
  for (std::unique_ptr<Subscriber>& subscriber : idle) ASSERT_THAT(subscriber->Next(), IsOk());
  EXPECT_LE(Threads(), threads + 8) << "gRPC may add a few of its own";
  ProduceMany(2000);
  EXPECT_EQ(first->Ids(2000).size(), 2000u);
  Produce("departments/idle/things/1", 1);
  Flush();
  for (std::unique_ptr<Subscriber>& subscriber : idle) {
    EXPECT_THAT(subscriber->Ids(1), ElementsAre("departments/idle/things/1@1"));
  }
  std::vector<std::unique_ptr<Subscriber>> more;
  for (int i = 0; i < 14; ++i) more.push_back(Subscribe(From(v1::LATEST), "agency0"));
  for (std::unique_ptr<Subscriber>& subscriber : more) ASSERT_THAT(subscriber->Next(), IsOk());
  EXPECT_THAT(Refused(From(v1::LATEST), "agency0"),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("64 streams")));
  more.pop_back();  // gone as a client is that closes; its place is free again
  const absl::Time end = absl::Now() + absl::Seconds(20);
  absl::Status again = absl::ResourceExhaustedError("");
  while (absl::IsResourceExhausted(again) && absl::Now() < end) {
    again = Subscribe(From(v1::LATEST), "agency0")->Next().status();
  }
  EXPECT_THAT(again, IsOk());
}

TEST_F(Delivery, EndsWithUnavailableAndPromptlyWhenThePartStops) {
  StartPart();
  std::unique_ptr<Subscriber> live = Subscribe(From(v1::LATEST));
  ASSERT_THAT(live->Next(), IsOk());
  const absl::Time before = absl::Now();
  StopPart();
  EXPECT_LT(absl::Now() - before, absl::Seconds(5));
  EXPECT_THAT(live->Next(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("last token")));
}

TEST_F(Delivery, GoesOnWhileTheCatalogueIsAwayAlsoAfterARestart) {
  StartPart();
  StopCatalogue();
  StartPart();
  std::unique_ptr<Subscriber> live = Subscribe(From(v1::LATEST));
  ASSERT_THAT(live->Next(), IsOk());
  Produce("departments/a/things/1", 1);
  Flush();
  EXPECT_EQ(live->Ids(1).size(), 1u);
}

}  // namespace
}  // namespace simpul::events
