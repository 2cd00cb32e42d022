#include "gateway/worker.h"

#include <openssl/rand.h>

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "gateway/client_protocol.h"
#include "gateway/grpc_wire.h"
#include "gateway/listener.h"
#include "gateway/transcode/rest_error.h"

namespace simpul::gateway {
namespace {

constexpr size_t kFreeCalls = 1024;
// A part gets this much longer than the call has, so that the end of a call is ours to tell: a part
// whose own clock runs out first resets the stream, which says CANCELLED and not DEADLINE_EXCEEDED.
constexpr absl::Duration kPartGrace = absl::Milliseconds(250);

// Where a caller without a key learns how to get one.
constexpr char kNoKey[] =
    "send an API key in the header \"x-api-key\"; the city's IT department makes one with "
    "\"simpul key create --agency <name>\"";
constexpr char kBadKey[] =
    "the API key in the header \"x-api-key\" is unknown or was revoked; the city's IT department "
    "makes one with \"simpul key create --agency <name>\"";

void AppendHex(uint64_t value, int digits, std::string& out) {
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
    out += "0123456789abcdef"[value >> shift & 15];
  }
}

}  // namespace

Worker::Worker(int index, const WorkerContext& context)
    : index_(index),
      context_(context),
      counters_(context.metrics->loop(index)),
      other_(context.metrics->Method("other")) {
  uint32_t random = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&random), sizeof random);
  AppendHex(random, 8, request_prefix_);
  default_timeout_ = FormatGrpcTimeout(context_.limits.default_deadline + kPartGrace);
  table_ = std::make_shared<LoopTable>();
  std::vector<std::string> warnings;
  table_->routes = RouteTable::Build({}, *context_.metrics, warnings);
}

Worker::~Worker() {
  idle_ = nullptr;
  loop_.CloseAll();
  listeners_.clear();
}

void Worker::Listen(int fd, bool tls) {
  listeners_.push_back(std::make_unique<Listener>(this, fd, tls));
}

void Worker::Run() { loop_.Run(); }

void Worker::SetRoutes(std::shared_ptr<const RouteTable> routes) {
  loop_.Post([this, routes = std::move(routes)]() mutable { Swap(std::move(routes)); });
}

void Worker::SetKeys(std::shared_ptr<const KeySet> keys) {
  loop_.Post([this, keys = std::move(keys)]() mutable { SwapKeys(std::move(keys)); });
}

// Keys change seldom, so what a call with a key that is gone still does is looked for here and not
// paid for by every call.
void Worker::SwapKeys(std::shared_ptr<const KeySet> keys) {
  const std::shared_ptr<const KeySet> before = std::exchange(keys_, std::move(keys));
  if (before == nullptr) return;
  const std::set<std::string> gone = keys_->GoneSince(*before);
  if (gone.empty()) return;
  for (ClientProtocol* client : clients_) {
    client->VisitCalls([&](Call& call) {
      if (call.handler != nullptr && gone.contains(call.key_id)) RefuseKey(call);
    });
  }
}

void Worker::Swap(std::shared_ptr<const RouteTable> routes) {
  auto next = std::make_shared<LoopTable>();
  next->routes = std::move(routes);
  next->turns.resize(next->routes->service_count());
  std::vector<std::shared_ptr<Upstream>> left = table_->upstreams;
  for (const Instance& instance : next->routes->instances()) {
    const auto same = std::find_if(left.begin(), left.end(), [&](const auto& upstream) {
      return upstream != nullptr && upstream->instance() == instance;
    });
    if (same != left.end()) {
      next->upstreams.push_back(std::exchange(*same, nullptr));
    } else {
      SSL_CTX* tls = instance.plaintext ? nullptr : context_.part_tls;
      next->upstreams.push_back(std::make_shared<Upstream>(this, instance, tls));
    }
  }
  table_ = std::move(next);
  for (const auto& upstream : left) {
    if (upstream != nullptr) upstream->Retire();
  }
}

void Worker::Drain(std::function<void()> idle) {
  loop_.Post([this, idle = std::move(idle)]() mutable {
    idle_ = std::move(idle);
    StartDrain();
  });
}

void Worker::StartDrain() {
  draining_ = true;
  listeners_.clear();
  const std::vector<ClientProtocol*> clients = clients_;  // one that drains may leave the list
  for (ClientProtocol* client : clients) client->Drain();
  if (clients_.empty() && idle_) std::exchange(idle_, nullptr)();
}

bool Worker::Charge(size_t bytes) {
  if (transcode_bytes_ + bytes > limits().transcode_memory) return false;
  transcode_bytes_ += bytes;
  return true;
}

