// A legacy application over REST: a few connections, never more than its budget, to read and write.
#ifndef SIMPUL_ADAPTERS_SOURCES_REST_SOURCE_H_
#define SIMPUL_ADAPTERS_SOURCES_REST_SOURCE_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "adapters/sources/rest/endpoint.h"
#include "adapters/sources/rest/http.h"
#include "adapters/sources/rest/pace.h"
#include "adapters/sources/rest/query.h"
#include "adapters/sources/source.h"

namespace simpul::sources::rest {

class Source;

// One connection. One thread at a time.
//
// What goes wrong names the application's address and the request as the mapping has it: no bound
// value, no query, no secret, nothing that the application answered.
class Connection final : public sources::Connection {
 public:
  // Opens when it is first used. Both outlive it.
  Connection(Source& source, const Site& site, const Limits& limits);

  // Read, for the engine: with `keys` each of them as `key`, one request after the other, a batch
  // for each that there is; of an ordered query the rows of its window.
  absl::Status Query(const sources::Query& query, const Bindings& bindings, absl::Time deadline,
                     EachBatch each) override;
  // No application over REST keeps a state for us: a list is read until it stands still.
  absl::Status BeginSnapshot(absl::Time) override { return absl::OkStatus(); }
  absl::Status EndSnapshot(absl::Time) override { return absl::OkStatus(); }
  bool usable() const override { return true; }

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
  absl::Status Read(const rest::Query& query, const Bindings& bindings, absl::Time deadline,
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
  absl::Status ReadEachKey(const rest::Query& query, const Bindings& bindings, absl::Time deadline,
                           EachBatch each);
  absl::StatusOr<Document> Get(const rest::Query& query, const std::string& url,
                               absl::Time deadline, std::string* etag);
  absl::StatusOr<HttpAnswer> Send(const HttpRequest& request, absl::Time deadline);

  Source& source_;
  const Site& site_;
  const Limits& limits_;
  HttpConnection http_;
};

// An application. Reads and writes of its own are as Connection's, on a connection of the pool.
class Source final : public sources::Source {
 public:
  // Asks nothing of the application yet. INVALID_ARGUMENT: as Site::Check.
  static absl::StatusOr<std::unique_ptr<Source>> Create(const Endpoint& endpoint,
                                                        const Limits& limits);

  absl::Status Read(const rest::Query& query, const Bindings& bindings, absl::Time deadline,
                    EachBatch each, std::string* etag = nullptr);
  absl::Status Write(const Command& command, const Bindings& bindings, std::string_view etag,
                     absl::Time deadline, EachBatch each);

  const Site& site() const { return site_; }

 private:
  friend class Connection;

  Source(Site site, const Limits& limits);
  absl::StatusOr<std::unique_ptr<sources::Connection>> Connect() override;

  // Waits for the next request's turn. RESOURCE_EXHAUSTED: it is after `deadline`.
  absl::Status AwaitTurn(absl::Time deadline);
  // The application asked to be left alone.
  void Hold(absl::Duration time);

  const Site site_;
  absl::Mutex mutex_;
  Pace pace_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace simpul::sources::rest

#endif  // SIMPUL_ADAPTERS_SOURCES_REST_SOURCE_H_
