// What a query makes of an answer that was written down: for golden cases, without the application.
#ifndef SIMPUL_ADAPTERS_SOURCES_REST_REPLAY_H_
#define SIMPUL_ADAPTERS_SOURCES_REST_REPLAY_H_

#include <string>

#include "absl/status/status.h"
#include "adapters/sources/rest/query.h"
#include "adapters/sources/source.h"

namespace simpul::sources::rest {

// Gives `each` the rows of one answer, as Connection::Query does where it comes in one page. The
// codes are those of Connection::Read.
absl::Status Replay(const Query& query, int code, const std::string& body, const Bindings& bindings,
                    EachBatch each);

}  // namespace simpul::sources::rest

#endif  // SIMPUL_ADAPTERS_SOURCES_REST_REPLAY_H_
