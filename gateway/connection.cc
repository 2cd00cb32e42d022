#include "gateway/connection.h"

#include <openssl/err.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace simpul::gateway {

Connection::Connection(Loop* loop, int fd, Ssl ssl, bool connecting, absl::Duration stall_timeout)
    : loop_(loop),
      fd_(fd),
      ssl_(std::move(ssl)),
      connecting_(connecting),
      handshake_done_(ssl_ == nullptr),
      stall_timeout_(stall_timeout),
      stall_([](void* self) { static_cast<Connection*>(self)->OnStalled(); }, this) {
  if (ssl_ != nullptr) SSL_set_fd(ssl_.get(), fd_);
}

Connection::~Connection() {
  segments_.clear();
  protocol_.reset();
  ssl_.reset();
  close(fd_);
}

void Connection::Start() {
  events_ = WantedEvents();
  loop_->Watch(fd_, events_, this);
  if (Ready() && !protocol_->OnReady()) Close();
}

void Connection::Put(std::string_view bytes) {
  const size_t offset = own_.size();
  own_.insert(own_.end(), bytes.begin(), bytes.end());
  pending_ += bytes.size();
  if (segments_.size() > first_segment_ && segments_.back().slice.size() == 0) {
    segments_.back().size += bytes.size();
  } else {
    segments_.push_back({Slice(), offset, bytes.size()});
  }
}

void Connection::Put(Slice slice) {
  const size_t size = slice.size();
  if (ssl_ != nullptr || size < kCopyBelow) {
    Put(std::string_view(reinterpret_cast<const char*>(slice.data()), size));
    return;
  }
  segments_.push_back({std::move(slice), 0, size});
  pending_ += size;
}

void Connection::PauseReading(bool pause) {
  if (paused_ == pause) return;
  paused_ = pause;
  SetEvents();
}

void Connection::HalfClose() {
  ERR_clear_error();
  if (ssl_ != nullptr) SSL_shutdown(ssl_.get());
  shutdown(fd_, SHUT_WR);
}

void Connection::Close() {
  if (closed_) return;
  closed_ = true;
  stall_.Disarm();
  if (events_ != 0) loop_->Forget(fd_);
  protocol_->OnClosed();
  loop_->Bury(this);
}

void Connection::OnStalled() {
  protocol_->OnStalled();
  Close();
}

void Connection::OnEvents(uint32_t events) {
  if (closed_) return;
  if (connecting_) {
    if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) == 0) return;
    if (!FinishConnecting()) return Close();
  }
  if (!handshake_done_) {
    if (!Handshake()) return Close();
    if (!handshake_done_) return;
  }
  if ((events & EPOLLOUT) != 0 && blocked_) {
    blocked_ = false;
    MarkDirty();
  }
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && !paused_ && !ReadAvailable()) {
    if (!closed_) {
      Flush();  // a last word, such as GOAWAY
      Close();
    }
    return;
  }
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0 && paused_) Close();
}

bool Connection::FinishConnecting() {
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) return false;
  connecting_ = false;
  SetEvents();
  if (ssl_ != nullptr) return true;
  MarkDirty();
  return protocol_->OnReady();
}

bool Connection::Handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) {
    handshake_done_ = true;
    blocked_ = false;
    SetEvents();
    MarkDirty();
    return protocol_->OnReady();
  }
  const int error = SSL_get_error(ssl_.get(), result);
  if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) return false;
  blocked_ = error == SSL_ERROR_WANT_WRITE;
  SetEvents();
  return true;
}

bool Connection::ReadAvailable() {
  for (int i = 0; i < kReadsPerPass || (ssl_ != nullptr && SSL_has_pending(ssl_.get()) == 1); ++i) {
    Buffer* buffer = loop_->receive_buffer();
    size_t size = 0;
    const Io result = ReadInto(buffer, size);
    if (result == Io::kBlocked) return true;
    if (result == Io::kFailed) return false;
    if (!protocol_->OnBytes(buffer, buffer->data(), size)) return false;
    if (closed_ || paused_) return true;
    MarkDirty();
    if (ssl_ == nullptr && size < buffer->capacity) return true;
  }
  return true;
}

