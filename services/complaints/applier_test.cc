#include "services/complaints/applier.h"

#include <limits>
#include <string>

#include "services/complaints/complaints_test.h"

namespace simpul::complaints {
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

constexpr absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;

class ApplierTest : public ComplaintsTest {};

TEST_P(ApplierTest, AFirstRecordCreatesAndALaterOneUpdatesWhateverTheSourceCallsIt) {
  EXPECT_EQ(*Apply(Record(UPDATED, Source("1"))), Outcome::kDelivered);
  EXPECT_EQ(*Apply(Record(CREATED, Source("1"))), Outcome::kDelivered);
  EXPECT_THAT(News(), ElementsAre("CREATED " + NameOf("1"), "UPDATED " + NameOf("1")));
  EXPECT_GT(events_[1].revision(), events_[0].revision());
  EXPECT_EQ(events_[1].complaint().revision(), events_[1].revision());
  EXPECT_EQ(events_[1].complaint().etag(), std::to_string(events_[1].revision()));
}

TEST_P(ApplierTest, AppliesOnlyAGreaterSourceRevision) {
  const kafka::Record first = Record(UPDATED, Source("1"));
  v1::SourceComplaint closed = Source("1");
  closed.set_state(v1::Complaint::CLOSED);
  const kafka::Record second = Record(UPDATED, closed);
  EXPECT_EQ(*Apply(second), Outcome::kDelivered);
  EXPECT_EQ(*Apply(first), Outcome::kDuplicate);
  EXPECT_EQ(*Apply(second), Outcome::kDuplicate);
  EXPECT_THAT(News(), ElementsAre("CREATED " + NameOf("1")));
  EXPECT_EQ(events_[0].complaint().state(), v1::Complaint::CLOSED);
}

TEST_P(ApplierTest, PublishesNothingPersonal) {
  ASSERT_THAT(Put(Source("1")), IsOk());
  News();
  const std::string bytes = events_[0].SerializeAsString();
  for (const char* personal : {"Siti", "0812", "3672014507900001", "pak.budi", "bu.ani"}) {
    EXPECT_THAT(bytes, Not(HasSubstr(personal)));
  }
  EXPECT_EQ(events_[0].complaint().title(), "Jalan berlubang");
  EXPECT_EQ(events_[0].complaint().note(), "diterima");
  EXPECT_EQ(events_[0].complaint().history_size(), 1);
}

TEST_P(ApplierTest, PublishesOfASecretComplaintOnlyWhereItStands) {
  v1::SourceComplaint secret = Source("1");
  secret.set_classification(v1::Complaint::WHISTLE_BLOWING);
  secret.add_attachments()->set_uri("https://example.id/foto.jpg");
  secret.add_tags("korupsi");
  ASSERT_THAT(Put(secret), IsOk());
  News();
  const std::string bytes = events_[0].SerializeAsString();
  for (const char* text : {"berlubang", "pasar", "Sudirman", "foto", "korupsi", "diterima"}) {
    EXPECT_THAT(bytes, Not(HasSubstr(text)));
  }
  EXPECT_TRUE(events_[0].complaint().secret());
  EXPECT_EQ(events_[0].complaint().state(), v1::Complaint::RECEIVED);
}

TEST_P(ApplierTest, ADeletedComplaintIsToldByNameRevisionAndTimeAlone) {
  ASSERT_THAT(Put(Source("1")), IsOk());
  EXPECT_EQ(*Delete("1"), Outcome::kDelivered);
  EXPECT_THAT(News(), ElementsAre("CREATED " + NameOf("1"), "DELETED " + NameOf("1")));
  v1::Complaint left = events_[1].complaint();
  EXPECT_TRUE(left.has_observe_time());
  left.clear_name();
  left.clear_revision();
  left.clear_observe_time();
  EXPECT_EQ(left.ByteSizeLong(), 0u);
}

TEST_P(ApplierTest, ADeletedNameGoesOnFromItsRevisionWhenItReturns) {
  ASSERT_THAT(Put(Source("1")), IsOk());
  clock_.Advance(absl::Hours(1));
  ASSERT_THAT(Delete("1"), IsOk());
  News();
  const int64_t deleted = events_.back().revision();
  clock_.Advance(-absl::Hours(2));  // a clock that was set back
  ASSERT_THAT(Put(Source("1")), IsOk());
  EXPECT_THAT(News(), ElementsAre("CREATED " + NameOf("1")));
  EXPECT_EQ(events_[0].revision(), deleted + 1);
}

TEST_P(ApplierTest, ADeleteOfWhatWasNeverKnownIsNoNewsButStopsOlderRecords) {
  const kafka::Record older = Record(UPDATED, Source("1"));
  EXPECT_EQ(*Delete("1"), Outcome::kFiltered);
  EXPECT_EQ(*Apply(older), Outcome::kDuplicate);
  EXPECT_THAT(News(), IsEmpty());
}

TEST_P(ApplierTest, ParksWhatAnAdapterSaysOfAnotherDepartment) {
  kafka::Record record = Record(UPDATED, Source("1"));
  record.topic = "simpul.source.diskominfo.roundup.complaint";
  EXPECT_THAT(Apply(record), StatusIs(kInvalid, HasSubstr("another department")));
  record = Record(UPDATED, Source("1"));
  record.event.subject = NameOf("2");
  EXPECT_THAT(Apply(record), StatusIs(kInvalid));
  EXPECT_THAT(News(), IsEmpty());
}

TEST_P(ApplierTest, ParksWhatCannotBeAComplaint) {
  v1::SourceComplaint complaint = Source("1");
  complaint.clear_state();
  EXPECT_THAT(Put(complaint), StatusIs(kInvalid, HasSubstr("state")));
  complaint = Source("1");
  complaint.set_state(static_cast<v1::Complaint::State>(77));
  EXPECT_THAT(Put(complaint), StatusIs(kInvalid, HasSubstr("state")));
  complaint = Source("1");
  complaint.set_latitude(6);
  EXPECT_THAT(Put(complaint), StatusIs(kInvalid, HasSubstr("latitude")));
  complaint.set_longitude(std::numeric_limits<double>::quiet_NaN());
  EXPECT_THAT(Put(complaint), StatusIs(kInvalid, HasSubstr("latitude")));
  complaint = Source("1");
  complaint.mutable_update_time()->set_seconds(INT64_MAX);
  EXPECT_THAT(Put(complaint), StatusIs(kInvalid, HasSubstr("update_time")));
  complaint = Source("1");
  complaint.set_name("departments/dpupr/sessions/1");
  EXPECT_THAT(Put(complaint), StatusIs(kInvalid));
  kafka::Record record = Record(UPDATED, Source("1"));
  record.event.data = "\xff\xff";
  EXPECT_THAT(Apply(record), StatusIs(kInvalid));
  EXPECT_THAT(News(), IsEmpty());
}

TEST_P(ApplierTest, PassesOverAnotherDomainsNounOfTheSameName) {
  kafka::Record record = Record(UPDATED, Source("1"));
  record.event.type = "simpul.consumers.v1.SourceComplaintEvent";
  EXPECT_EQ(*Apply(record), Outcome::kFiltered);
}

TEST_P(ApplierTest, WhatIsRolledBackIsAppliedWholeTheNextTime) {
  const kafka::Record record = Record(UPDATED, Source("1"));
  EXPECT_THAT(store_->Transact([&](store::Transaction& transaction) -> absl::Status {
    EXPECT_EQ(*applier_.Apply(transaction, record), Outcome::kDelivered);
    return absl::AbortedError("the partition has a new owner");
  }),
              StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(News(), IsEmpty());
  EXPECT_EQ(*Apply(record), Outcome::kDelivered);
}

INSTANTIATE_TEST_SUITE_P(Databases, ApplierTest, BothDatabases(), DatabaseName);

}  // namespace
}  // namespace simpul::complaints
