// One socket, with or without TLS: reads whole buffers, writes everything that a loop pass produced
// at once.
#ifndef SIMPUL_GATEWAY_CONNECTION_H_
#define SIMPUL_GATEWAY_CONNECTION_H_

#include <openssl/ssl.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "gateway/buffer.h"
#include "gateway/loop.h"

namespace simpul::gateway {

class Connection;

// What is spoken on a connection. Owned by it. One thread: the loop's.
class Protocol {
 public:
  virtual ~Protocol() = default;

  // The transport stands: connected, the TLS handshake done. False: close.
  virtual bool OnReady() { return true; }
  // Bytes that came, inside `received`, of which slices may be kept. False: close, after what has
  // been put is written if the socket takes it.
  virtual bool OnBytes(Buffer* received, const uint8_t* data, size_t size) = 0;
  // Puts what there is to send, until Connection::full(). False: close.
  virtual bool Fill() = 0;
  // Nothing more is to come or go: the connection closes once all is written.
  virtual bool Finished() const = 0;
  // The peer takes nothing off its socket; OnClosed follows.
  virtual void OnStalled() {}
  // The connection is gone, whoever ended it. Called once; no other call follows.
  virtual void OnClosed() = 0;
};

// A non-blocking TCP connection. One thread.
class Connection : public Peer {
 public:
  struct SslDeleter {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  using Ssl = std::unique_ptr<SSL, SslDeleter>;

  // Takes over `fd`. `ssl` is null for plaintext, else in accept or connect state. `connecting`:
  // connect was called and has not finished. A client that takes nothing off its socket for
  // `stall_timeout` while there is something to write is cut.
  Connection(Loop* loop, int fd, Ssl ssl, bool connecting, absl::Duration stall_timeout);
  ~Connection() override;

  // Says what is spoken; before the first event, and again to change it (after the first bytes).
  // The protocol that calls it is destroyed.
  void Speak(std::unique_ptr<Protocol> protocol) { protocol_ = std::move(protocol); }
  // Begins to listen for events.
  void Start();
  // Hands bytes to what is spoken now. False: close.
  bool Deliver(Buffer* received, const uint8_t* data, size_t size) {
    return protocol_->OnBytes(received, data, size);
  }

  // Something is to be sent: Fill is called at the end of this pass.
  void MarkDirty() { loop_->MarkDirty(this); }
  void Put(std::string_view bytes);
  // Large slices are sent from where they lie; small ones, and all under TLS, are copied together.
  void Put(Slice slice);
  // Enough is waiting: put nothing more until Fill is called again.
  bool full() const { return pending_ >= kFull; }
  bool has_output() const { return pending_ > 0; }

  // Stops and resumes reading: for a client that sends more than it may.
  void PauseReading(bool pause);
  // Closes; destroyed after this pass. What is waiting is thrown away.
  void Close() override;
  bool closed() const { return closed_; }
  // Says that nothing more will be sent, and goes on reading.
  void HalfClose();

  SSL* ssl() const { return ssl_.get(); }
  Loop& loop() const { return *loop_; }

  void OnEvents(uint32_t events) override;
  void Flush() override;

 private:
  static constexpr size_t kFull = 512 << 10;
  static constexpr uint32_t kCopyBelow = 2 << 10;
  static constexpr size_t kKeep = 64 << 10;  // memory that an idle connection may hold on to
  static constexpr int kReadsPerPass = 4;

  enum class Io { kOk, kBlocked, kFailed };
  struct Segment {
    Slice slice;    // empty: a range of own_
    size_t offset;  // in own_
    size_t size;
  };

  bool FinishConnecting();
  bool Handshake();
  bool ReadAvailable();
  Io ReadInto(Buffer* buffer, size_t& size);
  Io WriteOut();
  Io WritePlain(size_t& written);
  Io WriteTls(size_t& written);
  void Written(size_t size);
  uint32_t WantedEvents() const;
  void SetEvents();
  bool Ready() const { return !connecting_ && handshake_done_; }
  void OnStalled();

  Loop* const loop_;
  const int fd_;
  Ssl ssl_;
  std::unique_ptr<Protocol> protocol_;
  bool connecting_;
  bool handshake_done_;
  bool blocked_ = false;  // the socket takes nothing: wait for EPOLLOUT
  bool paused_ = false;
  bool closed_ = false;
  uint32_t events_ = 0;  // what epoll was told; 0: not watched

  std::vector<char> own_;
  std::vector<Segment> segments_;
  size_t first_segment_ = 0;
  size_t pending_ = 0;

  const absl::Duration stall_timeout_;
  Timer stall_;
};

}  // namespace simpul::gateway

#endif  // SIMPUL_GATEWAY_CONNECTION_H_
