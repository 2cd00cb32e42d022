#include "gateway/personal_filter.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_format.h"
#include "gateway/grpc_wire.h"
#include "gateway/transcode/strip_personal.h"
#include "gateway/worker.h"

namespace simpul::gateway {

PersonalFilter::~PersonalFilter() { Forget(); }

absl::Status PersonalFilter::Take(std::string_view bytes, SliceQueue& out) {
  using Result = MessageFrame::Result;
  while (!bytes.empty()) {
    std::string_view whole = bytes;
    if (!partial_.empty()) {  // no more than this one message
      const size_t wanted = ReadMessage(partial_.view()).size - partial_.size();
      const std::string_view next = bytes.substr(0, wanted);
      if (absl::Status status = Keep(next); !status.ok()) return status;
      bytes.remove_prefix(next.size());
      whole = partial_.view();
    }
    const MessageFrame frame = ReadMessage(whole);
    if (frame.result == Result::kCompressed) {
      return absl::InternalError("the part sent a compressed message, which it was not asked for");
    }
    if (frame.size > worker_->limits().response_body + kMessagePrefix) {
      return absl::ResourceExhaustedError(
          absl::StrFormat("the answer is larger than %d bytes: ask for a smaller page",
                          worker_->limits().response_body));
    }
    if (frame.result == Result::kIncomplete) {
      if (partial_.empty()) return Keep(bytes);
      continue;
    }
    if (absl::Status status = Strip(frame.message, out); !status.ok()) return status;
    if (partial_.empty()) {
      bytes.remove_prefix(frame.size);
    } else {
      Forget();
    }
  }
  return absl::OkStatus();
}

absl::Status PersonalFilter::Keep(std::string_view bytes) {
  if (!worker_->Charge(bytes.size())) {
    return absl::UnavailableError("too many large answers at this moment; try again in a second");
  }
  partial_.Append(bytes);
  return absl::OkStatus();
}

void PersonalFilter::Forget() {
  worker_->Discharge(partial_.size());
  partial_ = transcode::Buffer();
}

absl::Status PersonalFilter::Strip(std::string_view message, SliceQueue& out) {
  transcode::Buffer& stripped = worker_->scratch();
  stripped.Clear();
  stripped.Append(std::string_view("\0\0\0\0\0", kMessagePrefix));
  if (absl::Status status = transcode::StripPersonal(plan_, message, stripped); !status.ok()) {
    return status;
  }
  WriteMessagePrefix(static_cast<uint32_t>(stripped.size() - kMessagePrefix), stripped.data());
  out.Push(Slice::Copy(stripped.view()));
  worker_->TrimScratch();
  return absl::OkStatus();
}

}  // namespace simpul::gateway
