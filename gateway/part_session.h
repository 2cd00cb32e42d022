// The gateway's side towards a part: one HTTP/2 connection per loop and instance, opened when a
// call needs it.
#ifndef SIMPUL_GATEWAY_PART_SESSION_H_
#define SIMPUL_GATEWAY_PART_SESSION_H_

#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gateway/call.h"
#include "gateway/connection.h"
#include "gateway/route_table.h"

namespace simpul::gateway {

class PartSession;

// An instance of a part as one loop reaches it: its connection, and when to try again. Shared by
// the loop's route tables and by its own connections, so it lives as long as any of them. One
// thread.
class Upstream : public std::enable_shared_from_this<Upstream> {
 public:
  // `tls` is null for a plaintext instance; outlives this.
  Upstream(Worker* worker, Instance instance, SSL_CTX* tls)
      : worker_(worker), instance_(std::move(instance)), tls_(tls) {}

  const Instance& instance() const { return instance_; }
  // Not waiting to try again after a connection that failed.
  bool available() const;

  // Opens a stream for the call and sends `fields`, which outlive it; the body follows from
  // call.to_part. UNAVAILABLE: no connection can be opened now.
  absl::Status Start(Call& call, const std::vector<nghttp2_nv>& fields);

  // Takes no new calls: its connection closes after the last one.
  void Retire();

 private:
  friend class PartSession;
  absl::Status Open();
  void OnSessionReady();
  // `session` takes no new calls. `opened`: its connection had come to stand.
  void OnSessionEnds(PartSession* session, bool opened);

  Worker* const worker_;
  const Instance instance_;
  SSL_CTX* const tls_;
  PartSession* session_ = nullptr;  // the one that takes new calls
  int failures_ = 0;
  size_t next_address_ = 0;
  int64_t retry_at_ns_ = 0;
};

// One HTTP/2 connection to a part. One thread.
class PartSession : public Protocol {
 public:
  PartSession(Worker* worker, std::shared_ptr<Upstream> upstream, Connection* connection);
  ~PartSession() override;

  absl::Status Submit(Call& call, const std::vector<nghttp2_nv>& fields);
  // call.to_part has grown or call.request_ended was set.
  void Resume(Call& call);
  // `size` bytes of the answer went on: the part may send as many more.
  void Taken(Call& call, size_t size);
  // Tells the part that nobody waits any more. The call hears nothing further.
  void Cancel(Call& call);
  // Closes after the last call.
  void Drain();

  bool OnReady() override;
  bool OnBytes(Buffer* received, const uint8_t* data, size_t size) override;
  bool Fill() override;
  bool Finished() const override;
  void OnClosed() override;

 private:
  struct Callbacks;
  friend struct Callbacks;

  bool IsExpectedPart(std::string& why) const;
  ssize_t ReadBody(Call& call, size_t room, uint32_t* flags);
  int SendBody(Call& call, const uint8_t* frame_head, size_t size);
  void OnHeader(Call& call, const nghttp2_frame& frame, nghttp2_rcbuf* name, nghttp2_rcbuf* value,
                uint8_t flags);
  void OnData(int32_t stream, const uint8_t* data, size_t size);
  void OnFrame(const nghttp2_frame& frame);
  void OnStreamClose(Call& call, uint32_t error);
  // The stream is over: detaches the call and lets the worker end or move it.
  void Detach(Call& call, PartLoss loss, uint32_t http2_error);

  Worker* const worker_;
  const std::shared_ptr<Upstream> upstream_;
  Connection* const connection_;
  nghttp2_session* session_ = nullptr;
  std::vector<Call*> calls_;
  Buffer* received_ = nullptr;  // while OnBytes runs
  Timer connect_timer_;
  bool ready_ = false;
  bool draining_ = false;
};

// The TLS settings towards parts: our certificate, their CA. INVALID_ARGUMENT: names the file.
absl::StatusOr<std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)>> MakePartTls(
    const rpc::CertificateFiles& files);

}  // namespace simpul::gateway

#endif  // SIMPUL_GATEWAY_PART_SESSION_H_
