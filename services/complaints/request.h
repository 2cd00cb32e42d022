// Writes as they are asked for: checked, and turned into what an adapter is asked.
#ifndef SIMPUL_SERVICES_COMPLAINTS_REQUEST_H_
#define SIMPUL_SERVICES_COMPLAINTS_REQUEST_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "simpul/complaints/v1/complaint.pb.h"
#include "simpul/complaints/v1/source.pb.h"

namespace simpul::complaints {

// Whether `id` is 1 to 64 printable ASCII characters without space. INVALID_ARGUMENT: it is not.
absl::Status CheckRequestId(const std::string& id);

// All but request_id. INVALID_ARGUMENT: a field cannot be taken; begins with its path, never with
// the value.
absl::StatusOr<v1::CreateSourceComplaintRequest> ReadCreate(
    const v1::CreateComplaintRequest& request);

// All but request_id, revision and etag. As ReadCreate.
absl::StatusOr<v1::UpdateSourceComplaintRequest> ReadUpdate(
    const v1::UpdateComplaintRequest& request);

}  // namespace simpul::complaints

#endif  // SIMPUL_SERVICES_COMPLAINTS_REQUEST_H_
