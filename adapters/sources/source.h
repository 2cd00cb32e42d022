// A legacy application, whatever its protocol: a few connections, never more than its budget.
#ifndef SIMPUL_ADAPTERS_SOURCES_SOURCE_H_
#define SIMPUL_ADAPTERS_SOURCES_SOURCE_H_

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "adapters/sources/value.h"

namespace simpul::sources {

// What an application may be asked for at most.
struct Limits {
  int concurrency = 2;                        // connections
  double requests_per_second = 0;             // over REST, evenly spaced; 0: no limit
  int rows = 5000;                            // of one answer, all its pages together
  absl::Duration timeout = absl::Seconds(5);  // of one statement or request
  size_t answer_bytes = 8 << 20;              // of one answer over REST; cut while it is read
};

// Takes the batches of one answer, in order. A status that is not OK ends the query and is
// returned.
using EachBatch = absl::FunctionRef<absl::Status(const Batch&)>;

// One read as a mapping writes it, compiled for the kind of its source. Immutable.
class Query {
 public:
  virtual ~Query() = default;

 protected:
  Query() = default;
  Query(const Query&) = default;
  Query(Query&&) = default;
  Query& operator=(const Query&) = default;
  Query& operator=(Query&&) = default;
};

// One connection. One thread at a time. The codes are those of the source's kind: sql/source.h,
// rest/source.h.
class Connection {
 public:
  virtual ~Connection() = default;

  // Runs a query of the source's own kind until `deadline`. INVALID_ARGUMENT: a parameter has no
  // value.
  virtual absl::Status Query(const sources::Query& query, const Bindings& bindings,
                             absl::Time deadline, EachBatch each) = 0;

  // Until EndSnapshot all queries see the same state, if the application can do that.
  virtual absl::Status BeginSnapshot(absl::Time deadline) = 0;
  virtual absl::Status EndSnapshot(absl::Time deadline) = 0;

  // Whether it may be used again.
  virtual bool usable() const = 0;
};

// The connections of one application. Thread-safe. Outlives its leases.
class Source {
 public:
  virtual ~Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  // A connection for a while; goes back when destroyed.
  class Lease {
   public:
    Lease(Lease&&) = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease();
    Connection* operator->() { return connection_.get(); }
    Connection& operator*() { return *connection_; }

   private:
    friend class Source;
    struct Permit {
      explicit Permit(Source* s) : source(s) {}
      ~Permit();
      Source* source;
    };
    Lease(std::unique_ptr<Permit> permit, std::unique_ptr<Connection> connection)
        : permit_(std::move(permit)), connection_(std::move(connection)) {}
    std::unique_ptr<Permit> permit_;
    std::unique_ptr<Connection> connection_;
  };

  // Waits for a free connection until `deadline`, at most for the limit's timeout.
  // RESOURCE_EXHAUSTED: the budget was in use all that time. UNAVAILABLE: the application cannot be
  // reached.
  absl::StatusOr<Lease> Acquire(absl::Time deadline);

  // Runs one query on a connection of its own, once more if the connection turned out to be dead or
  // of an older schema before anything was answered.
  absl::Status Query(const sources::Query& query, const Bindings& bindings, absl::Time deadline,
                     EachBatch each);

  const Limits& limits() const { return limits_; }
  // `deadline`, but not later than a query may take from now on.
  absl::Time Bounded(absl::Time deadline) const {
    return std::min(deadline, absl::Now() + longest_query_);
  }

 protected:
  Source(const Limits& limits, absl::Duration longest_query)
      : limits_(limits), longest_query_(longest_query) {}

  virtual absl::StatusOr<std::unique_ptr<Connection>> Connect() = 0;

 private:
  bool HasPermit() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return used_ < limits_.concurrency;
  }

  const Limits limits_;
  const absl::Duration longest_query_;
  absl::Mutex mutex_;
  int used_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::unique_ptr<Connection>> idle_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace simpul::sources

#endif  // SIMPUL_ADAPTERS_SOURCES_SOURCE_H_
