#include "gateway/listener.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "bus/observe/log.h"
#include "gateway/client_protocol.h"
#include "gateway/worker.h"

namespace simpul::gateway {
namespace {

constexpr int kAcceptsPerPass = 64;
constexpr absl::Duration kAcceptRetry = absl::Milliseconds(100);

bool IsExhaustion(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace

Listener::Listener(Worker* worker, int fd, bool tls)
    : worker_(worker),
      fd_(fd),
      tls_(tls),
      retry_([](void* self) { static_cast<Listener*>(self)->Resume(); }, this) {
  worker_->loop().Watch(fd_, EPOLLIN, this);
}

Listener::~Listener() { close(fd_); }

void Listener::OnEvents(uint32_t) {
  for (int i = 0; i < kAcceptsPerPass; ++i) {
    const int fd = accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (IsExhaustion(errno)) Pause(errno);
      return;
    }
    exhausted_ = false;
    if (worker_->full()) {
      worker_->counters().connections_refused.Add(1);
      close(fd);
      continue;
    }
    Welcome(fd);
  }
}

void Listener::Welcome(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  Connection::Ssl ssl(tls_ ? SSL_new(worker_->client_tls()) : nullptr);
  if (ssl != nullptr) SSL_set_accept_state(ssl.get());
  auto* connection = worker_->loop().Own(std::make_unique<Connection>(
      &worker_->loop(), fd, std::move(ssl), /*connecting=*/false, worker_->limits().stall_timeout));
  worker_->counters().connections_opened.Add(1);
  connection->Speak(std::make_unique<Sniffer>(worker_, connection));
  connection->Start();
}

// Out of descriptors, epoll would tell of the client that waits again and again: it is looked at
// once in a while, until somebody goes.
void Listener::Pause(int error) {
  worker_->counters().accepts_failed.Add(1);
  if (!std::exchange(exhausted_, true)) {
    observe::Log(observe::Severity::kError, "gateway", "no client can connect until another goes",
                 {{"error", std::strerror(error)}});
  }
  worker_->loop().Change(fd_, 0, this);
  worker_->loop().Arm(retry_, kAcceptRetry);
}

void Listener::Resume() { worker_->loop().Change(fd_, EPOLLIN, this); }

}  // namespace simpul::gateway
