#include "gateway/part_session.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "absl/strings/str_format.h"
#include "bus/observe/log.h"
#include "bus/rpc/x509.h"
#include "gateway/grpc_wire.h"
#include "gateway/http2.h"
#include "gateway/worker.h"

namespace simpul::gateway {
namespace {

constexpr int32_t kStreamWindow = 256 << 10;  // what an answer may hold in our memory
constexpr int32_t kConnectionWindow = 16 << 20;
constexpr uint32_t kFirstRetryMs = 100;
constexpr uint32_t kLastRetryMs = 5'000;
constexpr size_t kReplayLimit = 64 << 10;
constexpr absl::Duration kConnectTimeout = absl::Seconds(5);
constexpr absl::Duration kStallTimeout = absl::Seconds(30);

void SetOption(int fd, int level, int option, int value) {
  setsockopt(fd, level, option, &value, sizeof value);
}

// A host that vanished is noticed by the kernel: parts need not answer HTTP/2 pings for that.
void SetSocketOptions(int fd) {
  SetOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  SetOption(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  SetOption(fd, IPPROTO_TCP, TCP_KEEPIDLE, 10);
  SetOption(fd, IPPROTO_TCP, TCP_KEEPINTVL, 5);
  SetOption(fd, IPPROTO_TCP, TCP_KEEPCNT, 2);
  SetOption(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 20'000);
}

// gRPC answers so what reaches a server at the moment it shuts down, and what it gives up; the
// caller did not cancel.
bool BrokeOff(const HeaderList& answer) {
  return ParseGrpcStatus(answer.Find("grpc-status")) == absl::StatusCode::kCancelled;
}

Call* CallOf(nghttp2_session* session, int32_t stream) {
  return static_cast<Call*>(nghttp2_session_get_stream_user_data(session, stream));
}

}  // namespace

bool Upstream::available() const { return worker_->loop().now_ns() >= retry_at_ns_; }

absl::Status Upstream::Start(Call& call, const std::vector<nghttp2_nv>& fields) {
  if (session_ == nullptr) {
    if (absl::Status status = Open(); !status.ok()) return status;
  }
  return session_->Submit(call, fields);
}

void Upstream::Retire() {
  if (session_ != nullptr) std::exchange(session_, nullptr)->Drain();
}

absl::Status Upstream::Open() {
  if (!available()) {
    return absl::UnavailableError(
        absl::StrFormat("%s does not answer at %s; it is tried again in a moment", instance_.name,
                        instance_.address));
  }
  if (instance_.resolved.empty()) {
    OnSessionEnds(nullptr, false);
    return absl::UnavailableError(
        absl::StrFormat("%s: no host has the address %s", instance_.name, instance_.address));
  }
  const sockaddr_storage& address = instance_.resolved[next_address_++ % instance_.resolved.size()];
  const int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const socklen_t size = address.ss_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  if (fd >= 0) SetSocketOptions(fd);
  if (fd < 0 || (connect(fd, reinterpret_cast<const sockaddr*>(&address), size) != 0 &&
                 errno != EINPROGRESS)) {
    if (fd >= 0) close(fd);
    OnSessionEnds(nullptr, false);
    return absl::UnavailableError(
        absl::StrFormat("%s cannot be reached at %s", instance_.name, instance_.address));
  }
  Connection::Ssl ssl(tls_ == nullptr ? nullptr : SSL_new(tls_));
  if (ssl != nullptr) SSL_set_connect_state(ssl.get());
  auto* connection = worker_->loop().Own(std::make_unique<Connection>(
      &worker_->loop(), fd, std::move(ssl), /*connecting=*/true, kStallTimeout));
  auto session = std::make_unique<PartSession>(worker_, shared_from_this(), connection);
  session_ = session.get();
  connection->Speak(std::move(session));
  connection->Start();
  connection->MarkDirty();
  return absl::OkStatus();
}

void Upstream::OnSessionReady() {
  failures_ = 0;
  retry_at_ns_ = 0;
  worker_->counters().part_connections_opened.Add(1);
}

void Upstream::OnSessionEnds(PartSession* session, bool opened) {
  if (session_ == session) session_ = nullptr;
  if (opened) return;
  const uint32_t wait = std::min(kFirstRetryMs << std::min(failures_, 10), kLastRetryMs);
  ++failures_;
  retry_at_ns_ = worker_->loop().now_ns() + int64_t{wait} * 1'000'000;
  worker_->counters().part_connections_failed.Add(1);
  if (failures_ == 1) {
    observe::Log(observe::Severity::kWarning, "gateway", "a part cannot be reached",
                 {{"instance", instance_.name}, {"address", instance_.address}});
  }
}

// nghttp2's callbacks, and the one table of them.
struct PartSession::Callbacks {
  static PartSession& Of(void* user_data) { return *static_cast<PartSession*>(user_data); }

  static int OnHeader(nghttp2_session* session, const nghttp2_frame* frame, nghttp2_rcbuf* name,
                      nghttp2_rcbuf* value, uint8_t flags, void* user_data) {
    if (Call* call = CallOf(session, frame->hd.stream_id)) {
      Of(user_data).OnHeader(*call, *frame, name, value, flags);
    }
    return 0;
  }
  static int OnData(nghttp2_session*, uint8_t, int32_t stream, const uint8_t* data, size_t size,
                    void* user_data) {
    Of(user_data).OnData(stream, data, size);
    return 0;
  }
  static int OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
    Of(user_data).OnFrame(*frame);
    return 0;
  }
  static int OnClose(nghttp2_session* session, int32_t stream, uint32_t error, void* user_data) {
    if (Call* call = CallOf(session, stream)) Of(user_data).OnStreamClose(*call, error);
    return 0;
  }
  static ssize_t ReadBody(nghttp2_session*, int32_t, uint8_t*, size_t room, uint32_t* flags,
                          nghttp2_data_source* source, void* user_data) {
    return Of(user_data).ReadBody(*static_cast<Call*>(source->ptr), room, flags);
  }
  static int SendBody(nghttp2_session*, nghttp2_frame*, const uint8_t* head, size_t size,
                      nghttp2_data_source* source, void* user_data) {
    return Of(user_data).SendBody(*static_cast<Call*>(source->ptr), head, size);
  }

  static const nghttp2_session_callbacks* Table() {
    static const nghttp2_session_callbacks* const table = [] {
      nghttp2_session_callbacks* made;
      nghttp2_session_callbacks_new(&made);
      nghttp2_session_callbacks_set_on_header_callback2(made, OnHeader);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, OnData);
      nghttp2_session_callbacks_set_on_frame_recv_callback(made, OnFrame);
      nghttp2_session_callbacks_set_on_stream_close_callback(made, OnClose);
      nghttp2_session_callbacks_set_send_data_callback(made, SendBody);
      return made;
    }();
    return table;
  }
};

PartSession::PartSession(Worker* worker, std::shared_ptr<Upstream> upstream, Connection* connection)
    : worker_(worker),
      upstream_(std::move(upstream)),
      connection_(connection),
      connect_timer_([](void* self) { static_cast<PartSession*>(self)->connection_->Close(); },
                     this) {
  nghttp2_session_client_new3(&session_, Callbacks::Table(), this, Http2Options(),
                              worker_->http2_memory());
  const std::array<nghttp2_settings_entry, 2> settings = {
      {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
       {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, static_cast<uint32_t>(kStreamWindow)}}};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kConnectionWindow);
  worker_->loop().Arm(connect_timer_, kConnectTimeout);
}

