#include "gateway/http2_front.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "gateway/http2.h"
#include "gateway/worker.h"

namespace simpul::gateway {
namespace {

constexpr int32_t kStreamWindow = 64 << 10;  // what one request may hold in our memory
constexpr int32_t kConnectionWindow = 16 << 20;
constexpr size_t kFieldOverhead = 32;  // RFC 9113, 6.5.2
constexpr int64_t kControlWindowNs = 10'000'000'000;
constexpr absl::Duration kUnwantedBody = absl::Seconds(5);  // thrown away for so long, then reset
constexpr absl::Duration kGoawayDelay = absl::Milliseconds(100);  // what is on its way still counts

Call* CallOf(nghttp2_session* session, int32_t stream) {
  return static_cast<Call*>(nghttp2_session_get_stream_user_data(session, stream));
}

}  // namespace

struct Http2Front::Callbacks {
  static Http2Front& Of(void* user_data) { return *static_cast<Http2Front*>(user_data); }

  static int OnBegin(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
    if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
      Of(user_data).OnBegin(frame->hd.stream_id);
    }
    return 0;
  }
  static int OnHeader(nghttp2_session* session, const nghttp2_frame* frame, nghttp2_rcbuf* name,
                      nghttp2_rcbuf* value, uint8_t flags, void* user_data) {
    Call* call = CallOf(session, frame->hd.stream_id);
    if (call == nullptr || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    return Of(user_data).OnHeader(*call, name, value, flags);
  }
  static int OnData(nghttp2_session*, uint8_t, int32_t stream, const uint8_t* data, size_t size,
                    void* user_data) {
    Of(user_data).OnData(stream, data, size);
    return 0;
  }
  static int OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
    return Of(user_data).OnFrame(*frame);
  }
  static int OnSent(nghttp2_session* session, const nghttp2_frame* frame, void* user_data) {
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0 || frame->hd.type > NGHTTP2_HEADERS)
      return 0;
    if (Call* call = CallOf(session, frame->hd.stream_id)) Of(user_data).OnAnswered(*call);
    return 0;
  }
  static int OnClose(nghttp2_session* session, int32_t stream, uint32_t, void* user_data) {
    if (Call* call = CallOf(session, stream)) Of(user_data).OnStreamClose(*call);
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
      nghttp2_session_callbacks_set_on_begin_headers_callback(made, OnBegin);
      nghttp2_session_callbacks_set_on_header_callback2(made, OnHeader);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, OnData);
      nghttp2_session_callbacks_set_on_frame_recv_callback(made, OnFrame);
      nghttp2_session_callbacks_set_on_frame_send_callback(made, OnSent);
      nghttp2_session_callbacks_set_on_stream_close_callback(made, OnClose);
      nghttp2_session_callbacks_set_send_data_callback(made, SendBody);
      return made;
    }();
    return table;
  }
};

Http2Front::Http2Front(Worker* worker, Connection* connection)
    : ClientProtocol(worker, connection),
      timer_([](void* self) { static_cast<Http2Front*>(self)->OnTimer(); }, this) {
  nghttp2_session_server_new3(&session_, Callbacks::Table(), this, Http2Options(),
                              worker_->http2_memory());
  const Limits& limits = worker_->limits();
  const std::array<nghttp2_settings_entry, 4> settings = {
      {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.streams_per_connection},
       {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, static_cast<uint32_t>(kStreamWindow)},
       {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<uint32_t>(limits.header_bytes)},
       {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1}}};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kConnectionWindow);
  active_ns_ = worker_->loop().now_ns();
  SetTimer();
}

Http2Front::~Http2Front() { nghttp2_session_del(session_); }

void Http2Front::Drain() {
  nghttp2_submit_shutdown_notice(session_);
  timer_use_ = TimerUse::kGoaway;
  worker_->loop().Arm(timer_, kGoawayDelay);
  connection_->MarkDirty();
}

void Http2Front::VisitCalls(const std::function<void(Call&)>& visit) {
  for (Call* call : calls_) visit(*call);
}

void Http2Front::OnTimer() {
  const TimerUse use = std::exchange(timer_use_, TimerUse::kNone);
  if (use == TimerUse::kHead) return Cut();
  if (use == TimerUse::kQuiet) return OnQuiet();
  GoAway();
}

void Http2Front::GoAway() {
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session_), NGHTTP2_NO_ERROR,
                        nullptr, 0);
  connection_->MarkDirty();
}

