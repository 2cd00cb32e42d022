// A client's HTTP/2 connection: gRPC and REST calls, many at once.
#ifndef SIMPUL_GATEWAY_HTTP2_FRONT_H_
#define SIMPUL_GATEWAY_HTTP2_FRONT_H_

#include <nghttp2/nghttp2.h>

#include <array>
#include <cstdint>
#include <vector>

#include "gateway/call.h"
#include "gateway/client_protocol.h"

namespace simpul::gateway {

// One thread.
class Http2Front : public ClientProtocol, public Front {
 public:
  Http2Front(Worker* worker, Connection* connection);
  ~Http2Front() override;

  void Drain() override;
  void VisitCalls(const std::function<void(Call&)>& visit) override;

  bool OnBytes(Buffer* received, const uint8_t* data, size_t size) override;
  bool Fill() override;
  bool Finished() const override;

  void SendHead(Call& call, const std::vector<nghttp2_nv>& fields, bool ended) override;
  void Resume(Call& call) override;
  void Send(Call& call, const Answer& answer) override;
  void Abort(Call& call, uint32_t http2_error) override;
  void Taken(Call& call, size_t size) override;

 protected:
  void OnGone() override;

 private:
  struct Callbacks;
  friend struct Callbacks;

  void OnBegin(int32_t stream);
  int OnHeader(Call& call, nghttp2_rcbuf* name, nghttp2_rcbuf* value, uint8_t flags);
  void OnData(int32_t stream, const uint8_t* data, size_t size);
  int OnFrame(const nghttp2_frame& frame);
  void OnRequestFrame(Call& call, bool head, bool ended);
  void OnStreamClose(Call& call);
  ssize_t ReadBody(Call& call, size_t room, uint32_t* flags);
  int SendBody(Call& call, const uint8_t* frame_head, size_t size);
  void OnAnswered(Call& call);
  void SubmitTrailers(Call& call);
  void Detach(Call& call);
  bool WithinControlBudget();
  void OnTimer();
  void OnQuiet();
  void GoAway();
  void SetTimer();

  nghttp2_session* session_ = nullptr;
  std::vector<Call*> calls_;
  Buffer* received_ = nullptr;  // while OnBytes runs
  Call* head_of_ = nullptr;     // whose header block is incomplete
  enum class TimerUse { kNone, kQuiet, kHead, kGoaway };
  Timer timer_;
  TimerUse timer_use_ = TimerUse::kNone;
  int64_t active_ns_ = 0;        // when the client last said something, or a call ended
  bool pinged_ = false;          // and nothing came since
  uint32_t control_frames_ = 0;  // since control_since_ns_
  int64_t control_since_ns_ = 0;
  bool flooded_ = false;
};

}  // namespace simpul::gateway

#endif  // SIMPUL_GATEWAY_HTTP2_FRONT_H_
