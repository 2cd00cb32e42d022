#include "gateway/transcode/rest_error.h"

#include <array>

#include "gateway/transcode/json_writer.h"

namespace simpul::transcode {

namespace {

struct Row {
  absl::StatusCode code;
  std::string_view name;
  int http_status;
};

// google/rpc/code.proto.
constexpr std::array<Row, 17> kTable = {{
    {absl::StatusCode::kOk, "OK", 200},
    {absl::StatusCode::kCancelled, "CANCELLED", 499},
    {absl::StatusCode::kUnknown, "UNKNOWN", 500},
    {absl::StatusCode::kInvalidArgument, "INVALID_ARGUMENT", 400},
    {absl::StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED", 504},
    {absl::StatusCode::kNotFound, "NOT_FOUND", 404},
    {absl::StatusCode::kAlreadyExists, "ALREADY_EXISTS", 409},
    {absl::StatusCode::kPermissionDenied, "PERMISSION_DENIED", 403},
    {absl::StatusCode::kResourceExhausted, "RESOURCE_EXHAUSTED", 429},
    {absl::StatusCode::kFailedPrecondition, "FAILED_PRECONDITION", 400},
    {absl::StatusCode::kAborted, "ABORTED", 409},
    {absl::StatusCode::kOutOfRange, "OUT_OF_RANGE", 400},
    {absl::StatusCode::kUnimplemented, "UNIMPLEMENTED", 501},
    {absl::StatusCode::kInternal, "INTERNAL", 500},
    {absl::StatusCode::kUnavailable, "UNAVAILABLE", 503},
    {absl::StatusCode::kDataLoss, "DATA_LOSS", 500},
    {absl::StatusCode::kUnauthenticated, "UNAUTHENTICATED", 401},
}};

const Row& RowOf(absl::StatusCode code) {
  size_t index = static_cast<size_t>(code);
  return kTable[index < kTable.size() ? index : static_cast<size_t>(absl::StatusCode::kUnknown)];
}

}  // namespace

int HttpStatus(absl::StatusCode code) { return RowOf(code).http_status; }

absl::StatusCode CodeOfHttpStatus(int http_status) {
  if (http_status >= 200 && http_status < 300) return absl::StatusCode::kOk;
  switch (http_status) {
    case 400:
      return absl::StatusCode::kInvalidArgument;
    case 401:
      return absl::StatusCode::kUnauthenticated;
    case 403:
      return absl::StatusCode::kPermissionDenied;
    case 404:
      return absl::StatusCode::kNotFound;
    case 409:
      return absl::StatusCode::kAborted;
    case 416:
      return absl::StatusCode::kOutOfRange;
    case 429:
      return absl::StatusCode::kResourceExhausted;
    case 499:
      return absl::StatusCode::kCancelled;
    case 501:
      return absl::StatusCode::kUnimplemented;
    case 503:
      return absl::StatusCode::kUnavailable;
    case 504:
      return absl::StatusCode::kDeadlineExceeded;
    default:
      break;
  }
  // The rest of each class, as google/rpc/code.proto groups them.
  if (http_status >= 400 && http_status < 500) return absl::StatusCode::kFailedPrecondition;
  if (http_status >= 500 && http_status < 600) return absl::StatusCode::kInternal;
  return absl::StatusCode::kUnknown;
}

std::string_view CodeName(absl::StatusCode code) { return RowOf(code).name; }

void WriteError(absl::StatusCode code, std::string_view message, Buffer& out) {
  WriteError(HttpStatus(code), code, message, out);
}

void WriteError(int http_status, absl::StatusCode code, std::string_view message, Buffer& out) {
  out.Append("{\"error\":{\"code\":");
  WriteInteger(http_status, out);
  out.Append(",\"status\":\"");
  out.Append(CodeName(code));
  out.Append("\",\"message\":");
  WriteAnyString(message, out);
  out.Append("}}");
}

}  // namespace simpul::transcode
