#include "gateway/client_protocol.h"

#include <memory>
#include <string_view>

#include "gateway/http1_front.h"
#include "gateway/http2_front.h"
#include "gateway/worker.h"

namespace simpul::gateway {

ClientProtocol::ClientProtocol(Worker* worker, Connection* connection)
    : worker_(worker), connection_(connection) {
  worker_->Add(this);
}

ClientProtocol::~ClientProtocol() { worker_->Remove(this); }

void ClientProtocol::Cut() {
  worker_->counters().connections_cut.Add(1);
  connection_->Close();
}

void ClientProtocol::OnStalled() { worker_->counters().connections_cut.Add(1); }

void ClientProtocol::OnClosed() {
  worker_->counters().connections_closed.Add(1);
  OnGone();
}

Sniffer::Sniffer(Worker* worker, Connection* connection)
    : ClientProtocol(worker, connection),
      timer_([](void* self) { static_cast<Sniffer*>(self)->Cut(); }, this) {
  worker_->loop().Arm(timer_, worker_->limits().header_timeout);
}

bool Sniffer::OnReady() {
  if (connection_->ssl() == nullptr) return true;
  const unsigned char* name = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(connection_->ssl(), &name, &size);
  const bool http2 = std::string_view(reinterpret_cast<const char*>(name), size) == "h2";
  return Become(worker_, connection_, http2);
}

bool Sniffer::OnBytes(Buffer* received, const uint8_t* data, size_t size) {
  // "PRI" is no method of HTTP/1.1 (RFC 9113, 3.4). It may come in pieces.
  constexpr std::string_view kPreface = "PRI ";
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const size_t wanted = kPreface.size() - begun_;
  if (size < wanted && bytes == kPreface.substr(begun_, size)) {
    begun_ += size;
    return true;
  }
  const bool http2 = bytes.substr(0, wanted) == kPreface.substr(begun_);
  const std::string_view before = kPreface.substr(0, begun_);
  Connection* const connection = connection_;
  if (!Become(worker_, connection, http2)) return false;
  if (!before.empty() &&
      !connection->Deliver(received, reinterpret_cast<const uint8_t*>(before.data()),
                           before.size())) {
    return false;
  }
  return connection->Deliver(received, data, size);
}

bool Sniffer::Become(Worker* worker, Connection* connection, bool http2) {
  std::unique_ptr<Protocol> next;
  if (http2) {
    next = std::make_unique<Http2Front>(worker, connection);
  } else {
    next = std::make_unique<Http1Front>(worker, connection);
  }
  connection->Speak(std::move(next));
  connection->MarkDirty();
  return true;
}

}  // namespace simpul::gateway
