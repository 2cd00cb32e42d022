// A client's HTTP/1.1 connection: REST calls, one after another.
#ifndef SIMPUL_GATEWAY_HTTP1_FRONT_H_
#define SIMPUL_GATEWAY_HTTP1_FRONT_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "gateway/call.h"
#include "gateway/client_protocol.h"

namespace simpul::gateway {

// One thread.
class Http1Front : public ClientProtocol, public Front {
 public:
  Http1Front(Worker* worker, Connection* connection);
  ~Http1Front() override;

  void Drain() override;
  void VisitCalls(const std::function<void(Call&)>& visit) override;

  bool OnBytes(Buffer* received, const uint8_t* data, size_t size) override;
  bool Fill() override;
  bool Finished() const override;

  void SendHead(Call&, const std::vector<nghttp2_nv>&, bool) override {}  // gRPC only
  void Resume(Call&) override {}                                          // gRPC only
  void Send(Call& call, const Answer& answer) override;
  void Abort(Call& call, uint32_t http2_error) override;
  void Taken(Call&, size_t) override {}  // bodies are bounded, and read as they come

 protected:
  void OnGone() override;

 private:
  class Parser;  // Boost.Beast's, kept out of this header

  bool Advance();
  void OnHead();
  // What is wrong with the head, if anything, as an HTTP status; 0: nothing.
  int CheckHead(std::string_view& why) const;
  void OnBody(const char* data, size_t size);
  void RefuseBadInput();
  void Refuse(int http_status, absl::StatusCode code, std::string_view why);
  void Write(const Answer& answer);
  void FinishExchange();
  bool WholeRequestRead() const;
  void SetTimer();
  void OnTimer();

  std::unique_ptr<Parser> parser_;
  std::string input_;      // not yet parsed
  Call* call_ = nullptr;   // from the head until the answer is out and the request is in
  bool answered_ = false;  // the call's answer, or a refusal, was put
  bool closing_ = false;   // no further request is read
  bool lingering_ =
      false;  // ... but what the client still sends is thrown away, so that it can read why
  bool half_closed_ = false;
  size_t discarded_ = 0;
  enum class TimerUse { kNone, kIdle, kRead, kLinger };
  Timer timer_;
  TimerUse timer_use_ = TimerUse::kNone;
};

}  // namespace simpul::gateway

#endif  // SIMPUL_GATEWAY_HTTP1_FRONT_H_
