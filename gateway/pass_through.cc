#include "gateway/pass_through.h"

#include <utility>

#include "gateway/grpc_wire.h"
#include "gateway/part_session.h"
#include "gateway/worker.h"

namespace simpul::gateway {

bool GoesToPart(std::string_view name) {
  switch (name[0]) {
    case ':':
      return false;
    case 's':
      return !name.starts_with("simpul-");
    case 'x':
      return name != "x-api-key";
    case 'g':
      return name != "grpc-timeout";  // set anew
    case 'h':
      return name != "host";
    default:
      return true;
  }
}

void PassThrough::OnRequestData(Call& call, Slice data) {
  call.to_part.Push(std::move(data));
  if (call.session != nullptr) call.session->Resume(call);
}

void PassThrough::OnRequestEnd(Call& call) {
  if (call.session != nullptr) call.session->Resume(call);
}

void PassThrough::OnResponseHead(Call& call, bool ended) {
  if (call.front == nullptr) return;
  call.head_sent = true;
  call.response_ended = ended;
  if (ended) worker_->Count(call, ParseGrpcStatus(call.response.Find("grpc-status")));
  call.front->SendHead(call, call.response.fields(), ended);
}

void PassThrough::OnResponseData(Call& call, Slice data) {
  if (call.front == nullptr) return;
  call.to_client.Push(std::move(data));
  call.front->Resume(call);
}

void PassThrough::OnResponseEnd(Call& call) {
  if (call.front == nullptr) return;
  call.response_ended = true;
  worker_->Count(call, ParseGrpcStatus(call.trailers.Find("grpc-status")));
  call.front->Resume(call);
}

void PassThrough::OnSent(Call& call, size_t size) {
  if (call.session != nullptr) call.session->Taken(call, size);
}

}  // namespace simpul::gateway
