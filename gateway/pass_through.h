// gRPC calls: messages go from client to part and back as they are, but for personal data.
#ifndef SIMPUL_GATEWAY_PASS_THROUGH_H_
#define SIMPUL_GATEWAY_PASS_THROUGH_H_

#include "gateway/call.h"

namespace simpul::gateway {

// Whether a client's header field goes on to the part. Not: the key, what the gateway itself says
// ("simpul-…"), pseudo fields (set anew) and fields of one connection only.
bool GoesToPart(std::string_view name);

// One thread.
class PassThrough : public Handler {
 public:
  explicit PassThrough(Worker* worker) : worker_(worker) {}

  void OnRequestData(Call& call, Slice data) override;
  void OnRequestEnd(Call& call) override;
  void OnResponseHead(Call& call, bool ended) override;
  void OnResponseData(Call& call, Slice data) override;
  void OnResponseEnd(Call& call) override;
  void OnSent(Call& call, size_t size) override;

 private:
  bool HideFailure(Call& call, HeaderList& last);
  absl::Status CheckRequest(Call& call);
  void Filter(Call& call, const Slice& data);
  // Lets the part send as much as was taken, unless the client is behind.
  void Credit(Call& call);

  Worker* const worker_;
};

}  // namespace simpul::gateway

#endif  // SIMPUL_GATEWAY_PASS_THROUGH_H_
