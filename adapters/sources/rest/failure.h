// What an answer that is no good means, in one table: status codes and what to do.
#ifndef SIMPUL_ADAPTERS_SOURCES_REST_FAILURE_H_
#define SIMPUL_ADAPTERS_SOURCES_REST_FAILURE_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "adapters/sources/rest/document.h"
#include "adapters/sources/rest/http.h"
#include "adapters/sources/rest/request.h"

namespace simpul::sources::rest {

// Says of which request of which application a status is:
// "the application at http://host/lapor (GET /rest/data/issue) answered 500; …".
absl::Status Of(const Site& site, const Request& request, const absl::Status& status);

// The answer of a read as JSON. The codes are Source::Read's; NOT_FOUND only if `names_item`.
absl::StatusOr<Document> ReadAnswer(const HttpAnswer& answer, bool names_item);

// Whether a write was done: OK, or Source::Write's codes.
absl::Status WriteAnswer(const HttpAnswer& answer);

// UNKNOWN: a write that may have been done.
absl::Status MayBeDone(std::string_view what);

}  // namespace simpul::sources::rest

#endif  // SIMPUL_ADAPTERS_SOURCES_REST_FAILURE_H_
