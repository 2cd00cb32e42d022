// The way of a call to a part: which instance is asked, what it hears, and who is asked next when
// it does not answer.
#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "gateway/grpc_wire.h"
#include "gateway/worker.h"

namespace simpul::gateway {
namespace {

// Attempts for one call that no instance has seen yet, beyond one for each instance there is. One
// that failed is left alone for a while, so the next attempt goes to another; until their leases
// end, nearly all may be dead.
constexpr int kMoreAttempts = 8;

int MostAttempts(const MethodRoute& route) {
  return static_cast<int>(route.targets.size()) + kMoreAttempts;
}

}  // namespace

const Target* LoopTable::Pick(const MethodRoute& route, const Target* not_this) {
  const size_t count = route.targets.size();
  const uint32_t turn = turns[route.index]++;
  const Target* second = nullptr;
  for (size_t i = 0; i < count; ++i) {
    const Target& target = route.targets[(turn + i) % count];
    if (!upstreams[target.instance]->available()) continue;
    if (&target != not_this) return &target;
    second = &target;
  }
  return second;
}

void Worker::SendToPart(Call& call) {
  absl::Status status = absl::UnavailableError(
      absl::StrFormat("no instance of %s can be reached; try again", call.route->service));
  const Target* target = std::exchange(call.target, nullptr);
  for (; call.attempts < MostAttempts(*call.route); ++call.attempts) {
    call.target = target != nullptr ? std::exchange(target, nullptr)
                                    : call.table->Pick(*call.route, call.target);
    if (call.target == nullptr) break;
    call.replayable = true;
    status = call.table->upstreams[call.target->instance]->Start(call, PartFields(call));
    if (status.ok()) {
      ++call.attempts;
      return;
    }
  }
  Finish(call, status);
}

// What an instance hears before the message. The fields' text is the call's, its table's or
// constant.
const std::vector<nghttp2_nv>& Worker::PartFields(Call& call) {
  const bool plaintext = call.table->routes->instances()[call.target->instance].plaintext;
  fields_.clear();
  fields_.push_back(Field(":method", "POST"));
  fields_.push_back(Field(":scheme", plaintext ? "http" : "https"));
  fields_.push_back(Field(":path", call.route->path));
  fields_.push_back(Field(":authority", call.target->authority));
  if (call.is_grpc) {
    // What is to be stripped must not come compressed.
    const bool strip = call.target->strip != nullptr;
    for (const nghttp2_nv& field : call.request.fields()) {
      if (strip && NameOf(field) == "grpc-accept-encoding") continue;
      if (GoesToPart(NameOf(field))) fields_.push_back(field);
    }
  } else {
    fields_.push_back(Field("content-type", "application/grpc"));
    fields_.push_back(Field("te", "trailers"));
    fields_.push_back(Field("user-agent", "simpul-gateway"));
  }
  // What is different in each call is not worth a place in the compression's table.
  if (!call.timeout.empty()) {
    const bool ours = call.timeout == default_timeout_;
    fields_.push_back(Field("grpc-timeout", call.timeout,
                            ours ? NGHTTP2_NV_FLAG_NONE : NGHTTP2_NV_FLAG_NO_INDEX));
  }
  fields_.push_back(Field("simpul-caller-bin", call.caller, NGHTTP2_NV_FLAG_NO_INDEX));
  return fields_;
}

// Whether another instance may be asked. Of what no part has seen, always. A part that goes breaks
// off what reaches it at its last moment (gRPC: before its GOAWAY has reached us) just as what it
// had begun, so only what changes nothing may be asked a second time, and only once: what felled
// one instance shall not fell all.
bool Worker::MayAskAnother(Call& call, PartLoss loss) {
  if (loss == PartLoss::kUnseen) return true;
  if (!call.target->method->only_reads()) return false;
  return !std::exchange(call.asked_twice, true);
}

// Gives a call of which no answer has come to another instance, with all that was sent. False: it
// cannot be.
bool Worker::SendAgain(Call& call) {
  if (!call.replayable || call.attempts >= MostAttempts(*call.route)) return false;
  const MethodRoute* route = table_->routes->FindMethod(call.route->path);
  if (route == nullptr) return false;
  const Target* not_this = table_ == call.table ? call.target : nullptr;
  const Target* target = table_->Pick(*route, not_this);
  if (target == nullptr) return false;
  SliceQueue again = std::exchange(call.replay, {});
  call.untaken += again.bytes();
  call.to_part.Pop(call.to_part.bytes(), [&](Slice slice) { again.Push(std::move(slice)); });
  call.to_part = std::move(again);
  call.response.Clear();
  call.trailers.Clear();
  call.table = table_;
  call.route = route;
  call.target = target;
  counters_.calls_retried.Add(1);
  SendToPart(call);
  return true;
}

void Worker::OnPartStreamClosed(Call& call, PartLoss loss, uint32_t http2_error) {
  if (call.handler != nullptr && !call.part_ended) {
    if (MayAskAnother(call, loss) && SendAgain(call)) return;
    const bool broke_off = http2_error == NGHTTP2_CANCEL || http2_error == NGHTTP2_NO_ERROR;
    if (loss == PartLoss::kReset && !broke_off) {
      Finish(call, absl::Status(CodeOfHttp2Error(http2_error),
                                absl::StrFormat("%s ended the call with HTTP/2 error %d",
                                                call.route->service, http2_error)));
    } else {
      const std::string_view why =
          loss == PartLoss::kUnseen
              ? "went away before it had heard of the call; try again"
              : "broke off before its answer was whole; whether it did anything is not known";
      Finish(call, absl::UnavailableError(absl::StrFormat("%s %s", call.route->service, why)));
    }
  }
  ReleaseIfOver(call);
}

}  // namespace simpul::gateway
