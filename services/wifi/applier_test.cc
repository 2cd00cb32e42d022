#include "services/wifi/applier.h"

#include <string>

#include "services/wifi/wifi_test.h"

namespace simpul::wifi {
namespace {

using kafka::Outcome;
using simpul::type::v1::CREATED;
using simpul::type::v1::UPDATED;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::Not;
using testing::StatusIs;

class ApplierTest : public WifiTest {
 protected:
  v1::SourceSession WithUniqueId(const std::string& id, const std::string& unique_id,
                                 absl::Time start) const {
    v1::SourceSession session = Open(id);
    session.set_unique_id(unique_id);
    *session.mutable_start_time() = ToProto(start);
    return session;
  }
};

TEST_P(ApplierTest, AFirstRecordCreatesAndALaterOneUpdatesWhateverTheSourceCallsIt) {
  EXPECT_EQ(*Apply(Record(UPDATED, Open("1"))), Outcome::kDelivered);
  EXPECT_EQ(*Apply(Record(CREATED, Open("1"))), Outcome::kDelivered);
  EXPECT_THAT(News(), ElementsAre("CREATED " + SessionName("1"), "UPDATED " + SessionName("1")));
  EXPECT_GT(session_events_[1].revision(), session_events_[0].revision());
  EXPECT_EQ(session_events_[1].session().revision(), session_events_[1].revision());
}

TEST_P(ApplierTest, AppliesOnlyAGreaterSourceRevision) {
  const kafka::Record first = Record(UPDATED, Open("1"));
  const kafka::Record second = Record(UPDATED, Closed("1", "User-Request"));
  EXPECT_EQ(*Apply(second), Outcome::kDelivered);
  EXPECT_EQ(*Apply(first), Outcome::kDuplicate);
  EXPECT_EQ(*Apply(second), Outcome::kDuplicate);
  EXPECT_THAT(News(), ElementsAre("CREATED " + SessionName("1")));
  EXPECT_EQ(session_events_[0].session().state(), v1::Session::ENDED);
}

TEST_P(ApplierTest, PublishesNothingPersonal) {
  ASSERT_THAT(Put(Open("1")), IsOk());
  News();
  const std::string bytes = session_events_[0].SerializeAsString();
  EXPECT_THAT(bytes, Not(HasSubstr("budi")));
  EXPECT_THAT(bytes, Not(HasSubstr("AA-BB")));
  EXPECT_THAT(bytes, Not(HasSubstr("10.9.9.9")));
  EXPECT_EQ(session_events_[0].session().ssid(), "kota");
}

TEST_P(ApplierTest, GoesThroughABAWithoutLosingAStep) {
  for (const std::string ssid : {"a", "b", "a"}) {
    v1::SourceSession session = Open("1");
    session.set_ssid(ssid);
    ASSERT_THAT(Put(session), IsOk());
  }
  News();
  ASSERT_EQ(session_events_.size(), 3u);
  EXPECT_EQ(session_events_[1].session().ssid(), "b");
  EXPECT_EQ(session_events_[2].session().ssid(), "a");
}

TEST_P(ApplierTest, ADeletedSessionIsToldByNameRevisionAndTimeAlone) {
  ASSERT_THAT(Put(Open("1")), IsOk());
  News();
  const int64_t before = session_events_[0].revision();
  EXPECT_EQ(*Delete("1"), Outcome::kDelivered);
  EXPECT_THAT(News(), ElementsAre("DELETED " + SessionName("1")));
  EXPECT_GT(session_events_[0].revision(), before);
  v1::Session left = session_events_[0].session();
  EXPECT_TRUE(left.has_observe_time());
  left.clear_name();
  left.clear_revision();
  left.clear_observe_time();
  EXPECT_EQ(left.ByteSizeLong(), 0u);
}

TEST_P(ApplierTest, ADeletedNameGoesOnFromItsRevisionWhenItReturns) {
  ASSERT_THAT(Put(Open("1")), IsOk());
  clock_.Advance(absl::Hours(1));
  ASSERT_THAT(Delete("1"), IsOk());
  News();
  const int64_t deleted = session_events_.back().revision();
  clock_.Advance(-absl::Hours(2));  // a clock that was set back
  ASSERT_THAT(Put(Open("1")), IsOk());
  EXPECT_THAT(News(), ElementsAre("CREATED " + SessionName("1")));
  EXPECT_EQ(session_events_[0].revision(), deleted + 1);
}

TEST_P(ApplierTest, ADeleteOfWhatWasNeverKnownIsNoNewsButStopsOlderRecords) {
  const kafka::Record older = Record(UPDATED, Open("1"));
  EXPECT_EQ(*Delete("1"), Outcome::kFiltered);
  EXPECT_EQ(*Apply(older), Outcome::kDuplicate);
  EXPECT_EQ(*Delete("1"), Outcome::kFiltered);
  EXPECT_THAT(News(), IsEmpty());
}

TEST_P(ApplierTest, ParksWhatAnAdapterSaysOfAnotherDepartment) {
  const kafka::Record honest = Record(UPDATED, Open("1"));
  kafka::Record record = honest;
  record.topic = "simpul.source.dpupr.radius.session";
  EXPECT_THAT(Apply(record),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("another department")));
  record = honest;
  record.event.source = "//simpul/adapter/dpupr";
  EXPECT_THAT(Apply(record), StatusIs(absl::StatusCode::kInvalidArgument));
  record = honest;
  record.event.subject = SessionName("2");
  EXPECT_THAT(Apply(record), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(News(), IsEmpty());
}

TEST_P(ApplierTest, ParksWhatCannotBeASession) {
  v1::SourceSession session = Open("1");
  session.set_input_bytes(-1);
  EXPECT_THAT(Put(session), StatusIs(absl::StatusCode::kInvalidArgument));
  session = Open("1");
  session.set_name("departments/diskominfo/hotspots/1");
  EXPECT_THAT(Put(session), StatusIs(absl::StatusCode::kInvalidArgument));
  session = Open("1");
  session.set_nas_address(std::string("10.0.0.1\0x", 10));
  EXPECT_THAT(Put(session), StatusIs(absl::StatusCode::kInvalidArgument));
  session = Open("1");
  session.mutable_stop_time()->set_seconds(INT64_MAX);
  EXPECT_THAT(Put(session), StatusIs(absl::StatusCode::kInvalidArgument));
  kafka::Record record = Record(UPDATED, Open("1"));
  record.event.data = "\xff\xff";
  EXPECT_THAT(Apply(record), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Apply(Record(simpul::type::v1::CHANGE_UNSPECIFIED, Open("1"))),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(News(), IsEmpty());
}

TEST_P(ApplierTest, PassesOverAnotherDomainsNounOfTheSameName) {
  kafka::Record record = Record(UPDATED, Open("1"));
  record.event.type = "simpul.counselling.v1.SourceSessionEvent";
  EXPECT_EQ(*Apply(record), Outcome::kFiltered);
}

TEST_P(ApplierTest, OfTwoRowsWithOneUniqueIdTheNewerIsTheSession) {
  ASSERT_THAT(Put(WithUniqueId("9", "u", start_)), IsOk());
  EXPECT_EQ(*Put(WithUniqueId("10", "u", start_)), Outcome::kDelivered);
  EXPECT_THAT(News(), ElementsAre("CREATED " + SessionName("9"), "DELETED " + SessionName("9"),
                                  "CREATED " + SessionName("10")));
}

TEST_P(ApplierTest, OfTwoRowsWithOneUniqueIdTheOlderIsFilteredInWhateverOrderTheyCome) {
  ASSERT_THAT(Put(WithUniqueId("10", "u", start_)), IsOk());
  EXPECT_EQ(*Put(WithUniqueId("9", "u", start_)), Outcome::kFiltered);
  EXPECT_EQ(*Put(WithUniqueId("9", "u", start_)), Outcome::kFiltered);
  EXPECT_THAT(News(), ElementsAre("CREATED " + SessionName("10")));
}

TEST_P(ApplierTest, AHiddenRowTakesThePlaceOfTheOneThatIsDeleted) {
  ASSERT_THAT(Put(WithUniqueId("1", "u", start_)), IsOk());
  ASSERT_THAT(Put(WithUniqueId("2", "u", start_ + absl::Seconds(1))), IsOk());
  ASSERT_THAT(Put(WithUniqueId("3", "u", start_ + absl::Seconds(2))), IsOk());
  News();
  ASSERT_THAT(Delete("3"), IsOk());
  EXPECT_THAT(News(), ElementsAre("DELETED " + SessionName("3"), "CREATED " + SessionName("2")));
}

TEST_P(ApplierTest, ARowWhoseUniqueIdChangesLeavesItsPlaceToAnother) {
  ASSERT_THAT(Put(WithUniqueId("1", "u", start_)), IsOk());
  ASSERT_THAT(Put(WithUniqueId("2", "u", start_)), IsOk());
  News();
  ASSERT_THAT(Put(WithUniqueId("2", "v", start_)), IsOk());
  EXPECT_THAT(News(), ElementsAre("UPDATED " + SessionName("2"), "CREATED " + SessionName("1")));
}

TEST_P(ApplierTest, UniqueIdsOfTwoDepartmentsAreNotTheSame) {
  ASSERT_THAT(Put(WithUniqueId("1", "u", start_)), IsOk());
  department_ = "dpupr";
  EXPECT_EQ(*Put(WithUniqueId("1", "u", start_)), Outcome::kDelivered);
  EXPECT_THAT(News(), ElementsAre("CREATED departments/diskominfo/sessions/1",
                                  "CREATED departments/dpupr/sessions/1"));
}

TEST_P(ApplierTest, LinksASessionToTheHotspotOfItsAccessServer) {
  ASSERT_THAT(Put(Hotspot("a", "10.0.0.1")), IsOk());
  ASSERT_THAT(Put(Hotspot("b", "10.0.0.2")), IsOk());
  ASSERT_THAT(Put(Open("1")), IsOk());
  News();
  EXPECT_EQ(session_events_[0].session().hotspot(), HotspotName("a"));
}

TEST_P(ApplierTest, HotspotsComeChangeAndGo) {
  EXPECT_EQ(*Put(Hotspot("a", "10.0.0.1")), Outcome::kDelivered);
  EXPECT_EQ(*Put(Hotspot("a", "10.0.0.2")), Outcome::kDelivered);
  v1::SourceHotspot gone;
  gone.set_name(HotspotName("a"));
  EXPECT_EQ(*Apply(Record(simpul::type::v1::DELETED, gone)), Outcome::kDelivered);
  EXPECT_THAT(News(), ElementsAre("CREATED " + HotspotName("a"), "UPDATED " + HotspotName("a"),
                                  "DELETED " + HotspotName("a")));
  EXPECT_EQ(hotspot_events_[1].hotspot().nas_address(), "10.0.0.2");
  EXPECT_EQ(hotspot_events_[2].hotspot().nas_address(), "");
}

TEST_P(ApplierTest, WhatIsRolledBackIsAppliedWholeTheNextTime) {
  const kafka::Record record = Record(UPDATED, Open("1"));
  EXPECT_THAT(store_->Transact([&](store::Transaction& transaction) -> absl::Status {
    EXPECT_EQ(*applier_.Apply(transaction, record), Outcome::kDelivered);
    return absl::AbortedError("the partition has a new owner");
  }),
              StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(News(), IsEmpty());
  EXPECT_EQ(*Apply(record), Outcome::kDelivered);
  EXPECT_THAT(News(), ElementsAre("CREATED " + SessionName("1")));
}

INSTANTIATE_TEST_SUITE_P(Databases, ApplierTest, BothDatabases(), DatabaseName);

}  // namespace
}  // namespace simpul::wifi