std::string_view Worker::http_date() {
  const std::time_t now = std::time(nullptr);
  if (now != date_of_) {
    date_of_ = now;
    date_ =
        absl::FormatTime("%a, %d %b %E4Y %H:%M:%S GMT", absl::FromTimeT(now), absl::UTCTimeZone());
  }
  return date_;
}

void Worker::Add(ClientProtocol* client) {
  client->index_ = clients_.size();
  clients_.push_back(client);
}

void Worker::Remove(ClientProtocol* client) {
  ClientProtocol* last = clients_.back();
  clients_[client->index_] = last;
  last->index_ = client->index_;
  clients_.pop_back();
  if (draining_ && clients_.empty() && idle_) std::exchange(idle_, nullptr)();
}

Call& Worker::NewCall(Front* front) {
  Call* call;
  if (free_calls_.empty()) {
    call = new Call(this);
  } else {
    call = free_calls_.back().release();
    free_calls_.pop_back();
  }
  call->front = front;
  return *call;
}

void Worker::ReleaseIfOver(Call& call) {
  if (call.front != nullptr || call.session != nullptr) return;
  if (call.started_ns != 0) counters_.calls_ended.Add(1);
  std::unique_ptr<Call> owned(&call);
  owned->Reset();
  if (free_calls_.size() < kFreeCalls) free_calls_.push_back(std::move(owned));
}

void Worker::OnHead(Call& call) {
  call.started_ns = loop_.now_ns();
  counters_.calls_started.Add(1);
  call.table = table_;
  if (call.head_too_large) {
    const absl::Status status = absl::ResourceExhaustedError(
        absl::StrFormat("the header is larger than %d bytes or has more than %d fields",
                        limits().header_bytes, limits().header_count));
    return call.is_grpc ? Finish(call, status) : RefuseRest(call, 431, status);
  }
  if (AnswerProbe(call) || !Authenticate(call) || !SetDeadline(call)) return;
  if (call.is_grpc) {
    DispatchGrpc(call);
  } else {
    rest_.Start(call);
  }
}

// /healthz: the process runs. /readyz: it knows parts and keys.
bool Worker::AnswerProbe(Call& call) {
  const bool ready = call.head.path == "/readyz";
  if (!ready && call.head.path != "/healthz") return false;
  call.is_grpc = false;
  call.counted = true;
  const absl::Status status = ready ? context_.ready() : absl::OkStatus();
  const std::string body = status.ok() ? "ok\n" : std::string(status.message()) + "\n";
  FinishRest(call, status.code(),
             {.status = status.ok() ? 200 : 503, .content_type = "text/plain", .body = body});
  return true;
}

bool Worker::Authenticate(Call& call) {
  if (call.head.api_keys > 1) {  // whichever was meant, the other was not
    Finish(call, absl::InvalidArgumentError("send one header \"x-api-key\", not several"));
    return false;
  }
  if (keys_ == nullptr) {
    Finish(call, absl::UnavailableError(
                     "the gateway does not know the API keys yet; try again in a few seconds"));
    return false;
  }
  const Key* key = call.front->key_cache.Check(keys_, call.head.api_key);
  if (key != nullptr) {
    NameCaller(call, *key);
    return true;
  }
  RefuseKey(call);
  return false;
}

void Worker::RefuseKey(Call& call) {
  const absl::Status status =
      absl::UnauthenticatedError(call.head.api_key.empty() ? kNoKey : kBadKey);
  if (call.is_grpc) return Finish(call, status);
  RefuseRest(call, 401, status, "www-authenticate", "ApiKey header=\"x-api-key\"");
}

// Completes the key's half of a simpul.bus.v1.Caller with field 3, the request id.
void Worker::NameCaller(Call& call, const Key& key) {
  constexpr int kCounterDigits = 12;
  call.key_id = key.id;
  call.request_id.assign(request_prefix_);
  AppendHex(++requests_, kCounterDigits, call.request_id);
  caller_bytes_.assign(key.caller);
  caller_bytes_ += '\x1a';
  caller_bytes_ += static_cast<char>(call.request_id.size());
  caller_bytes_ += call.request_id;
  absl::Base64Escape(caller_bytes_, &call.caller);
}

bool Worker::SetDeadline(Call& call) {
  const MethodRoute* route = call.is_grpc ? table_->routes->FindMethod(call.head.path) : nullptr;
  call.route = route;
  const bool unary = !call.is_grpc || (route != nullptr && route->unary());
  absl::Duration deadline = limits().default_deadline;
  if (call.is_grpc && !call.head.grpc_timeout.empty()) {
    const std::optional<absl::Duration> asked = ParseGrpcTimeout(call.head.grpc_timeout);
    if (!asked.has_value()) {
      Finish(call, absl::InvalidArgumentError(
                       "grpc-timeout is not at most eight digits and one of n, u, m, S, M, H"));
      return false;
    }
    deadline = unary ? std::min(*asked, limits().max_deadline) : *asked;
    call.timeout = FormatGrpcTimeout(deadline + kPartGrace);  // short enough to need no memory
  } else if (unary) {
    call.timeout = default_timeout_;
  } else {
    return true;  // a stream lasts as long as its client wants
  }
  loop_.Arm(call.deadline, deadline);
  return true;
}