Connection::Io Connection::ReadInto(Buffer* buffer, size_t& size) {
  if (ssl_ != nullptr) {
    ERR_clear_error();
    const int n = SSL_read_ex(ssl_.get(), buffer->data(), buffer->capacity, &size);
    if (n == 1) return Io::kOk;
    const int error = SSL_get_error(ssl_.get(), n);
    return error == SSL_ERROR_WANT_READ ? Io::kBlocked : Io::kFailed;
  }
  const ssize_t n = recv(fd_, buffer->data(), buffer->capacity, 0);
  if (n > 0) {
    size = static_cast<size_t>(n);
    return Io::kOk;
  }
  return n < 0 && (errno == EAGAIN || errno == EINTR) ? Io::kBlocked : Io::kFailed;
}

void Connection::Flush() {
  if (closed_ || !Ready() || blocked_) return;
  do {
    if (!protocol_->Fill()) return Close();
    if (closed_) return;
    if (pending_ == 0) break;
    const Io result = WriteOut();
    if (result == Io::kFailed) return Close();
    if (result == Io::kBlocked) return;
  } while (true);
  if (protocol_->Finished()) Close();
}

Connection::Io Connection::WriteOut() {
  while (pending_ > 0) {
    size_t written = 0;
    const Io result = ssl_ != nullptr ? WriteTls(written) : WritePlain(written);
    if (result == Io::kFailed) return result;
    if (result == Io::kBlocked) {
      blocked_ = true;
      SetEvents();
      if (!stall_.armed()) loop_->Arm(stall_, stall_timeout_);
      return result;
    }
    stall_.Disarm();
    Written(written);
  }
  if (own_.capacity() > kKeep && own_.size() < own_.capacity() / 8) own_ = {};
  own_.clear();
  segments_.clear();
  first_segment_ = 0;
  SetEvents();
  return Io::kOk;
}

Connection::Io Connection::WritePlain(size_t& written) {
  std::array<iovec, 64> parts;
  size_t count = 0;
  for (size_t i = first_segment_; i < segments_.size() && count < parts.size(); ++i, ++count) {
    const Segment& segment = segments_[i];
    const void* data = segment.slice.size() > 0 ? static_cast<const void*>(segment.slice.data())
                                                : own_.data() + segment.offset;
    parts[count] = {const_cast<void*>(data), segment.size};
  }
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = count;
  ssize_t n;
  do {
    n = sendmsg(fd_, &message, MSG_NOSIGNAL);
  } while (n < 0 && errno == EINTR);
  if (n < 0) return errno == EAGAIN ? Io::kBlocked : Io::kFailed;
  written = static_cast<size_t>(n);
  return Io::kOk;
}

Connection::Io Connection::WriteTls(size_t& written) {
  // Under TLS everything is in own_, in one segment. A write that blocked is repeated with the same
  // bytes and perhaps more behind them, as SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER allows.
  const Segment& segment = segments_[first_segment_];
  ERR_clear_error();
  const int n = SSL_write_ex(ssl_.get(), own_.data() + segment.offset, segment.size, &written);
  if (n == 1) return Io::kOk;
  return SSL_get_error(ssl_.get(), n) == SSL_ERROR_WANT_WRITE ? Io::kBlocked : Io::kFailed;
}

void Connection::Written(size_t size) {
  pending_ -= size;
  while (size > 0) {
    Segment& segment = segments_[first_segment_];
    const size_t n = std::min(size, segment.size);
    size -= n;
    segment.size -= n;
    if (segment.size == 0) {
      segment.slice = Slice();
      ++first_segment_;
    } else if (segment.slice.size() > 0) {
      segment.slice.RemovePrefix(static_cast<uint32_t>(n));
    } else {
      segment.offset += n;
    }
  }
}

uint32_t Connection::WantedEvents() const {
  return EPOLLRDHUP | (paused_ ? 0u : uint32_t{EPOLLIN}) |
         (connecting_ || blocked_ ? uint32_t{EPOLLOUT} : 0u);
}

void Connection::SetEvents() {
  const uint32_t wanted = WantedEvents();
  if (closed_ || events_ == 0 || wanted == events_) return;
  events_ = wanted;
  loop_->Change(fd_, events_, this);
}

}  // namespace simpul::gateway
