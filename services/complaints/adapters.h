// Where the departments' adapters of complaints are, to send writes to them.
#ifndef SIMPUL_SERVICES_COMPLAINTS_ADAPTERS_H_
#define SIMPUL_SERVICES_COMPLAINTS_ADAPTERS_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "bus/rpc/identity.h"
#include "grpcpp/channel.h"
#include "simpul/catalogue/v1/registry.pb.h"

namespace simpul::complaints {

// "simpul.complaints.v1.ComplaintSourceService".
std::string SourceService();

// Follows the catalogue. Thread-safe.
class Adapters {
 public:
  explicit Adapters(std::shared_ptr<const rpc::Credentials> credentials)
      : credentials_(std::move(credentials)) {}

  // Takes in what the catalogue says.
  void Update(const std::vector<simpul::catalogue::v1::Part>& parts);

  // A channel to the adapter of this department and application that is connected now, so that a
  // call on it which fails before it is sent is rare. UNAVAILABLE: there is none, or it cannot be
  // reached within `timeout`; nothing was sent.
  absl::StatusOr<std::shared_ptr<grpc::Channel>> Connect(const std::string& department,
                                                         const std::string& app,
                                                         absl::Duration timeout) const;

 private:
  const std::shared_ptr<const rpc::Credentials> credentials_;
  mutable absl::Mutex mutex_;
  // By `:authority`, then by the instance's address.
  std::map<std::string, std::map<std::string, std::shared_ptr<grpc::Channel>>> channels_
      ABSL_GUARDED_BY(mutex_);
};

// The application of this department whose complaints are read from `source_topics`.
// NOT_FOUND: there is none. FAILED_PRECONDITION: there are several.
absl::StatusOr<std::string> AppOf(const std::string& department,
                                  const std::vector<std::string>& source_topics);

}  // namespace simpul::complaints

#endif  // SIMPUL_SERVICES_COMPLAINTS_ADAPTERS_H_
