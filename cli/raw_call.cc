#include "cli/raw_call.h"

#include <vector>

#include "bus/rpc/status.h"
#include "grpcpp/support/byte_buffer.h"

namespace simpul::cli {

RawCall::RawCall(const std::shared_ptr<grpc::Channel>& channel, grpc::ClientContext& context,
                 const std::string& method)
    : context_(context), stub_(channel), call_(stub_.PrepareCall(&context, method, &queue_)) {
  call_->StartCall(nullptr);
  Wait();
}

RawCall::~RawCall() {
  if (!finished_) {
    context_.TryCancel();
    Finish().IgnoreError();
  }
  queue_.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) {
  }
}

bool RawCall::Wait() {
  void* tag = nullptr;
  bool ok = false;
  return queue_.Next(&tag, &ok) && ok;
}

bool RawCall::Write(const std::string& message) {
  const grpc::Slice slice(message);
  call_->Write(grpc::ByteBuffer(&slice, 1), nullptr);
  return Wait();
}

bool RawCall::WritesDone() {
  call_->WritesDone(nullptr);
  return Wait();
}

std::optional<std::string> RawCall::Read() {
  grpc::ByteBuffer buffer;
  call_->Read(&buffer, nullptr);
  if (!Wait()) return std::nullopt;
  std::vector<grpc::Slice> slices;
  if (!buffer.Dump(&slices).ok()) return std::nullopt;
  std::string message;
  for (const grpc::Slice& slice : slices) {
    message.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return message;
}

absl::Status RawCall::Finish() {
  grpc::Status status;
  call_->Finish(&status, nullptr);
  Wait();
  finished_ = true;
  return rpc::FromGrpc(status);
}

}  // namespace simpul::cli
