#include "adapters/sources/rest/replay.h"

#include <utility>

#include "adapters/sources/rest/failure.h"

namespace simpul::sources::rest {

absl::Status Replay(const Query& query, int code, const std::string& body, const Bindings& bindings,
                    EachBatch each) {
  const HttpAnswer answer{.code = code, .body = body};
  auto document = ReadAnswer(answer, query.names_item());
  if (!document.ok()) return document.status();
  auto rows = query.shape().Read(*std::move(document));
  if (!rows.ok()) return rows.status();
  return query.window().Cut(rows->batch(query.shape().columns()), bindings, each);
}

}  // namespace simpul::sources::rest
