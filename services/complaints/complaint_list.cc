#include "services/complaints/complaint_list.h"

#include <vector>

#include "absl/strings/str_format.h"
#include "google/protobuf/util/time_util.h"
#include "services/domain/name.h"
#include "services/domain/row.h"
#include "services/domain/source_event.h"

namespace simpul::complaints {

std::string ComplaintFilter::Scope() const {
  return absl::StrFormat("ListComplaints\n%s\n%d\n%d\n%d\n%d\n%s", department, state,
                         classification, has_after, after_us, category);
}

absl::StatusOr<ComplaintFilter> ReadFilter(const v1::ListComplaintsRequest& request) {
  const auto department = domain::DepartmentOfParent(request.parent());
  if (!department) {
    return absl::InvalidArgumentError("parent: neither empty nor departments/{department}");
  }
  if (!v1::Complaint::State_IsValid(request.state())) {
    return absl::InvalidArgumentError("state: unknown; leave it out for any");
  }
  if (!v1::Complaint::Classification_IsValid(request.classification())) {
    return absl::InvalidArgumentError("classification: unknown; leave it out for any");
  }
  if (!domain::IsInRange(request.create_time_after())) {
    return absl::InvalidArgumentError("create_time_after: not between the years 1 and 9999");
  }
  return ComplaintFilter{.department = *department,
                         .state = request.state(),
                         .classification = request.classification(),
                         .category = request.category(),
                         .has_after = request.has_create_time_after(),
                         .after_us = google::protobuf::util::TimeUtil::TimestampToMicroseconds(
                             request.create_time_after())};
}

absl::Status ReadComplaints(store::Transaction& transaction, const ComplaintFilter& filter,
                            const domain::Page& page, v1::ListComplaintsResponse& response) {
  // At most 32 texts, so that each is prepared once.
  std::string sql = "SELECT resource FROM complaint WHERE visible = 1 AND name > $1";
  std::vector<store::Param> params = {page.after, page.limit()};
  const auto narrow = [&](bool is_asked, const char* condition, store::Param value) {
    if (!is_asked) return;
    params.push_back(value);
    sql += absl::StrFormat(" AND %s $%d", condition, params.size());
  };
  narrow(!filter.department.empty(), "department =", filter.department);
  narrow(filter.state != 0, "state =", filter.state);
  narrow(filter.classification != 0, "classification =", filter.classification);
  narrow(!filter.category.empty(), "category =", filter.category);
  narrow(filter.has_after, "create_us >", filter.after_us);
  sql += " ORDER BY name LIMIT $2";
  return transaction.Query(sql, params, [&](const store::Row& row) {
    return domain::ReadResource(row.Bytes(0), *response.add_complaints());
  });
}

}  // namespace simpul::complaints
