// A legacy database: a few connections, never more than its budget, and only to read.
#ifndef SIMPUL_ADAPTERS_SOURCES_SQL_SOURCE_H_
#define SIMPUL_ADAPTERS_SOURCES_SQL_SOURCE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "adapters/sources/sql/statement.h"
#include "adapters/sources/sql/value.h"

namespace simpul::sources::sql {

// What a database may be asked for at most.
struct Limits {
  int concurrency = 2;                        // connections
  int rows = 5000;                            // of one answer
  absl::Duration timeout = absl::Seconds(5);  // of one statement
};

// Takes the batches of one answer, in order. A status that is not OK ends the query and is
// returned.
using EachBatch = absl::FunctionRef<absl::Status(const Batch&)>;

// One connection. One thread at a time.
//
// On all of it: UNAVAILABLE, the database cannot be reached or went away; DEADLINE_EXCEEDED, it
// took too long and was cancelled; FAILED_PRECONDITION, it refuses the statement, since a column or
// table is gone (named if the database says which) or for want of rights; DATA_LOSS, a value is not
// what the query takes it for; ABORTED, the snapshot could not be kept.
class Connection {
 public:
  virtual ~Connection() = default;

  // Runs a query until `deadline`. INVALID_ARGUMENT: a parameter has no value.
  virtual absl::Status Query(const Statement& statement, const Bindings& bindings,
                             absl::Time deadline, EachBatch each) = 0;

  // Until EndSnapshot all queries see the same state, if the database can do that.
  virtual absl::Status BeginSnapshot(absl::Time deadline) = 0;
  virtual absl::Status EndSnapshot(absl::Time deadline) = 0;

  // Whether it may be used again.
  virtual bool usable() const = 0;
};

// Opens a connection by the kind of DSN: "postgresql://…", "postgres://…" and "key=value …" go
// through libpq, what has "Driver=" or "DSN=" through ODBC.
absl::StatusOr<std::unique_ptr<Connection>> Connect(const std::string& dsn, const Limits& limits);

// The connections of one database. Thread-safe. Outlives its leases.
class Source {
 public:
  Source(std::string dsn, const Limits& limits) : dsn_(std::move(dsn)), limits_(limits) {}

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
  // RESOURCE_EXHAUSTED: the budget was in use all that time. UNAVAILABLE: the database cannot be
  // reached.
  absl::StatusOr<Lease> Acquire(absl::Time deadline);

  // Runs one query on a connection of its own, once more if the connection turned out to be dead or
  // of an older schema before anything was answered.
  absl::Status Query(const Statement& statement, const Bindings& bindings, absl::Time deadline,
                     EachBatch each);

  const Limits& limits() const { return limits_; }
  // `deadline`, but not later than a statement may take from now on.
  absl::Time Bounded(absl::Time deadline) const {
    return std::min(deadline, absl::Now() + limits_.timeout);
  }

 private:
  bool HasPermit() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return used_ < limits_.concurrency;
  }

  const std::string dsn_;
  const Limits limits_;
  absl::Mutex mutex_;
  int used_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::unique_ptr<Connection>> idle_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace simpul::sources::sql

#endif  // SIMPUL_ADAPTERS_SOURCES_SQL_SOURCE_H_