PartSession::~PartSession() { nghttp2_session_del(session_); }

absl::Status PartSession::Submit(Call& call, const std::vector<nghttp2_nv>& fields) {
  nghttp2_data_provider body{.source = {.ptr = &call}, .read_callback = Callbacks::ReadBody};
  const bool has_body = !call.request_ended || !call.to_part.empty();
  const int32_t stream = nghttp2_submit_request(session_, nullptr, fields.data(), fields.size(),
                                                has_body ? &body : nullptr, &call);
  if (stream < 0) {
    return absl::UnavailableError(absl::StrFormat("%s takes no more calls on this connection: %s",
                                                  upstream_->instance().name,
                                                  nghttp2_strerror(stream)));
  }
  call.session = this;
  call.part_stream = stream;
  call.part_waits = false;
  call.part_index = calls_.size();
  calls_.push_back(&call);
  connection_->MarkDirty();
  return absl::OkStatus();
}

void PartSession::Resume(Call& call) {
  if (!call.part_waits) return;
  call.part_waits = false;
  nghttp2_session_resume_data(session_, call.part_stream);
  connection_->MarkDirty();
}

void PartSession::Taken(Call& call, size_t size) {
  nghttp2_session_consume_stream(session_, call.part_stream, size);
  if (nghttp2_session_want_write(session_) != 0) connection_->MarkDirty();
}

