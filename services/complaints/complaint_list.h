// Which complaints a List asks for, and how they are read.
#ifndef SIMPUL_SERVICES_COMPLAINTS_COMPLAINT_LIST_H_
#define SIMPUL_SERVICES_COMPLAINTS_COMPLAINT_LIST_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "bus/store/store.h"
#include "services/domain/page.h"
#include "simpul/complaints/v1/complaint.pb.h"

namespace simpul::complaints {

struct ComplaintFilter {
  std::string department;      // empty: all
  int64_t state = 0;           // 0: any
  int64_t classification = 0;  // 0: any
  std::string category;        // empty: any
  bool has_after = false;
  int64_t after_us = 0;  // create_time is later

  // The rpc and the filter, for page tokens.
  std::string Scope() const;
};

// INVALID_ARGUMENT: a field cannot be a filter; names it.
absl::StatusOr<ComplaintFilter> ReadFilter(const v1::ListComplaintsRequest& request);

// Adds one page and the complaint after it, sorted by name; whole, as they are stored. Department
// and state are answered by an index, the rest by looking at what these leave.
absl::Status ReadComplaints(store::Transaction& transaction, const ComplaintFilter& filter,
                            const domain::Page& page, v1::ListComplaintsResponse& response);

}  // namespace simpul::complaints

#endif  // SIMPUL_SERVICES_COMPLAINTS_COMPLAINT_LIST_H_
