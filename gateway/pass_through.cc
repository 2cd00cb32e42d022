#include "gateway/pass_through.h"

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "gateway/grpc_wire.h"
#include "gateway/part_session.h"
#include "gateway/part_status.h"
#include "gateway/personal_filter.h"
#include "gateway/transcode/wire_to_json.h"
#include "gateway/worker.h"

namespace simpul::gateway {
namespace {

constexpr size_t kMostFiltered = 256 << 10;  // that may wait for a client before the part must

// gRPC's own code answers so, and nothing of ours does, when a request cannot be parsed.
bool FailedWithoutAWord(const HeaderList& answer) {
  const absl::StatusCode code = ParseGrpcStatus(answer.Find("grpc-status"));
  return (code == absl::StatusCode::kInternal || code == absl::StatusCode::kUnimplemented) &&
         answer.Find("grpc-message").empty();
}

}  // namespace

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
  if (ended && FailedWithoutAWord(call.response)) {
    if (absl::Status status = CheckRequest(call); !status.ok()) {
      return worker_->Finish(call, status);
    }
  }
  if (ended && HideFailure(call, call.response)) return;
  if (call.target->strip != nullptr && !ended) {
    call.filter = std::make_unique<PersonalFilter>(worker_, *call.target->strip);
  }
  call.head_sent = true;
  call.response_ended = ended;
  if (ended) worker_->Count(call, ParseGrpcStatus(call.response.Find("grpc-status")));
  call.front->SendHead(call, call.response.fields(), ended);
}

// Keeps from the caller what a part says of an error and did not write for callers. REST shows no
// details of an error, and among those of google.rpc is a stack. True: the call was answered.
bool PassThrough::HideFailure(Call& call, HeaderList& last) {
  const absl::StatusCode code = ParseGrpcStatus(last.Find("grpc-status"));
  if (IsUnmeantForCallers(call, code)) {
    worker_->Finish(call, WithoutItsText(call, code));
    return true;
  }
  last.Remove("grpc-status-details-bin");
  return false;
}

// Whether the request, as far as it is still at hand, is a message of its type. Its client should
// hear what is wrong with it, not that the part is broken.
absl::Status PassThrough::CheckRequest(Call& call) {
  std::string sent;
  call.replay.Pop(call.replay.bytes(), [&](Slice slice) {
    sent.append(reinterpret_cast<const char*>(slice.data()), slice.size());
  });
  const MessageFrame frame = ReadMessage(sent);
  if (frame.result != MessageFrame::Result::kOk) return absl::OkStatus();
  transcode::Buffer& json = worker_->scratch();
  json.Clear();
  const absl::Status status = transcode::WireToJson(*call.target->method->request, frame.message,
                                                    json, {.omit_personal = false});
  worker_->TrimScratch();
  if (!absl::IsInternal(status)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat("the request is no %s: %s",
                                                    call.target->method->request->full_name,
                                                    std::string(status.message())));
}

void PassThrough::OnResponseData(Call& call, Slice data) {
  if (call.front == nullptr) return;
  if (call.filter != nullptr) return Filter(call, data);
  call.to_client.Push(std::move(data));
  call.front->Resume(call);
}

void PassThrough::Filter(Call& call, const Slice& data) {
  const std::string_view bytes(reinterpret_cast<const char*>(data.data()), data.size());
  call.filter->owed += bytes.size();
  if (absl::Status status = call.filter->Take(bytes, call.to_client); !status.ok()) {
    return worker_->Finish(call, status);
  }
  Credit(call);
  call.front->Resume(call);
}

void PassThrough::Credit(Call& call) {
  if (call.session == nullptr || call.to_client.bytes() > kMostFiltered) return;
  call.session->Taken(call, std::exchange(call.filter->owed, 0));
}

void PassThrough::OnResponseEnd(Call& call) {
  if (call.front == nullptr) return;
  if (call.filter != nullptr && !call.filter->between_messages()) {
    return worker_->Finish(call, absl::InternalError("the part ended in the middle of a message"));
  }
  if (HideFailure(call, call.trailers)) return;
  call.response_ended = true;
  worker_->Count(call, ParseGrpcStatus(call.trailers.Find("grpc-status")));
  call.front->Resume(call);
}

void PassThrough::OnSent(Call& call, size_t size) {
  if (call.filter != nullptr) return Credit(call);
  if (call.session != nullptr) call.session->Taken(call, size);
}

}  // namespace simpul::gateway
