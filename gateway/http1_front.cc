#include "gateway/http1_front.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/status.hpp>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "gateway/transcode/rest_error.h"
#include "gateway/worker.h"

namespace simpul::gateway {
namespace {

namespace http = boost::beast::http;
using ErrorCode = boost::beast::error_code;

constexpr size_t kPauseAt = 64 << 10;     // pipelined bytes that wait for their turn
constexpr size_t kDiscardUpTo = 8 << 20;  // of a refused request
constexpr absl::Duration kLinger = absl::Seconds(2);

std::string_view View(boost::beast::string_view text) { return {text.data(), text.size()}; }

// "/v1/x" of "http://host/v1/x": RFC 9112, 3.2.2 has both taken. Whose authority it names is no
// more looked at than Host is.
std::string_view OriginForm(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!absl::StartsWithIgnoreCase(absl::string_view(target.data(), target.size()),
                                    absl::string_view(scheme.data(), scheme.size()))) {
      continue;
    }
    const size_t path = target.find('/', scheme.size());
    return path == std::string_view::npos ? "/" : target.substr(path);
  }
  return target;
}

// Where Beast puts the bytes of a body: straight to the front.
struct BodySink {
  void* front = nullptr;
  void (*put)(void* front, const char* data, size_t size) = nullptr;
};

struct SinkBody {
  using value_type = BodySink;
  class reader {  // NOLINT(readability-identifier-naming): Beast asks for this name
   public:
    template <bool is_request, class Fields>
    reader(http::header<is_request, Fields>&, value_type& sink) : sink_(sink) {}
    void init(const boost::optional<std::uint64_t>&, ErrorCode& error) { error = {}; }
    template <class Buffers>
    size_t put(const Buffers& buffers, ErrorCode& error) {
      error = {};
      size_t total = 0;
      for (auto it = boost::asio::buffer_sequence_begin(buffers);
           it != boost::asio::buffer_sequence_end(buffers); ++it) {
        const boost::asio::const_buffer one = *it;
        sink_.put(sink_.front, static_cast<const char*>(one.data()), one.size());
        total += one.size();
      }
      return total;
    }
    void finish(ErrorCode& error) { error = {}; }

   private:
    value_type& sink_;
  };
};

}  // namespace

class Http1Front::Parser {
 public:
  Parser(Http1Front* front, const Limits& limits) {
    parser.get().body() = {front, [](void* self, const char* data, size_t size) {
                             static_cast<Http1Front*>(self)->OnBody(data, size);
                           }};
    parser.header_limit(static_cast<uint32_t>(limits.header_bytes));
    parser.body_limit(limits.request_body);
  }

  http::request_parser<SinkBody> parser;
  ErrorCode error;
};

Http1Front::Http1Front(Worker* worker, Connection* connection)
    : ClientProtocol(worker, connection),
      parser_(std::make_unique<Parser>(this, worker->limits())),
      timer_([](void* self) { static_cast<Http1Front*>(self)->OnTimer(); }, this) {
  SetTimer();
}

Http1Front::~Http1Front() = default;

void Http1Front::Drain() {
  closing_ = true;
  connection_->MarkDirty();
}

void Http1Front::VisitCalls(const std::function<void(Call&)>& visit) {
  if (call_ != nullptr) visit(*call_);
}

bool Http1Front::OnBytes(Buffer*, const uint8_t* data, size_t size) {
  if (lingering_ || (closing_ && call_ == nullptr)) {
    discarded_ += size;
    return lingering_ && discarded_ < kDiscardUpTo;
  }
  input_.append(reinterpret_cast<const char*>(data), size);
  const bool good = Advance();
  SetTimer();
  return good;
}

bool Http1Front::WholeRequestRead() const { return parser_->parser.is_done(); }

// Parses as far as the input goes and the turn of this request lasts.
bool Http1Front::Advance() {
  auto& parser = parser_->parser;
  while (!input_.empty() && !lingering_ && !(closing_ && call_ == nullptr)) {
    if (parser.is_done()) {  // the answer is still to come
      if (input_.size() > kPauseAt) connection_->PauseReading(true);
      return true;
    }
    ErrorCode error;
    const size_t used = parser.put(boost::asio::const_buffer(input_.data(), input_.size()), error);
    input_.erase(0, used);
    if (error == http::error::need_more) return true;
    if (error) {
      parser_->error = error;
      RefuseBadInput();
      return true;
    }
    if (parser.is_header_done() && call_ == nullptr) OnHead();
    if (parser.is_done() && call_ != nullptr && !call_->request_ended) {
      call_->request_ended = true;
      if (call_->handler != nullptr) call_->handler->OnRequestEnd(*call_);
    }
  }
  return true;
}

int Http1Front::CheckHead(std::string_view& why) const {
  const auto& message = parser_->parser.get();
  size_t count = 0, hosts = 0;
  for (const auto& field : message) {
    ++count;
    if (field.name() == http::field::host) ++hosts;
  }
  if (count > worker_->limits().header_count) {
    why = "too many header fields";
    return 431;
  }
  if (message.version() >= 11 && hosts != 1) {
    why = "HTTP/1.1 needs exactly one Host";
    return 400;
  }
  if (message.find(http::field::transfer_encoding) != message.end() && !parser_->parser.chunked()) {
    why = "the only transfer-encoding understood is chunked";
    return 501;
  }
  return 0;
}

