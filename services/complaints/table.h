// Rows of complaints as the service keeps them.
#ifndef SIMPUL_SERVICES_COMPLAINTS_TABLE_H_
#define SIMPUL_SERVICES_COMPLAINTS_TABLE_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bus/store/store.h"
#include "services/domain/row.h"
#include "simpul/complaints/v1/complaint.pb.h"

namespace simpul::complaints {

struct ComplaintRow : domain::RowHead {
  std::string app;          // the department's application that has it
  std::string source_etag;  // that application's mark of this version
  v1::Complaint resource;   // whole, with personal and secret fields
};

// The row of `name`; one that is not stored if there is none. DATA_LOSS: it is damaged.
absl::StatusOr<ComplaintRow> LoadComplaint(store::Transaction& transaction, std::string_view name);

// Writes the row as it is now. ABORTED: another transaction changed it since it was loaded.
absl::Status Save(store::Transaction& transaction, ComplaintRow& row);

}  // namespace simpul::complaints

#endif  // SIMPUL_SERVICES_COMPLAINTS_TABLE_H_
