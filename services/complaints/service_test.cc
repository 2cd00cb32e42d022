// What readers are answered, without a server around it.
#include <memory>
#include <string>
#include <vector>

#include "services/complaints/complaint_service.h"
#include "services/complaints/complaints_test.h"
#include "simpul/type/v1/observation.pb.h"

namespace simpul::complaints {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::Not;
using testing::StatusIs;

constexpr absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;

class ServiceTest : public ComplaintsTest {
 protected:
  void SetUp() override {
    ComplaintsTest::SetUp();
    if (HasFatalFailure()) return;
    commands_ = std::make_unique<Commands>(*store_, clock_, tokens_, adapters_,
                                           [] { return std::vector<std::string>(); });
    service_ = std::make_unique<ComplaintService>(*store_, tokens_, *commands_);
  }

  absl::StatusOr<v1::Complaint> Get(const std::string& name) {
    v1::GetComplaintRequest request;
    request.set_name(name);
    return service_->Get(request);
  }

  // "dpupr/1" for each complaint of the answer.
  std::vector<std::string> Listed(const v1::ListComplaintsRequest& request) {
    auto answer = service_->List(request);
    EXPECT_THAT(answer, IsOk());
    std::vector<std::string> listed;
    if (!answer.ok()) return listed;
    for (const auto& complaint : answer->complaints()) {
      std::string name = complaint.name().substr(std::string("departments/").size());
      listed.push_back(name.erase(name.find("/complaints"), std::string("/complaints").size()));
    }
    return listed;
  }