void Http1Front::OnHead() {
  call_ = &worker_->NewCall(this);
  std::string_view why;
  if (const int status = CheckHead(why); status != 0) {
    return Refuse(status, absl::StatusCode::kInvalidArgument, why);
  }
  const auto& message = parser_->parser.get();
  RequestHead& head = call_->head;
  head.method = View(message.method_string());
  head.path = OriginForm(View(message.target()));
  head.content_type = View(message[http::field::content_type]);
  head.api_key = View(message["x-api-key"]);
  head.api_keys = static_cast<int>(message.count("x-api-key"));
  worker_->OnHead(*call_);
  if (WholeRequestRead() || message.find(http::field::expect) == message.end()) return;
  if (answered_) {
    closing_ = true;  // whether the client still sends its body is not known
  } else {
    connection_->Put("HTTP/1.1 100 Continue\r\n\r\n");
    connection_->MarkDirty();
  }
}

void Http1Front::OnBody(const char* data, size_t size) {
  if (call_ == nullptr || call_->handler == nullptr) return;
  call_->handler->OnRequestData(*call_, Slice::Copy({data, size}));
}

void Http1Front::RefuseBadInput() {
  using absl::StatusCode;
  const ErrorCode& error = parser_->error;
  if (error == http::error::header_limit) {
    return Refuse(431, StatusCode::kInvalidArgument, "the header is too large");
  }
  if (error == http::error::body_limit) {
    return Refuse(
        413, StatusCode::kInvalidArgument,
        absl::StrFormat("the body is larger than %d bytes", worker_->limits().request_body));
  }
  Refuse(400, StatusCode::kInvalidArgument, "this is no HTTP/1.1 request");
}

// Answers what is not read any further.
void Http1Front::Refuse(int http_status, absl::StatusCode code, std::string_view why) {
  closing_ = lingering_ = true;
  input_.clear();
  if (answered_) return;  // it has heard something worse already
  if (call_ != nullptr && call_->started_ns != 0) {
    return worker_->RefuseRest(*call_, http_status, absl::Status(code, std::string(why)));
  }
  transcode::Buffer body;
  transcode::WriteError(http_status, code, why, body);
  Write({.status = http_status, .body = body.view()});
}

void Http1Front::Send(Call&, const Answer& answer) { Write(answer); }

void Http1Front::Write(const Answer& answer) {
  const auto& message = parser_->parser.get();
  const bool head_only = parser_->parser.is_header_done() && message.method() == http::verb::head;
  if (!parser_->parser.is_header_done() || !message.keep_alive()) closing_ = true;
  if (worker_->draining()) closing_ = true;
  std::string head =
      absl::StrFormat("HTTP/1.1 %d %s\r\ncontent-type: %s\r\ncontent-length: %d\r\n", answer.status,
                      std::string(http::obsolete_reason(static_cast<http::status>(answer.status))),
                      answer.content_type, answer.body.size());
  head += absl::StrFormat("date: %s\r\ncache-control: %s\r\n", worker_->http_date(), kCacheControl);
  if (!answer.extra_name.empty()) {
    head += absl::StrFormat("%s: %s\r\n", answer.extra_name, answer.extra_value);
  }
  if (closing_) {
    head += "connection: close\r\n";
  } else if (message.version() < 11) {
    head += "connection: keep-alive\r\n";  // RFC 9112, 9.3: else HTTP/1.0 does not expect it
  }
  head += "\r\n";
  connection_->Put(head);
  if (!head_only) connection_->Put(answer.body);
  answered_ = true;
  connection_->MarkDirty();
}

void Http1Front::Abort(Call&, uint32_t) { connection_->Close(); }

bool Http1Front::Fill() {
  while (answered_ && (WholeRequestRead() || closing_)) {
    FinishExchange();
    if (!Advance()) return false;
  }
  SetTimer();
  if (closing_ && lingering_ && call_ == nullptr && !half_closed_ && !connection_->has_output()) {
    half_closed_ = true;
    connection_->HalfClose();
  }
  return true;
}

void Http1Front::FinishExchange() {
  answered_ = false;
  timer_.Disarm();  // the next request has its own time
  timer_use_ = TimerUse::kNone;
  // A body that was refused unread: say why before the connection goes.
  if (closing_ && !WholeRequestRead()) lingering_ = true;
  if (Call* call = std::exchange(call_, nullptr)) {
    call->front = nullptr;
    worker_->OnClientGone(*call);
  }
  if (closing_) return;
  parser_ = std::make_unique<Parser>(this, worker_->limits());
  connection_->PauseReading(false);
}

bool Http1Front::Finished() const {
  return closing_ && call_ == nullptr && !answered_ && !lingering_ && !connection_->has_output();
}

void Http1Front::OnGone() {
  timer_.Disarm();
  if (Call* call = std::exchange(call_, nullptr)) {
    call->front = nullptr;
    worker_->OnClientGone(*call);
  }
}

void Http1Front::SetTimer() {
  TimerUse use = TimerUse::kIdle;
  if (half_closed_) {
    use = TimerUse::kLinger;
  } else if (call_ != nullptr && !answered_) {
    use = TimerUse::kNone;  // the call's own deadline holds
  } else if (call_ != nullptr || !input_.empty()) {
    use = TimerUse::kRead;
  }
  if (use == timer_use_) return;
  timer_use_ = use;
  timer_.Disarm();
  if (use == TimerUse::kIdle) worker_->loop().Arm(timer_, worker_->limits().idle_timeout);
  if (use == TimerUse::kRead) worker_->loop().Arm(timer_, worker_->limits().header_timeout);
  if (use == TimerUse::kLinger) worker_->loop().Arm(timer_, kLinger);
}

void Http1Front::OnTimer() {
  if (timer_use_ == TimerUse::kRead) return Cut();
  connection_->Close();
}

}  // namespace simpul::gateway
