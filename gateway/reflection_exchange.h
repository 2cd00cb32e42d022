// Server reflection for gRPC clients, answered by the gateway itself.
#ifndef SIMPUL_GATEWAY_REFLECTION_EXCHANGE_H_
#define SIMPUL_GATEWAY_REFLECTION_EXCHANGE_H_

#include <string>
#include <string_view>

#include "gateway/call.h"

namespace simpul::gateway {

// The questions of one call that wait for room in its answer.
class ReflectionExchange {
 public:
  std::string questions;  // framed messages, the last one perhaps not whole
};

// One thread.
class ReflectionHandler : public Handler {
 public:
  explicit ReflectionHandler(Worker* worker) : worker_(worker) {}

  // Whether this path is reflection's, of version 1 or 1alpha.
  static bool Serves(std::string_view path);
  void Start(Call& call);

  void OnRequestData(Call& call, Slice data) override;
  void OnRequestEnd(Call& call) override;
  void OnResponseHead(Call&, bool) override {}
  void OnResponseData(Call&, Slice) override {}
  void OnResponseEnd(Call&) override {}
  void OnSent(Call& call, size_t size) override;

 private:
  void AnswerMore(Call& call);
  // The next question; false: there is none yet, or the call has failed.
  bool AnswerOne(Call& call);

  Worker* const worker_;
};

}  // namespace simpul::gateway

#endif  // SIMPUL_GATEWAY_REFLECTION_EXCHANGE_H_