void PartSession::Cancel(Call& call) {
  call.handler = nullptr;
  if (call.part_ended && call.request_ended && call.to_part.empty()) return;  // it is closing
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, call.part_stream, NGHTTP2_CANCEL);
  connection_->MarkDirty();
}

void PartSession::Drain() {
  draining_ = true;
  connection_->MarkDirty();
}

bool PartSession::IsExpectedPart(std::string& why) const {
  if (connection_->ssl() == nullptr) return true;
  const std::string expected = upstream_->instance().identity.Uri();
  rpc::X509Ptr certificate(SSL_get1_peer_certificate(connection_->ssl()));
  const std::vector<std::string> uris =
      certificate == nullptr ? std::vector<std::string>() : rpc::UrisOf(certificate.get());
  if (uris.size() == 1 && uris.front() == expected) return true;
  why = absl::StrFormat("its certificate is not that of %s", expected);
  return false;
}

bool PartSession::OnReady() {
  std::string why;
  if (!IsExpectedPart(why)) {
    observe::Log(observe::Severity::kError, "gateway", "a part is not who it should be",
                 {{"instance", upstream_->instance().name}, {"error", why}});
    return false;
  }
  ready_ = true;
  connect_timer_.Disarm();
  upstream_->OnSessionReady();
  return true;
}

bool PartSession::OnBytes(Buffer* received, const uint8_t* data, size_t size) {
  received_ = received;
  const ssize_t n = nghttp2_session_mem_recv(session_, data, size);
  received_ = nullptr;
  return n == static_cast<ssize_t>(size);
}

bool PartSession::Fill() { return FillFrom(session_, *connection_); }

bool PartSession::Finished() const {
  if (connection_->has_output()) return false;
  if (draining_ && calls_.empty()) return true;
  return nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0;
}

void PartSession::OnClosed() {
  connect_timer_.Disarm();
  upstream_->OnSessionEnds(this, ready_);
  while (!calls_.empty()) {
    Call& call = *calls_.back();
    // A stream that nghttp2 never opened was still waiting in our own memory.
    const bool unseen =
        !ready_ || nghttp2_session_get_stream_remote_close(session_, call.part_stream) < 0;
    Detach(call, unseen ? PartLoss::kUnseen : PartLoss::kConnection, NGHTTP2_NO_ERROR);
  }
}