// A client that waits for events says nothing for hours. Whether it is there still, only a PING
// tells: a proxy before us answers TCP's own keepalive.
void Http2Front::OnQuiet() {
  const absl::Duration quiet = absl::Nanoseconds(worker_->loop().now_ns() - active_ns_);
  const Limits& limits = worker_->limits();
  if (calls_.empty() && quiet >= limits.idle_timeout) return GoAway();
  if (!calls_.empty() && quiet >= limits.ping_after) {
    if (std::exchange(pinged_, true)) return Cut();
    nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr);
    connection_->MarkDirty();
  }
  SetTimer();
}

// One timer does: an incomplete header block is shorter-lived than a quiet connection.
void Http2Front::SetTimer() {
  if (timer_use_ == TimerUse::kGoaway || worker_->draining()) return;
  const TimerUse use = head_of_ != nullptr ? TimerUse::kHead : TimerUse::kQuiet;
  if (use == timer_use_) return;
  timer_use_ = use;
  const Limits& limits = worker_->limits();
  worker_->loop().Arm(timer_, use == TimerUse::kHead
                                  ? limits.header_timeout
                                  : std::min(limits.ping_after, limits.idle_timeout));
}

bool Http2Front::OnBytes(Buffer* received, const uint8_t* data, size_t size) {
  received_ = received;
  active_ns_ = worker_->loop().now_ns();
  pinged_ = false;
  const ssize_t n = nghttp2_session_mem_recv(session_, data, size);
  received_ = nullptr;
  if (flooded_) {
    worker_->counters().connections_cut.Add(1);
    nghttp2_session_terminate_session(session_, NGHTTP2_ENHANCE_YOUR_CALM);
    return false;
  }
  SetTimer();
  return n == static_cast<ssize_t>(size);
}

bool Http2Front::Fill() { return FillFrom(session_, *connection_); }

bool Http2Front::Finished() const {
  return nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0 &&
         !connection_->has_output();
}

void Http2Front::OnGone() {
  timer_.Disarm();
  while (!calls_.empty()) Detach(*calls_.back());
}

void Http2Front::OnBegin(int32_t stream) {
  Call& call = worker_->NewCall(this);
  call.client_stream = stream;
  call.client_index = calls_.size();
  calls_.push_back(&call);
  head_of_ = &call;
  nghttp2_session_set_stream_user_data(session_, stream, &call);
}

int Http2Front::OnHeader(Call& call, nghttp2_rcbuf* name, nghttp2_rcbuf* value, uint8_t flags) {
  const nghttp2_vec n = nghttp2_rcbuf_get_buf(name);
  const nghttp2_vec v = nghttp2_rcbuf_get_buf(value);
  call.header_bytes += n.len + v.len + kFieldOverhead;
  if (call.header_bytes > worker_->limits().header_bytes ||
      call.request.fields().size() >= worker_->limits().header_count) {
    call.head_too_large = true;  // answered when the block is complete
    return 0;
  }
  call.head.Note({reinterpret_cast<const char*>(n.base), n.len},
                 {reinterpret_cast<const char*>(v.base), v.len});
  call.request.Add(name, value, flags);
  return 0;
}

void Http2Front::OnData(int32_t stream, const uint8_t* data, size_t size) {
  nghttp2_session_consume_connection(session_, size);  // streams' windows bound the memory
  Call* call = CallOf(session_, stream);
  if (call == nullptr || call->handler == nullptr) {
    nghttp2_session_consume_stream(session_, stream, size);
    return;
  }
  call->handler->OnRequestData(*call, SliceOf(worker_->loop(), received_, data, size));
}

int Http2Front::OnFrame(const nghttp2_frame& frame) {
  const bool ended = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  switch (frame.hd.type) {
    case NGHTTP2_HEADERS:
    case NGHTTP2_DATA: {
      const bool head =
          frame.hd.type == NGHTTP2_HEADERS && frame.headers.cat == NGHTTP2_HCAT_REQUEST;
      if (head) head_of_ = nullptr;
      if (Call* call = CallOf(session_, frame.hd.stream_id)) OnRequestFrame(*call, head, ended);
      if (frame.hd.type == NGHTTP2_DATA && frame.hd.length == 0 && !ended) break;
      return 0;
    }
    case NGHTTP2_PING:
    case NGHTTP2_SETTINGS:
    case NGHTTP2_PRIORITY:
      break;
    default:
      return 0;
  }
  if (WithinControlBudget()) return 0;
  flooded_ = true;
  return NGHTTP2_ERR_CALLBACK_FAILURE;
}

void Http2Front::OnRequestFrame(Call& call, bool head, bool ended) {
  if (ended) call.request_ended = true;
  if (head) {
    call.is_grpc = call.head.is_grpc();
    worker_->OnHead(call);
  }
  if (ended && call.handler != nullptr) call.handler->OnRequestEnd(call);
}

