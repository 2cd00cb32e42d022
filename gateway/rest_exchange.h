// REST calls: a JSON request becomes a gRPC message, and the answer becomes JSON.
#ifndef SIMPUL_GATEWAY_REST_EXCHANGE_H_
#define SIMPUL_GATEWAY_REST_EXCHANGE_H_

#include <cstddef>
#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "gateway/call.h"
#include "gateway/transcode/buffer.h"
#include "gateway/transcode/rest_router.h"

namespace simpul::gateway {

// What a REST call holds on to: its bodies while they are incomplete.
class RestExchange {
 public:
  explicit RestExchange(Worker* worker) : worker_(worker) {}
  ~RestExchange();
  // Accounts for `bytes` more. False: the worker holds too many.
  bool Charge(size_t bytes);

  std::shared_ptr<LoopTable> table;  // keeps `match` valid when the call moves to a newer table
  transcode::Match match;
  std::string_view verb;  // by which the route was found: HEAD is answered as GET
  std::string_view query;
  std::string_view content_type;
  transcode::Buffer body;   // JSON
  transcode::Buffer reply;  // framed messages

 private:
  Worker* const worker_;
  size_t charged_ = 0;
};

// One thread.
class RestHandler : public Handler {
 public:
  explicit RestHandler(Worker* worker) : worker_(worker) {}

  // The head is complete and the caller is known.
  void Start(Call& call);

  void OnRequestData(Call& call, Slice data) override;
  void OnRequestEnd(Call& call) override;
  void OnResponseHead(Call& call, bool ended) override;
  void OnResponseData(Call& call, Slice data) override;
  void OnResponseEnd(Call& call) override;
  void OnSent(Call&, size_t) override {}

 private:
  bool CheckBody(Call& call);
  bool PickTarget(Call& call);
  absl::Status StatusOfPart(Call& call) const;
  void AnswerJson(Call& call);

  Worker* const worker_;
};

}  // namespace simpul::gateway

#endif  // SIMPUL_GATEWAY_REST_EXCHANGE_H_
