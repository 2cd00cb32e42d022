// How an error looks to a REST client: the HTTP status of a google.rpc.Code, and the JSON body.
#ifndef SIMPUL_GATEWAY_TRANSCODE_REST_ERROR_H_
#define SIMPUL_GATEWAY_TRANSCODE_REST_ERROR_H_

#include <string_view>

#include "absl/status/status.h"
#include "gateway/transcode/buffer.h"

namespace simpul::transcode {

// The HTTP status of a code, by the table in google/rpc/code.proto. Unknown codes give 500.
int HttpStatus(absl::StatusCode code);

// The code that an HTTP status stands for when nothing else is known (the reverse of the same
// table; 200 to 299 give kOk).
absl::StatusCode CodeOfHttpStatus(int http_status);

// "NOT_FOUND" and so on, as google.rpc.Code spells it.
std::string_view CodeName(absl::StatusCode code);

// Appends {"error":{"code":404,"status":"NOT_FOUND","message":"…"}}. Text that is not UTF-8 gets
// U+FFFD in its place.
void WriteError(absl::StatusCode code, std::string_view message, Buffer& out);
// The same under an HTTP status that the table does not give, such as 405.
void WriteError(int http_status, absl::StatusCode code, std::string_view message, Buffer& out);

}  // namespace simpul::transcode

#endif  // SIMPUL_GATEWAY_TRANSCODE_REST_ERROR_H_
