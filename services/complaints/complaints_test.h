// What the tests of this folder share: the tables on a fresh store, and an adapter's events to
// apply.
#ifndef SIMPUL_SERVICES_COMPLAINTS_COMPLAINTS_TEST_H_
#define SIMPUL_SERVICES_COMPLAINTS_COMPLAINTS_TEST_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bus/kafka/consumer.h"
#include "bus/kafka/outbox.h"
#include "bus/store/test_store.h"
#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "services/complaints/applier.h"
#include "services/complaints/migrations.h"
#include "services/domain/observation.h"
#include "services/domain/publisher.h"
#include "services/domain/sources.h"
#include "simpul/complaints/v1/complaint.pb.h"
#include "simpul/complaints/v1/source.pb.h"

namespace simpul::complaints {

// The store of the service, migrated.
inline std::unique_ptr<store::Store> OpenStore(const store::StoreOptions& options) {
  auto opened = store::Store::Open(options);
  EXPECT_THAT(opened, testing::IsOk());
  if (!opened.ok()) return nullptr;
  for (const auto& [name, steps] : {std::pair{"outbox", kafka::OutboxMigrations()},
                                    std::pair{"sources", domain::SourceMigrations()},
                                    std::pair{"observation", domain::ObservationMigrations()},
                                    std::pair{"complaints", Migrations()}}) {
    EXPECT_THAT(store::Migrate(**opened, name, steps), testing::IsOk());
  }
  return *std::move(opened);
}

class ComplaintsTest : public ::testing::TestWithParam<store::Database> {
 protected:
  void SetUp() override {
    ASSERT_NE(options_.url, "") << store::kNoPostgres;
    store_ = OpenStore(options_);
    ASSERT_NE(store_, nullptr);
  }

  std::string NameOf(const std::string& id) const {
    return "departments/" + department_ + "/complaints/" + id;
  }

  // A complaint as the department has it, with a reporter.
  v1::SourceComplaint Source(const std::string& id) const {
    v1::SourceComplaint complaint;
    complaint.set_name(NameOf(id));
    complaint.set_title("Jalan berlubang");
    complaint.set_content("Lubang di depan pasar");
    complaint.set_classification(v1::Complaint::COMPLAINT);
    complaint.set_state(v1::Complaint::RECEIVED);
    complaint.set_category("jalan");
    complaint.set_reporter_name("Siti Rahma");
    complaint.set_reporter_contact("0812-555-0199");
    complaint.set_reporter_nik("3672014507900001");
    complaint.set_assignee("pak.budi");
    complaint.set_location_text("Jl. Sudirman");
    *complaint.mutable_create_time() = domain::ToProto(start_);
    v1::HistoryEntry& entry = *complaint.add_history();
    entry.set_note("diterima");
    entry.set_actor("bu.ani");
    return complaint;
  }

  kafka::Record Record(simpul::type::v1::Change change, const v1::SourceComplaint& complaint) {
    v1::SourceComplaintEvent event;
    event.set_change(change);
    *event.mutable_complaint() = complaint;
    event.set_revision(++source_revision_);
    *event.mutable_observe_time() = domain::ToProto(clock_.Now());
    kafka::Record record;
    record.topic = "simpul.source." + department_ + ".roundup.complaint";
    record.event.id = kafka::EventId(complaint.name(), event.revision());
    record.event.source = "//simpul/adapter/" + department_;
    record.event.type = v1::SourceComplaintEvent::descriptor()->full_name();
    record.event.subject = complaint.name();
    record.event.time = clock_.Now();
    record.event.data = event.SerializeAsString();
    return record;
  }

  absl::StatusOr<kafka::Outcome> Apply(const kafka::Record& record) {
    absl::StatusOr<kafka::Outcome> outcome = absl::UnknownError("not applied");
    auto status = store_->Transact([&](store::Transaction& transaction) {
      outcome = applier_.Apply(transaction, record);
      return outcome.status();
    });
    if (!status.ok()) return status;
    return outcome;
  }
  absl::StatusOr<kafka::Outcome> Put(const v1::SourceComplaint& complaint) {
    return Apply(Record(simpul::type::v1::UPDATED, complaint));
  }
  absl::StatusOr<kafka::Outcome> Delete(const std::string& id) {
    v1::SourceComplaint complaint;
    complaint.set_name(NameOf(id));
    return Apply(Record(simpul::type::v1::DELETED, complaint));
  }

  // Public events recorded since the last call, in order: "CREATED departments/…".
  std::vector<std::string> News() {
    std::vector<std::string> news;
    events_.clear();
    EXPECT_THAT(store_->Read([&](store::Transaction& transaction) {
      return transaction.Query(
          "SELECT seq, topic, id, data FROM outbox WHERE seq > $1 ORDER BY seq", {told_},
          [&](const store::Row& row) {
            told_ = row.Int(0);
            v1::ComplaintEvent& event = events_.emplace_back();
            EXPECT_TRUE(event.ParseFromString(std::string(row.Bytes(3))));
            EXPECT_EQ(row.Text(1), "simpul.complaints.v1.ComplaintEvent");
            EXPECT_EQ(row.Text(2), kafka::EventId(event.complaint().name(), event.revision()));
            news.push_back(simpul::type::v1::Change_Name(event.change()) + " " +
                           event.complaint().name());
            return absl::OkStatus();
          });
    }),
                testing::IsOk());
    return news;
  }

  const store::StoreOptions options_ = store::FreshStore(GetParam());
  std::string department_ = "dpupr";  // of the adapter that speaks
  const absl::Time start_ = absl::FromUnixSeconds(1'800'000'000);
  FakeClock clock_{start_};
  std::unique_ptr<store::Store> store_;
  kafka::RevisionClock revisions_{clock_};
  domain::Publisher publisher_{clock_, "complaints", "urn:simpul:contract:test"};
  Applier applier_{clock_, revisions_, publisher_};
  int64_t source_revision_ = 1000;
  std::vector<v1::ComplaintEvent> events_;  // of the last News()

 private:
  int64_t told_ = 0;
};

inline auto BothDatabases() {
  return ::testing::Values(store::Database::kSqlite, store::Database::kPostgres);
}
inline std::string DatabaseName(const ::testing::TestParamInfo<store::Database>& info) {
  return store::NameOf(info.param);
}

}  // namespace simpul::complaints

#endif  // SIMPUL_SERVICES_COMPLAINTS_COMPLAINTS_TEST_H_