  const rpc::TokenKey tokens_{std::string(32, 'k')};
  const Adapters adapters_{nullptr};
  std::unique_ptr<Commands> commands_;
  std::unique_ptr<ComplaintService> service_;
};

TEST_P(ServiceTest, AComplaintIsAnsweredWithItsAgeAndNothingPersonal) {
  ASSERT_THAT(Put(Source("1")), IsOk());
  clock_.Advance(absl::Hours(3));
  auto complaint = Get(NameOf("1"));
  ASSERT_THAT(complaint, IsOk());
  EXPECT_EQ(complaint->observe_time().seconds(), absl::ToUnixSeconds(start_));
  EXPECT_EQ(complaint->etag(), std::to_string(complaint->revision()));
  EXPECT_EQ(complaint->content(), "Lubang di depan pasar");
  EXPECT_FALSE(complaint->has_due_time());
  const std::string bytes = complaint->SerializeAsString();
  for (const char* personal : {"Siti", "0812", "3672014507900001", "pak.budi", "bu.ani"}) {
    EXPECT_THAT(bytes, Not(HasSubstr(personal)));
  }
  auto listed = service_->List({});
  ASSERT_THAT(listed, IsOk());
  EXPECT_EQ(listed->complaints(0).SerializeAsString(), bytes);
}

TEST_P(ServiceTest, AnOpenComplaintIsAsYoungAsWhatItsAdapterToldLast) {
  ASSERT_THAT(Put(Source("1")), IsOk());
  v1::SourceComplaint closed = Source("2");
  closed.set_state(v1::Complaint::CLOSED);
  ASSERT_THAT(Put(closed), IsOk());
  type::v1::Observation observation;
  *observation.mutable_observe_time() = domain::ToProto(start_ + absl::Minutes(5));
  observation.set_partitions(1);
  kafka::Record record = Record(simpul::type::v1::UPDATED, Source("1"));
  record.event.type = "simpul.type.v1.Observation";
  record.event.data = observation.SerializeAsString();
  ASSERT_THAT(store_->Transact([&](store::Transaction& transaction) {
    return domain::ApplyObservation(transaction, record).status();
  }),
              IsOk());
  const int64_t start = absl::ToUnixSeconds(start_);
  EXPECT_EQ(Get(NameOf("1"))->observe_time().seconds(), start + 300);
  EXPECT_EQ(Get(NameOf("2"))->observe_time().seconds(), start);
  auto listed = service_->List({});
  ASSERT_THAT(listed, IsOk());
  EXPECT_EQ(listed->complaints(0).observe_time().seconds(), start + 300);
}

TEST_P(ServiceTest, WhatIsSecretIsNotAnswered) {
  v1::SourceComplaint secret = Source("1");
  secret.set_secret(true);
  ASSERT_THAT(Put(secret), IsOk());
  auto listed = service_->List({});
  ASSERT_THAT(listed, IsOk());
  for (const std::string& bytes :
       {Get(NameOf("1"))->SerializeAsString(), listed->SerializeAsString()}) {
    for (const char* text : {"berlubang", "pasar", "Sudirman", "diterima"}) {
      EXPECT_THAT(bytes, Not(HasSubstr(text)));
    }
  }
}

TEST_P(ServiceTest, WhatIsDeletedOrMisnamedIsNotFound) {
  ASSERT_THAT(Put(Source("1")), IsOk());
  ASSERT_THAT(Delete("1"), IsOk());
  for (const std::string& name : {NameOf("1"), NameOf("2"), std::string("nonsense")}) {
    EXPECT_THAT(Get(name), StatusIs(absl::StatusCode::kNotFound)) << name;
  }
  EXPECT_THAT(Listed({}), IsEmpty());
}

TEST_P(ServiceTest, EachFilterNarrowsTheListAndAllOfThemTogether) {
  ASSERT_THAT(Put(Source("1")), IsOk());
  v1::SourceComplaint complaint = Source("2");
  complaint.set_state(v1::Complaint::CLOSED);
  ASSERT_THAT(Put(complaint), IsOk());
  complaint = Source("3");
  complaint.set_classification(v1::Complaint::ASPIRATION);
  ASSERT_THAT(Put(complaint), IsOk());
  complaint = Source("4");
  complaint.set_category("drainase");
  *complaint.mutable_create_time() = domain::ToProto(start_ + absl::Seconds(1));
  ASSERT_THAT(Put(complaint), IsOk());
  department_ = "dlh";
  ASSERT_THAT(Put(Source("5")), IsOk());

  v1::ListComplaintsRequest request;
  EXPECT_THAT(Listed(request), ElementsAre("dlh/5", "dpupr/1", "dpupr/2", "dpupr/3", "dpupr/4"));
  request.set_parent("departments/dpupr");
  EXPECT_THAT(Listed(request), ElementsAre("dpupr/1", "dpupr/2", "dpupr/3", "dpupr/4"));
  request.set_state(v1::Complaint::RECEIVED);
  EXPECT_THAT(Listed(request), ElementsAre("dpupr/1", "dpupr/3", "dpupr/4"));
  request.set_classification(v1::Complaint::COMPLAINT);
  EXPECT_THAT(Listed(request), ElementsAre("dpupr/1", "dpupr/4"));
  *request.mutable_create_time_after() = domain::ToProto(start_);
  EXPECT_THAT(Listed(request), ElementsAre("dpupr/4"));
  request.set_category("jalan");
  EXPECT_THAT(Listed(request), IsEmpty());
  request.clear_create_time_after();
  EXPECT_THAT(Listed(request), ElementsAre("dpupr/1"));
}

TEST_P(ServiceTest, PagesWalkThroughAllOnceAndATokenHoldsForItsOwnListAlone) {
  for (int i = 10; i < 20; ++i) ASSERT_THAT(Put(Source(std::to_string(i))), IsOk());
  v1::ListComplaintsRequest request;
  request.set_page_size(4);
  std::vector<std::string> seen;
  do {
    auto answer = service_->List(request);
    ASSERT_THAT(answer, IsOk());
    for (const auto& complaint : answer->complaints()) seen.push_back(complaint.name());
    request.set_page_token(answer->next_page_token());
  } while (!request.page_token().empty());
  ASSERT_EQ(seen.size(), 10u);
  for (int i = 10; i < 20; ++i) EXPECT_EQ(seen[i - 10], NameOf(std::to_string(i)));

  request.set_page_token(service_->List(request)->next_page_token());
  request.set_category("jalan");
  EXPECT_THAT(service_->List(request), StatusIs(kInvalid, HasSubstr("page_token")));
}

TEST_P(ServiceTest, RefusesWhatNoListCanMean) {
  v1::ListComplaintsRequest request;
  request.set_page_size(-1);
  EXPECT_THAT(service_->List(request), StatusIs(kInvalid, HasSubstr("page_size")));
  request.Clear();
  request.set_parent("offices/x");
  EXPECT_THAT(service_->List(request), StatusIs(kInvalid, HasSubstr("parent")));
  request.Clear();
  request.set_state(static_cast<v1::Complaint::State>(70));
  EXPECT_THAT(service_->List(request), StatusIs(kInvalid, HasSubstr("state")));
  request.Clear();
  request.set_classification(static_cast<v1::Complaint::Classification>(70));
  EXPECT_THAT(service_->List(request), StatusIs(kInvalid, HasSubstr("classification")));
  request.Clear();
  request.mutable_create_time_after()->set_nanos(-1);
  EXPECT_THAT(service_->List(request), StatusIs(kInvalid, HasSubstr("create_time_after")));
}

INSTANTIATE_TEST_SUITE_P(Databases, ServiceTest, BothDatabases(), DatabaseName);

}  // namespace
}  // namespace simpul::complaints
