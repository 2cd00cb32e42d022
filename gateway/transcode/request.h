// A REST request to the wire bytes of the method's request message.
#ifndef SIMPUL_GATEWAY_TRANSCODE_REQUEST_H_
#define SIMPUL_GATEWAY_TRANSCODE_REQUEST_H_

#include <string_view>

#include "absl/status/status.h"
#include "gateway/transcode/buffer.h"
#include "gateway/transcode/json_to_wire.h"
#include "gateway/transcode/rest_router.h"

namespace simpul::transcode {

// Appends to `out` the message that path, query and body make together. On an error `out` is as
// before.
//
// `query` is the raw text after "?", without it. Keys are field paths in either spelling
// ("page_size", "pageSize", "book.author"); a repeated field may come several times; the rest of
// the rules are those of google/api/http.proto. An empty body is an empty message. A method whose
// binding has no body takes none.
//
// INVALID_ARGUMENT: names the field (or says "query") and what is wrong: unknown, given twice,
// bound by
//   the path already (in the body: with another value), wrong type, out of range, not UTF-8, a body
//   where none is expected. Values are never repeated.
// RESOURCE_EXHAUSTED: more than limits.max_output.
absl::Status BuildRequest(const Match& match, std::string_view query, PaddedText body, Buffer& out,
                          const JsonToWireLimits& limits = {});

}  // namespace simpul::transcode

#endif  // SIMPUL_GATEWAY_TRANSCODE_REQUEST_H_
