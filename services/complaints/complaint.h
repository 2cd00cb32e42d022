// What a department's complaint means in public, and what may become of it.
#ifndef SIMPUL_SERVICES_COMPLAINTS_COMPLAINT_H_
#define SIMPUL_SERVICES_COMPLAINTS_COMPLAINT_H_

#include "absl/status/statusor.h"
#include "simpul/complaints/v1/complaint.pb.h"
#include "simpul/complaints/v1/source.pb.h"

namespace simpul::complaints {

// The complaint that `source` tells of, whole, with personal and secret fields; etag, revision and
// observe_time are the caller's. INVALID_ARGUMENT: the state is missing or unknown, a time is out
// of range, or a coordinate is none. Names the field, never the value.
absl::StatusOr<v1::Complaint> ComplaintOf(const v1::SourceComplaint& source);

// Leaves out what a secret complaint says: title, content, location, attachments, tags, notes.
// Personal fields are left out by rpc::ClearPersonalFields, as everywhere.
void ClearSecrets(v1::Complaint& complaint);

// Whether the platform lets a complaint go from one state to another. What happens in the
// department's own application is not asked: it is a fact.
bool MayBecome(v1::Complaint::State from, v1::Complaint::State to);

// Whether nobody works on it any more.
bool IsOver(v1::Complaint::State state);

// Whether both are degrees on the Earth.
bool IsOnEarth(double latitude, double longitude);

}  // namespace simpul::complaints

#endif  // SIMPUL_SERVICES_COMPLAINTS_COMPLAINT_H_
