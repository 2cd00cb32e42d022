// The small texts of gRPC over HTTP/2: grpc-timeout, grpc-message, message frames and status codes.
#ifndef SIMPUL_GATEWAY_GRPC_WIRE_H_
#define SIMPUL_GATEWAY_GRPC_WIRE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace simpul::gateway {

// "100m", "5S": what is left of a call's time. Nothing: the text is not one (gRPC over HTTP/2,
// Timeout).
std::optional<absl::Duration> ParseGrpcTimeout(std::string_view text);
// At most 8 digits and a unit, rounded up.
std::string FormatGrpcTimeout(absl::Duration timeout);

// A grpc-message as it goes into the header, and back. A damaged one is taken as it is.
std::string EncodeGrpcMessage(std::string_view message);
std::string DecodeGrpcMessage(std::string_view text);

// "0" to "16". Anything else is kUnknown.
absl::StatusCode ParseGrpcStatus(std::string_view text);

// What a stream that the peer reset means (gRPC over HTTP/2, Errors).
absl::StatusCode CodeOfHttp2Error(uint32_t error);

// The five bytes before a message that is not compressed.
inline constexpr size_t kMessagePrefix = 5;
void WriteMessagePrefix(uint32_t size, char* out);

// The first message of `bytes`.
struct MessageFrame {
  enum class Result { kOk, kIncomplete, kCompressed };
  Result result;
  std::string_view message;  // kOk
  size_t size = 0;           // kOk: with its prefix. kIncomplete: what is needed, as far as known
};
MessageFrame ReadMessage(std::string_view bytes);

}  // namespace simpul::gateway

#endif  // SIMPUL_GATEWAY_GRPC_WIRE_H_
