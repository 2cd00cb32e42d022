#include "gateway/call.h"

#include "gateway/personal_filter.h"
#include "gateway/reflection_exchange.h"
#include "gateway/rest_exchange.h"
#include "gateway/worker.h"

namespace simpul::gateway {

void RequestHead::Note(std::string_view name, std::string_view value) {
  switch (name.size()) {
    case 5:
      if (name == ":path") path = value;
      break;
    case 7:
      if (name == ":method") method = value;
      break;
    case 9:
      if (name == "x-api-key") {
        api_key = value;
        ++api_keys;
      }
      break;
    case 12:
      if (name == "content-type") content_type = value;
      if (name == "grpc-timeout") grpc_timeout = value;
      break;
    default:
      break;
  }
}

bool RequestHead::is_grpc() const {
  constexpr std::string_view kGrpc = "application/grpc";
  if (!content_type.starts_with(kGrpc)) return false;
  const std::string_view rest = content_type.substr(kGrpc.size());
  return rest.empty() || rest[0] == '+' || rest[0] == ';';
}

Call::Call(Worker* owner)
    : worker(owner),
      deadline(
          [](void* self) {
            Call& call = *static_cast<Call*>(self);
            call.worker->OnDeadline(call);
          },
          this) {}

Call::~Call() = default;

void Call::Reset() {
  handler = nullptr;
  head = {};
  is_grpc = false;
  front = nullptr;
  client_stream = part_stream = -1;
  request.Clear();
  header_bytes = 0;
  head_too_large = request_ended = head_sent = client_waits = response_ended = false;
  to_client.Clear();
  session = nullptr;
  part_waits = replayable = asked_twice = part_ended = false;
  to_part.Clear();
  replay.Clear();
  untaken = 0;
  attempts = 0;
  key_id.clear();
  request_id.clear();
  timeout.clear();
  response.Clear();
  trailers.Clear();
  grpc_status.clear();
  grpc_message.clear();
  table.reset();
  route = nullptr;
  target = nullptr;
  rest.reset();
  reflection.reset();
  filter.reset();
  deadline.Disarm();
  started_ns = 0;
  counted = false;
}

}  // namespace simpul::gateway
