// What a client speaks on its connection: found out by the first bytes, then HTTP/1.1 or HTTP/2.
#ifndef SIMPUL_GATEWAY_CLIENT_PROTOCOL_H_
#define SIMPUL_GATEWAY_CLIENT_PROTOCOL_H_

#include <cstddef>
#include <functional>

#include "gateway/connection.h"
#include "gateway/loop.h"

namespace simpul::gateway {

class Call;
class Worker;

// One client's connection, known to the worker while it lives. One thread.
class ClientProtocol : public Protocol {
 public:
  ClientProtocol(Worker* worker, Connection* connection);
  ~ClientProtocol() override;

  // No new calls: closes after those in hand.
  virtual void Drain() = 0;
  // Hands over each call in hand; none of them may be added or removed meanwhile.
  virtual void VisitCalls(const std::function<void(Call&)>&) {}

  void OnStalled() final;
  void OnClosed() final;

 protected:
  friend class Worker;
  // As OnClosed: lets go of the calls in hand.
  virtual void OnGone() = 0;
  // Closes the connection of a client that asks too much of us.
  void Cut();

  Worker* const worker_;
  Connection* const connection_;

 private:
  size_t index_ = 0;  // in the worker's list
};

// Decides between HTTP/1.1 and HTTP/2: by ALPN under TLS, else by HTTP/2's preface.
class Sniffer : public ClientProtocol {
 public:
  Sniffer(Worker* worker, Connection* connection);

  bool OnReady() override;
  bool OnBytes(Buffer* received, const uint8_t* data, size_t size) override;
  bool Fill() override { return true; }
  bool Finished() const override { return false; }
  void Drain() override { connection_->Close(); }

 protected:
  void OnGone() override { timer_.Disarm(); }

 private:
  // Destroys this.
  static bool Become(Worker* worker, Connection* connection, bool http2);

  Timer timer_;       // until the first bytes
  size_t begun_ = 0;  // bytes of HTTP/2's preface that have come
};

}  // namespace simpul::gateway

#endif  // SIMPUL_GATEWAY_CLIENT_PROTOCOL_H_
