#include "gateway/rest_exchange.h"

#include <charconv>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "gateway/grpc_wire.h"
#include "gateway/part_session.h"
#include "gateway/part_status.h"
#include "gateway/transcode/request.h"
#include "gateway/transcode/rest_error.h"
#include "gateway/transcode/wire_to_json.h"
#include "gateway/worker.h"

namespace simpul::gateway {
namespace {

using transcode::RouteResult;

bool IsJson(std::string_view content_type) {
  constexpr std::string_view kJson = "application/json";
  if (content_type.size() < kJson.size()) return false;
  for (size_t i = 0; i < kJson.size(); ++i) {
    const char c = content_type[i];
    if ((c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) != kJson[i]) return false;
  }
  const std::string_view rest = content_type.substr(kJson.size());
  return rest.empty() || rest[0] == ';' || rest[0] == ' ';
}

// What an answer's "allow" says.
std::string Allowed(const transcode::RestRouter& router, std::string_view path) {
  std::string allow = router.Allow(path);
  const bool get = allow.find("GET") != std::string::npos;
  if (get && allow.find("HEAD") == std::string::npos) allow += ", HEAD";
  return allow;
}

std::string_view ViewOf(const Slice& slice) {
  return {reinterpret_cast<const char*>(slice.data()), slice.size()};
}

}  // namespace

RestExchange::~RestExchange() { worker_->Discharge(charged_); }

bool RestExchange::Charge(size_t bytes) {
  if (!worker_->Charge(bytes)) return false;
  charged_ += bytes;
  return true;
}

void RestHandler::Start(Call& call) {
  if (call.head.is_grpc()) {
    return worker_->RefuseRest(
        call, 415,
        absl::InvalidArgumentError("gRPC needs HTTP/2; over HTTP/1.1 this address speaks JSON"));
  }
  const size_t question = call.head.path.find('?');
  const std::string_view path = call.head.path.substr(0, question);
  auto rest = std::make_unique<RestExchange>(worker_);
  rest->table = call.table;
  const transcode::RestRouter& router = call.table->routes->rest();
  rest->verb = call.head.method;
  RouteResult found = router.Find(rest->verb, path, rest->match);
  if (found == RouteResult::kWrongVerb && rest->verb == "HEAD") {
    rest->verb = "GET";  // RFC 9110, 9.1: whoever serves GET serves HEAD
    found = router.Find(rest->verb, path, rest->match);
  }
  switch (found) {
    case RouteResult::kFound:
      break;
    case RouteResult::kNotFound:
      return worker_->Finish(call, absl::NotFoundError("no public method is served at this path"));
    case RouteResult::kBadPath:
      return worker_->Finish(call, absl::InvalidArgumentError(
                                       "the path is not one, or has a % without two hex digits"));
    case RouteResult::kWrongVerb: {
      const std::string allow = Allowed(router, path);
      return worker_->RefuseRest(
          call, 405,
          absl::UnimplementedError(absl::StrFormat("this path is served with %s only", allow)),
          "allow", allow);
    }
  }
  call.route = call.table->routes->FindMethod(rest->match.route->method->path);
  if (question != std::string_view::npos) rest->query = call.head.path.substr(question + 1);
  rest->content_type = call.head.content_type;
  call.rest = std::move(rest);
  call.handler = this;
}

void RestHandler::OnRequestData(Call& call, Slice data) {
  RestExchange& rest = *call.rest;
  if (rest.body.size() + data.size() > worker_->limits().request_body) {
    return worker_->RefuseRest(
        call, 413,
        absl::InvalidArgumentError(
            absl::StrFormat("the body is larger than %d bytes", worker_->limits().request_body)));
  }
  if (!rest.Charge(data.size())) {
    return worker_->Finish(
        call,
        absl::UnavailableError("too many large bodies at this moment; try again in a second"));
  }
  rest.body.Append(ViewOf(data));
  if (call.front != nullptr) call.front->Taken(call, data.size());
}

bool RestHandler::CheckBody(Call& call) {
  if (call.rest->body.empty() || IsJson(call.rest->content_type)) return true;
  worker_->RefuseRest(
      call, 415,
      absl::InvalidArgumentError(
          "a body is understood as JSON only: send content-type: application/json"));
  return false;
}

// The instance comes first; then the request is read by that instance's own contract.
bool RestHandler::PickTarget(Call& call) {
  RestExchange& rest = *call.rest;
  const size_t count = call.route->targets.size();
  const Target* last = nullptr;
  for (size_t i = 0; i < count; ++i) {
    const Target* target = call.table->Pick(*call.route, last);
    if (target == nullptr) break;
    last = target;
    if (target->contract != rest.match.route->contract.get()) {
      const std::string_view path = call.head.path.substr(0, call.head.path.find('?'));
      transcode::Match match;
      if (target->rest == nullptr ||
          target->rest->Find(rest.verb, path, match) != RouteResult::kFound ||
          match.route->method != target->method) {
        continue;  // an older contract that has no such route
      }
      rest.match = match;
    }
    call.target = target;
    return true;
  }
  worker_->Finish(call, absl::UnavailableError(absl::StrFormat(
                            "no instance of %s can be reached; try again", call.route->service)));
  return false;
}

void RestHandler::OnRequestEnd(Call& call) {
  if (!CheckBody(call) || !PickTarget(call)) return;
  RestExchange& rest = *call.rest;
  transcode::Buffer& wire = worker_->scratch();
  wire.Clear();
  wire.Append(std::string_view("\0\0\0\0\0", kMessagePrefix));
  const absl::Status built =
      transcode::BuildRequest(rest.match, rest.query, rest.body.Padded(), wire);
  if (!built.ok()) return worker_->Finish(call, built);
  WriteMessagePrefix(static_cast<uint32_t>(wire.size() - kMessagePrefix), wire.data());
  rest.body = transcode::Buffer();
  call.untaken = wire.size();  // the client's body was credited as it came
  call.to_part.Push(Slice::Copy(wire.view()));
  worker_->TrimScratch();
  worker_->SendToPart(call);
}

void RestHandler::OnResponseHead(Call& call, bool ended) {
  if (ended) OnResponseEnd(call);
}

void RestHandler::OnResponseData(Call& call, Slice data) {
  RestExchange& rest = *call.rest;
  if (rest.reply.size() + data.size() > worker_->limits().response_body) {
    return worker_->Finish(
        call, absl::ResourceExhaustedError(absl::StrFormat(
                  "the answer is larger than %d bytes: ask for a smaller page, or by gRPC",
                  worker_->limits().response_body)));
  }
  if (!rest.Charge(data.size())) {
    return worker_->Finish(
        call,
        absl::UnavailableError("too many large bodies at this moment; try again in a second"));
  }
  rest.reply.Append(ViewOf(data));
  call.session->Taken(call, data.size());
}

// What the part said in its trailers, or in the head if that was all.
absl::Status RestHandler::StatusOfPart(Call& call) const {
  const HeaderList& last = call.trailers.empty() ? call.response : call.trailers;
  const std::string_view status = last.Find("grpc-status");
  if (!status.empty()) {
    const absl::StatusCode code = ParseGrpcStatus(status);
    if (code == absl::StatusCode::kOk) return absl::OkStatus();
    if (IsUnmeantForCallers(call, code)) return WithoutItsText(call, code);
    const std::string message = DecodeGrpcMessage(last.Find("grpc-message"));
    return absl::Status(code, message);
  }
  int http_status = 0;
  const std::string_view text = call.response.Find(":status");
  std::from_chars(text.data(), text.data() + text.size(), http_status);
  absl::StatusCode code = transcode::CodeOfHttpStatus(http_status);
  if (code == absl::StatusCode::kOk) code = absl::StatusCode::kInternal;
  return absl::Status(code,
                      absl::StrFormat("%s answered without a gRPC status", call.route->service));
}

void RestHandler::OnResponseEnd(Call& call) {
  const absl::Status status = StatusOfPart(call);
  if (!status.ok()) return worker_->Finish(call, status);
  AnswerJson(call);
}

void RestHandler::AnswerJson(Call& call) {
  RestExchange& rest = *call.rest;
  const MessageFrame frame = ReadMessage(rest.reply.view());
  if (frame.result != MessageFrame::Result::kOk || frame.size != rest.reply.size()) {
    return worker_->Finish(
        call, absl::InternalError(
                  absl::StrFormat("%s did not answer with one plain message", call.route->path)));
  }
  const transcode::Route& route = *rest.match.route;
  transcode::Buffer& json = worker_->scratch();
  json.Clear();
  const absl::Status written =
      route.response_field == nullptr
          ? transcode::WireToJson(*route.method->response, frame.message, json)
          : transcode::WireToJson(*route.method->response, *route.response_field, frame.message,
                                  json);
  if (!written.ok()) return worker_->Finish(call, written);
  rest.reply = transcode::Buffer();
  if (!rest.Charge(json.size())) {
    return worker_->Finish(
        call,
        absl::UnavailableError("too many large bodies at this moment; try again in a second"));
  }
  worker_->FinishRest(call, absl::StatusCode::kOk, {.body = json.view()});
  worker_->TrimScratch();
}

}  // namespace simpul::gateway
