#include "gateway/reflection_exchange.h"

#include <memory>
#include <utility>
#include <vector>

#include "gateway/grpc_wire.h"
#include "gateway/reflection.pb.h"
#include "gateway/worker.h"

namespace simpul::gateway {
namespace {

constexpr size_t kMaxQuestion = 16 << 10;  // within a stream's window, which is credited by answers
constexpr size_t kAnswerBelow = 64
                                << 10;  // waiting bytes; beyond it no more questions are answered

}  // namespace

bool ReflectionHandler::Serves(std::string_view path) {
  return path == "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo" ||
         path == "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
}

void ReflectionHandler::Start(Call& call) {
  call.handler = this;
  call.reflection = std::make_unique<ReflectionExchange>();
}

void ReflectionHandler::OnRequestData(Call& call, Slice data) {
  call.reflection->questions.append(reinterpret_cast<const char*>(data.data()), data.size());
  AnswerMore(call);
}

void ReflectionHandler::OnRequestEnd(Call& call) { AnswerMore(call); }

void ReflectionHandler::OnSent(Call& call, size_t) { AnswerMore(call); }

void ReflectionHandler::AnswerMore(Call& call) {
  if (call.front == nullptr || call.response_ended) return;
  bool answered = false;
  while (call.to_client.bytes() < kAnswerBelow && AnswerOne(call)) answered = true;
  if (call.handler == nullptr) return;
  if (call.request_ended && call.reflection->questions.empty()) {
    return worker_->Finish(call, absl::OkStatus());
  }
  if (answered) call.front->Resume(call);
}

bool ReflectionHandler::AnswerOne(Call& call) {
  std::string& questions = call.reflection->questions;
  if (questions.empty()) return false;
  const MessageFrame frame = ReadMessage(questions);
  reflection::Request request;
  if (frame.result == MessageFrame::Result::kCompressed) {
    worker_->Finish(call, absl::UnimplementedError("compressed messages are not understood here"));
    return false;
  }
  if (frame.size > kMaxQuestion) {
    worker_->Finish(call, absl::ResourceExhaustedError("a question is larger than 16 KiB"));
    return false;
  }
  if (frame.result == MessageFrame::Result::kIncomplete) {
    if (call.request_ended) {
      worker_->Finish(call, absl::InvalidArgumentError("the last message is cut off"));
    }
    return false;
  }
  if (!request.ParseFromArray(frame.message.data(), static_cast<int>(frame.message.size()))) {
    worker_->Finish(call, absl::InvalidArgumentError("the message is no ServerReflectionRequest"));
    return false;
  }
  call.front->Taken(call, frame.size);
  questions.erase(0, frame.size);
  if (!call.head_sent) {
    call.head_sent = true;
    static const std::vector<nghttp2_nv> kHead = {Field(":status", "200"),
                                                  Field("content-type", "application/grpc")};
    call.front->SendHead(call, kHead, false);
  }
  const std::string answer =
      worker_->table()->routes->reflection().Answer(request).SerializeAsString();
  std::string framed(kMessagePrefix, '\0');
  WriteMessagePrefix(static_cast<uint32_t>(answer.size()), framed.data());
  call.to_client.Push(Slice::Copy(framed + answer));
  return true;
}

}  // namespace simpul::gateway
