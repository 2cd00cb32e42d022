// A legacy application over REST: a few connections, never more than its budget, to read and write.
#ifndef SIMPUL_ADAPTERS_SOURCES_REST_SOURCE_H_
#define SIMPUL_ADAPTERS_SOURCES_REST_SOURCE_H_

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "adapters/sources/rest/endpoint.h"
#include "adapters/sources/rest/http.h"
#include "adapters/sources/rest/pace.h"
#include "adapters/sources/rest/query.h"

namespace simpul::sources::rest {

// Takes the rows of an answer. A status that is not OK ends the reading and is returned.
using EachBatch = absl::FunctionRef<absl::Status(const Batch&)>;

class Source;

// One connection. One thread at a time.
//
// What goes wrong names the application's address and the request as the mapping has it: no bound
// value, no query, no secret, nothing that the application answered.
class Connection {
 public:
  // Opens when it is first used. Both outlive it.
  Connection(Source& source, const Site& site, const Limits& limits);

  // Reads all rows of a query, then gives them to `each` in one batch; they come in pages until
  // they stand still (paging.h). `etag` becomes the item's, empty if the application gives none.
  //
  // UNAVAILABLE: it cannot be found or reached, broke off, or answered 5xx. DEADLINE_EXCEEDED: it
  // was too slow. NOT_FOUND: 404 or 410 for an item. FAILED_PRECONDITION: it refuses the
  // credential (401, 403) or the request (other 4xx), answers with a page for people, has nothing
  // where the rows should be, leads to another host, in a circle or nowhere, or shows a certificate
  // that is not to be trusted. DATA_LOSS: what it answered is not JSON, not UTF-8, not HTTP, ends
  // too soon, is nested too deep, has a key twice, or a column of another kind, which is named.
  // RESOURCE_EXHAUSTED: its answer is over the limits, it asks to be left alone (429), or the
  // budget was in use until `deadline`. ABORTED: it kept changing while it was read.
  // INVALID_ARGUMENT: a parameter has no value, or one that no path can have.
  absl::Status Read(const Query& query, const Bindings& bindings, absl::Time deadline,
                    EachBatch each, std::string* etag = nullptr);

  // Asks for a change, once and never again by itself; with an `etag`, only if the item is still as
  // it was. The answer's rows go to `each` if the command looks at them.
  //
  // UNKNOWN: it may have been done, as the answer did not come, was no good, 5xx or a redirect:
  // look before asking again. What `each` returns is returned: it was done. With any other error,
  // nothing was done. ABORTED: the
  // item has changed meanwhile (412, 409). NOT_FOUND: there is no such item. INVALID_ARGUMENT: the
  // application does not take these values (400, 422), or as with Read. Else as with Read.
  absl::Status Write(const Command& command, const Bindings& bindings, std::string_view etag,
                     absl::Time deadline, EachBatch each);

 private:
  absl::StatusOr<Document> Get(const Query& query, const std::string& url, absl::Time deadline,
                               std::string* etag);
  absl::StatusOr<HttpAnswer> Send(const HttpRequest& request, absl::Time deadline);

  Source& source_;
  const Site& site_;
  const Limits& limits_;
  HttpConnection http_;
};

// The connections of one application. Thread-safe. Outlives its leases.
class Source {
 public:
  // Asks nothing of the application yet. INVALID_ARGUMENT: as Site::Check.
  static absl::StatusOr<std::unique_ptr<Source>> Create(const Endpoint& endpoint,
                                                        const Limits& limits);

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
    Lease(Source* source, std::unique_ptr<Connection> connection)
        : source_(source), connection_(std::move(connection)) {}
    Source* source_;
    std::unique_ptr<Connection> connection_;
  };

  // Waits for a free connection until `deadline`, at most for the limit's timeout.
  // RESOURCE_EXHAUSTED: the budget was in use all that time.
  absl::StatusOr<Lease> Acquire(absl::Time deadline);

  // As Connection's, on a connection of its own.
  absl::Status Read(const Query& query, const Bindings& bindings, absl::Time deadline,
                    EachBatch each, std::string* etag = nullptr);
  absl::Status Write(const Command& command, const Bindings& bindings, std::string_view etag,
                     absl::Time deadline, EachBatch each);

  const Limits& limits() const { return limits_; }
  const Site& site() const { return site_; }

 private:
  friend class Connection;

  Source(Site site, const Limits& limits)
      : site_(std::move(site)), limits_(limits), pace_(limits.requests_per_second) {}

  // Waits for the next request's turn. RESOURCE_EXHAUSTED: it is after `deadline`.
  absl::Status AwaitTurn(absl::Time deadline);
  // The application asked to be left alone.
  void Hold(absl::Duration time);
  bool HasPermit() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return used_ < limits_.concurrency;
  }

  const Site site_;
  const Limits limits_;
  absl::Mutex mutex_;
  int used_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::unique_ptr<Connection>> idle_ ABSL_GUARDED_BY(mutex_);
  Pace pace_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace simpul::sources::rest

#endif  // SIMPUL_ADAPTERS_SOURCES_REST_SOURCE_H_
