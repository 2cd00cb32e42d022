// What the tests of this folder share: a department's complaints, and its adapter's events to
// apply.
#ifndef SIMPUL_SERVICES_COMPLAINTS_COMPLAINTS_TEST_H_
#define SIMPUL_SERVICES_COMPLAINTS_COMPLAINTS_TEST_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "services/complaints/applier.h"
#include "services/complaints/migrations.h"
#include "services/domain/testing/domain_test.h"
#include "simpul/complaints/v1/complaint.pb.h"
#include "simpul/complaints/v1/source.pb.h"

namespace simpul::complaints {

using domain::BothDatabases;
using domain::DatabaseName;

inline std::unique_ptr<store::Store> OpenStore(const store::StoreOptions& options) {
  return domain::OpenStore(options, "complaints", Migrations());
}

class ComplaintsTest : public domain::DomainTest {
 protected:
  ComplaintsTest() : DomainTest("complaints", Migrations(), "dpupr", "roundup") {}

  absl::StatusOr<kafka::Outcome> ApplyIn(store::Transaction& transaction,
                                         const kafka::Record& record) override {
    return applier_.Apply(transaction, record);
  }

  std::string NameOf(const std::string& id) const { return DomainTest::NameOf("complaints", id); }

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
    return RecordOf(std::move(event), complaint.name(), "complaint");
  }

  absl::StatusOr<kafka::Outcome> Put(const v1::SourceComplaint& complaint) {
    return Apply(Record(simpul::type::v1::UPDATED, complaint));
  }
  absl::StatusOr<kafka::Outcome> Delete(const std::string& id) {
    v1::SourceComplaint complaint;
    complaint.set_name(NameOf(id));
    return Apply(Record(simpul::type::v1::DELETED, complaint));
  }

  std::vector<std::string> News() {
    std::vector<std::string> news = DomainTest::News();
    events_ = Told<v1::ComplaintEvent>();
    return news;
  }

  Applier applier_{clock_, revisions_, publisher_};
  std::vector<v1::ComplaintEvent> events_;  // of the last News()
};

}  // namespace simpul::complaints

#endif  // SIMPUL_SERVICES_COMPLAINTS_COMPLAINTS_TEST_H_