ssize_t PartSession::ReadBody(Call& call, size_t room, uint32_t* flags) {
  const size_t size = std::min(room, call.to_part.bytes());
  if (size == 0 && !call.request_ended) {
    call.part_waits = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (size == call.to_part.bytes() && call.request_ended) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return static_cast<ssize_t>(size);
}

int PartSession::SendBody(Call& call, const uint8_t* frame_head, size_t size) {
  if (connection_->full()) return NGHTTP2_ERR_WOULDBLOCK;
  connection_->Put(std::string_view(reinterpret_cast<const char*>(frame_head), kFrameHead));
  call.to_part.Pop(size, [&](Slice slice) {
    if (call.replayable) call.replay.Push(slice.Share());
    connection_->Put(std::move(slice));
  });
  if (call.replay.bytes() > kReplayLimit) {
    call.replayable = false;
    call.replay.Clear();
  }
  const size_t credited = std::min(size, call.untaken);
  call.untaken -= credited;
  if (size > credited && call.front != nullptr) call.front->Taken(call, size - credited);
  return 0;
}

void PartSession::OnHeader(Call& call, const nghttp2_frame& frame, nghttp2_rcbuf* name,
                           nghttp2_rcbuf* value, uint8_t flags) {
  const bool head = frame.headers.cat == NGHTTP2_HCAT_RESPONSE;
  (head ? call.response : call.trailers).Add(name, value, flags);
}

void PartSession::OnData(int32_t stream, const uint8_t* data, size_t size) {
  nghttp2_session_consume_connection(session_, size);  // streams' windows bound the memory
  Call* call = CallOf(session_, stream);
  if (call == nullptr || call->handler == nullptr) {
    nghttp2_session_consume_stream(session_, stream, size);
    return;
  }
  call->handler->OnResponseData(*call, SliceOf(worker_->loop(), received_, data, size));
}

void PartSession::OnFrame(const nghttp2_frame& frame) {
  if (frame.hd.type == NGHTTP2_GOAWAY) {
    // Calls above its last stream are closed as refused, and go to another connection.
    upstream_->OnSessionEnds(this, true);
    return Drain();
  }
  if (frame.hd.type != NGHTTP2_DATA && frame.hd.type != NGHTTP2_HEADERS) return;
  Call* call = CallOf(session_, frame.hd.stream_id);
  if (call == nullptr) return;
  const bool ended = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  const bool is_head =
      frame.hd.type == NGHTTP2_HEADERS && frame.headers.cat == NGHTTP2_HCAT_RESPONSE;
  if (ended && is_head && BrokeOff(call->response)) {  // as if it had reset the stream
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, call->part_stream, NGHTTP2_CANCEL);
    return connection_->MarkDirty();
  }
  if (ended) call->part_ended = true;
  if (call->handler == nullptr) return;
  if (is_head) {
    if (call->response.Find(":status").starts_with('1')) return call->response.Clear();
    call->replayable = false;
    call->handler->OnResponseHead(*call, ended);  // may look at what was sent
    call->replay.Clear();
  } else if (ended) {
    call->handler->OnResponseEnd(*call);
  }
}

void PartSession::OnStreamClose(Call& call, uint32_t error) {
  Detach(call, error == NGHTTP2_REFUSED_STREAM ? PartLoss::kUnseen : PartLoss::kReset, error);
}

void PartSession::Detach(Call& call, PartLoss loss, uint32_t error) {
  Call* last = calls_.back();
  calls_[call.part_index] = last;
  last->part_index = call.part_index;
  calls_.pop_back();
  call.session = nullptr;
  worker_->OnPartStreamClosed(call, loss, error);
}

absl::StatusOr<std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)>> MakePartTls(
    const rpc::CertificateFiles& files) {
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> tls(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  SetCommonTls(tls.get());
  if (SSL_CTX_use_certificate_chain_file(tls.get(), files.certificate.c_str()) != 1) {
    return absl::InvalidArgumentError(files.certificate + " is no certificate in PEM");
  }
  if (SSL_CTX_use_PrivateKey_file(tls.get(), files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return absl::InvalidArgumentError(files.key + " is not the private key of " +
                                      files.certificate);
  }
  if (SSL_CTX_load_verify_locations(tls.get(), files.ca.c_str(), nullptr) != 1) {
    return absl::InvalidArgumentError(files.ca + " is no CA certificate in PEM");
  }
  SSL_CTX_set_verify(tls.get(), SSL_VERIFY_PEER, nullptr);
  static constexpr unsigned char kAlpn[] = {2, 'h', '2'};
  SSL_CTX_set_alpn_protos(tls.get(), kAlpn, sizeof kAlpn);
  return tls;
}

}  // namespace simpul::gateway