bool Http2Front::WithinControlBudget() {
  const int64_t now = worker_->loop().now_ns();
  if (now - control_since_ns_ > kControlWindowNs) {
    control_since_ns_ = now;
    control_frames_ = 0;
  }
  return ++control_frames_ <= worker_->limits().control_frames;
}

void Http2Front::OnStreamClose(Call& call) {
  if (head_of_ == &call) head_of_ = nullptr;
  Detach(call);
  active_ns_ = worker_->loop().now_ns();
}

void Http2Front::Detach(Call& call) {
  Call* last = calls_.back();
  calls_[call.client_index] = last;
  last->client_index = call.client_index;
  calls_.pop_back();
  call.front = nullptr;
  worker_->OnClientGone(call);
}

void Http2Front::SendHead(Call& call, const std::vector<nghttp2_nv>& fields, bool ended) {
  nghttp2_data_provider body{.source = {.ptr = &call}, .read_callback = Callbacks::ReadBody};
  nghttp2_submit_response(session_, call.client_stream, fields.data(), fields.size(),
                          ended ? nullptr : &body);
  call.client_waits = false;
  connection_->MarkDirty();
}

// The answer is out but the request is not all in (RFC 9113, 8.1). gRPC clients stop at once when
// they are reset; others have been seen to throw the answer away with the stream, so they may
// finish.
void Http2Front::OnAnswered(Call& call) {
  if (call.request_ended) return;
  if (call.is_grpc) return Abort(call, NGHTTP2_NO_ERROR);
  worker_->loop().Arm(call.deadline, kUnwantedBody);
}

void Http2Front::Resume(Call& call) {
  if (call.client_waits) {
    call.client_waits = false;
    nghttp2_session_resume_data(session_, call.client_stream);
  }
  connection_->MarkDirty();
}

void Http2Front::Send(Call& call, const Answer& answer) {
  std::array<char, 20> digits;
  auto number = [&digits](size_t n) {
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), n).ptr;
    return std::string(digits.data(), end);
  };
  // Not fields that outlive the call: nghttp2 copies these.
  const std::string status = number(static_cast<size_t>(answer.status));
  const std::string length = number(answer.body.size());
  std::array<nghttp2_nv, 6> fields = {Field(":status", status),
                                      Field("content-type", answer.content_type),
                                      Field("content-length", length),
                                      Field("date", worker_->http_date()),
                                      Field("cache-control", kCacheControl),
                                      Field(answer.extra_name, answer.extra_value)};
  for (nghttp2_nv& field : fields) field.flags = NGHTTP2_NV_FLAG_NONE;
  const bool has_body = !answer.body.empty() && call.head.method != "HEAD";
  if (has_body) call.to_client.Push(Slice::Copy(answer.body));
  nghttp2_data_provider body{.source = {.ptr = &call}, .read_callback = Callbacks::ReadBody};
  nghttp2_submit_response(session_, call.client_stream, fields.data(),
                          answer.extra_name.empty() ? 5 : 6, has_body ? &body : nullptr);
  connection_->MarkDirty();
}

void Http2Front::Abort(Call& call, uint32_t http2_error) {
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, call.client_stream, http2_error);
  connection_->MarkDirty();
}

void Http2Front::Taken(Call& call, size_t size) {
  nghttp2_session_consume_stream(session_, call.client_stream, size);
  if (nghttp2_session_want_write(session_) != 0) connection_->MarkDirty();
}

ssize_t Http2Front::ReadBody(Call& call, size_t room, uint32_t* flags) {
  const size_t size = std::min(room, call.to_client.bytes());
  if (size == 0 && !call.response_ended) {
    call.client_waits = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (size == call.to_client.bytes() && call.response_ended) {
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (call.is_grpc) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      SubmitTrailers(call);
    }
  }
  return static_cast<ssize_t>(size);
}

void Http2Front::SubmitTrailers(Call& call) {
  if (call.grpc_status.empty()) {
    const auto& fields = call.trailers.fields();
    nghttp2_submit_trailer(session_, call.client_stream, fields.data(), fields.size());
    return;
  }
  const std::array<nghttp2_nv, 2> fields = {Field("grpc-status", call.grpc_status),
                                            Field("grpc-message", call.grpc_message)};
  nghttp2_submit_trailer(session_, call.client_stream, fields.data(), fields.size());
}

int Http2Front::SendBody(Call& call, const uint8_t* frame_head, size_t size) {
  if (connection_->full()) return NGHTTP2_ERR_WOULDBLOCK;
  connection_->Put(std::string_view(reinterpret_cast<const char*>(frame_head), kFrameHead));
  call.to_client.Pop(size, [this](Slice slice) { connection_->Put(std::move(slice)); });
  if (size > 0 && call.handler != nullptr) call.handler->OnSent(call, size);
  return 0;
}

}  // namespace simpul::gateway