void Worker::DispatchGrpc(Call& call) {
  if (call.head.method != "POST") {
    return Finish(call, absl::UnimplementedError("a gRPC call is a POST"));
  }
  if (ReflectionHandler::Serves(call.head.path)) return reflection_.Start(call);
  if (call.route == nullptr) {
    return Finish(call,
                  absl::UnimplementedError(
                      "no part serves this method to the public; reflection lists what there is"));
  }
  call.handler = &pass_through_;
  SendToPart(call);
}

void Worker::OnClientGone(Call& call) {
  call.handler = nullptr;
  call.deadline.Disarm();
  if (call.started_ns != 0) Count(call, absl::StatusCode::kCancelled);
  if (call.session != nullptr) call.session->Cancel(call);
  ReleaseIfOver(call);
}

void Worker::OnDeadline(Call& call) {
  if (call.front == nullptr) return;
  if (call.handler == nullptr || call.response_ended) {
    return call.front->Abort(call, NGHTTP2_CANCEL);  // answered, but the client does not take it
  }
  Finish(call, absl::DeadlineExceededError("the call's time is over before the answer came"));
}

// Nobody is to hear of the part any more, nor it of the client.
void Worker::StopAnswering(Call& call) {
  call.handler = nullptr;
  call.to_part.Clear();
  call.replay.Clear();
  call.replayable = false;
  if (call.session != nullptr) call.session->Cancel(call);
  // The client has this long to take the answer.
  if (!call.deadline.armed()) loop_.Arm(call.deadline, limits().default_deadline);
}

void Worker::Finish(Call& call, const absl::Status& status) {
  if (!call.is_grpc) {
    transcode::Buffer body;
    transcode::WriteError(status.code(), std::string(status.message()), body);
    return FinishRest(call, status.code(),
                      {.status = transcode::HttpStatus(status.code()), .body = body.view()});
  }
  StopAnswering(call);
  if (call.front == nullptr) return;
  Count(call, status.code());
  call.grpc_status = std::to_string(static_cast<int>(status.code()));
  call.grpc_message = EncodeGrpcMessage(std::string(status.message()));
  call.response_ended = true;
  if (call.head_sent) return call.front->Resume(call);
  call.head_sent = true;
  fields_.assign({Field(":status", "200"), Field("content-type", "application/grpc"),
                  Field("grpc-status", call.grpc_status),
                  Field("grpc-message", call.grpc_message)});
  call.front->SendHead(call, fields_, true);
}

void Worker::FinishRest(Call& call, absl::StatusCode code, const Answer& answer) {
  StopAnswering(call);
  if (call.front == nullptr || call.head_sent) return;
  Count(call, code);
  call.head_sent = call.response_ended = true;
  call.front->Send(call, answer);
}

void Worker::RefuseRest(Call& call, int http_status, const absl::Status& status,
                        std::string_view extra_name, std::string_view extra_value) {
  transcode::Buffer body;
  transcode::WriteError(http_status, status.code(), std::string(status.message()), body);
  FinishRest(call, status.code(),
             {.status = http_status,
              .body = body.view(),
              .extra_name = extra_name,
              .extra_value = extra_value});
}

void Worker::Count(Call& call, absl::StatusCode code) {
  if (std::exchange(call.counted, true)) return;
  const MethodRoute* route = call.route;
  const size_t protocol = static_cast<size_t>(call.is_grpc ? Dialect::kGrpc : Dialect::kRest);
  MethodMetrics& metrics = route != nullptr ? *route->metrics : *other_;
  metrics.loops[static_cast<size_t>(index_)]
      .calls[protocol][static_cast<size_t>(code) % kCodes]
      .Add(1);
  if (route == nullptr || !route->unary()) return;
  const int64_t ns = loop_.now_ns() - call.started_ns;
  size_t bucket = 0;
  while (bucket < LoopCounters::kBounds.size() &&
         static_cast<double>(ns) > LoopCounters::kBounds[bucket] * 1e9) {
    ++bucket;
  }
  counters_.durations[protocol][bucket].Add(1);
  counters_.duration_ns[protocol].Add(static_cast<uint64_t>(std::max<int64_t>(ns, 0)));
}

}  // namespace simpul::gateway
