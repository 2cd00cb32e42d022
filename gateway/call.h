// One call, from a client's first header until client and part have both ended it.
#ifndef SIMPUL_GATEWAY_CALL_H_
#define SIMPUL_GATEWAY_CALL_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "gateway/buffer.h"
#include "gateway/header_list.h"
#include "gateway/keys.h"
#include "gateway/loop.h"
#include "gateway/route_table.h"

namespace simpul::gateway {

class Call;
class PartSession;
class PersonalFilter;
class RestExchange;
class ReflectionExchange;
class Worker;
struct LoopTable;

// What a request says about itself. Views into the front's memory, which live as long as the
// client's side of the call.
struct RequestHead {
  std::string_view method;
  std::string_view path;  // with the query
  std::string_view content_type;
  std::string_view api_key;
  int api_keys = 0;  // how many fields of that name there are
  std::string_view grpc_timeout;

  // Takes note of a field if it is one of these. `name` is in lower case.
  void Note(std::string_view name, std::string_view value);
  bool is_grpc() const;  // content-type application/grpc, with or without +codec
};

// Of every answer that is not gRPC: what is in it depends on the key, which caches do not know of
// (RFC 9111, 5.2.2.5).
inline constexpr std::string_view kCacheControl = "no-store";

// An answer that is complete when it is given.
struct Answer {
  int status = 200;
  std::string_view content_type = "application/json";
  std::string_view body;
  std::string_view extra_name;  // one more field, such as "allow"; empty: none
  std::string_view extra_value;
};

// A client's connection as a call sees it. One thread.
class Front {
 public:
  virtual ~Front() = default;

  // gRPC only: the head of the answer; `ended` says that nothing follows. The fields outlive the
  // call.
  virtual void SendHead(Call& call, const std::vector<nghttp2_nv>& fields, bool ended) = 0;
  // gRPC only: call.to_client has grown, or call.response_ended was set.
  virtual void Resume(Call& call) = 0;
  // Not gRPC: the whole answer.
  virtual void Send(Call& call, const Answer& answer) = 0;
  // Ends the client's side at once, in the middle of an answer.
  virtual void Abort(Call& call, uint32_t http2_error) = 0;
  // `size` bytes of the request went on: the client may send as many more.
  virtual void Taken(Call& call, size_t size) = 0;

  KeyCache key_cache;
};

// What is done with a call. One object per kind and worker; the state is in the call.
class Handler {
 public:
  virtual ~Handler() = default;
  virtual void OnRequestData(Call& call, Slice data) = 0;
  virtual void OnRequestEnd(Call& call) = 0;
  // The head of the part's answer is in call.response. `ended`: it is all there is.
  virtual void OnResponseHead(Call& call, bool ended) = 0;
  virtual void OnResponseData(Call& call, Slice data) = 0;
  // The part ended its answer; trailers, if any, are in call.trailers.
  virtual void OnResponseEnd(Call& call) = 0;
  // `size` bytes of call.to_client went out.
  virtual void OnSent(Call& call, size_t size) = 0;
};

// How a stream to a part came to its end.
enum class PartLoss {
  kReset,       // closed by the part, in order or not
  kConnection,  // its connection is gone
  kUnseen,      // the part has not begun with it: another one may be asked, whatever it does
};

// State of one call. Pooled by the worker: Reset makes it like new and keeps its memory. One
// thread.
class Call {
 public:
  explicit Call(Worker* worker);
  ~Call();
  void Reset();

  Worker* const worker;
  Handler* handler = nullptr;  // null until the head is complete, and once nobody is to hear of it
  RequestHead head;
  bool is_grpc = false;

  // The client's side, kept by the front.
  Front* front = nullptr;  // null once the client's side has ended
  int32_t client_stream = -1;
  size_t client_index = 0;  // in the front's list
  HeaderList request;       // HTTP/2 only
  size_t header_bytes = 0;
  bool head_too_large = false;
  bool request_ended = false;
  bool head_sent = false;     // of the answer, or of an error instead
  bool client_waits = false;  // its stream has nothing to send
  SliceQueue to_client;
  bool response_ended = false;  // nothing will be added to to_client

  // The part's side, kept by the session.
  PartSession* session = nullptr;  // null unless a stream to a part is open
  int32_t part_stream = -1;
  size_t part_index = 0;    // in the session's list
  bool part_waits = false;  // its stream has nothing to send
  SliceQueue to_part;
  SliceQueue replay;  // what was sent already, until the part begins to answer
  bool replayable = false;
  bool asked_twice = false;  // of two parts, since the first may have seen it and did not answer
  size_t untaken = 0;        // bytes of to_part that the client was credited for already
  int attempts = 0;
  std::string key_id;       // of the caller's key
  std::string request_id;   // made by us
  std::string caller;       // base64 of simpul.bus.v1.Caller
  std::string timeout;      // grpc-timeout for the part; empty: none
  bool part_ended = false;  // the part's answer is complete
  HeaderList response;
  HeaderList trailers;
  std::string grpc_status;  // of a status we make ourselves, after the part's head
  std::string grpc_message;

  std::shared_ptr<LoopTable> table;  // what `route` and the streams' fields point into
  const MethodRoute* route = nullptr;
  const Target* target = nullptr;
  std::unique_ptr<RestExchange> rest;
  std::unique_ptr<ReflectionExchange> reflection;
  std::unique_ptr<PersonalFilter> filter;  // null: answers pass as they are

  Timer deadline;
  int64_t started_ns = 0;
  bool counted = false;
};

}  // namespace simpul::gateway

#endif  // SIMPUL_GATEWAY_CALL_H_
