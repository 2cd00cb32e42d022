// One thread of the gateway: its loop, its listeners and connections, and the calls between them.
#ifndef SIMPUL_GATEWAY_WORKER_H_
#define SIMPUL_GATEWAY_WORKER_H_

#include <openssl/ssl.h>

#include <array>
#include <cstdint>
#include <ctime>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "gateway/call.h"
#include "gateway/http2_memory.h"
#include "gateway/keys.h"
#include "gateway/loop.h"
#include "gateway/metrics.h"
#include "gateway/options.h"
#include "gateway/part_session.h"
#include "gateway/pass_through.h"
#include "gateway/reflection_exchange.h"
#include "gateway/rest_exchange.h"
#include "gateway/route_table.h"

namespace simpul::gateway {

class ClientProtocol;
class Listener;

// A route table with this loop's connections to its instances. One thread.
struct LoopTable {
  std::shared_ptr<const RouteTable> routes;
  std::vector<std::shared_ptr<Upstream>> upstreams;  // beside routes->instances()
  std::vector<uint32_t> turns;                       // by MethodRoute::index

  // The next instance in turn that may be called, another than `not_this` if there is one; null:
  // none.
  const Target* Pick(const MethodRoute& route, const Target* not_this);
};

// What all workers share. Outlives them.
struct WorkerContext {
  Limits limits;
  SSL_CTX* client_tls = nullptr;  // null: no TLS listener
  SSL_CTX* part_tls = nullptr;    // null: plaintext parts only
  Metrics* metrics = nullptr;
  size_t max_connections = 0;           // of one worker
  std::function<absl::Status()> ready;  // for /readyz; any thread
};

// Serves on the thread that calls Run. The functions of the first group may be called from any
// thread.
class Worker {
 public:
  Worker(int index, const WorkerContext& context);
  ~Worker();

  void SetRoutes(std::shared_ptr<const RouteTable> routes);
  void SetKeys(std::shared_ptr<const KeySet> keys);
  // Takes no new connections or calls and calls `idle`, on the loop's thread, when none is left.
  void Drain(std::function<void()> idle);
  void Stop() { loop_.Stop(); }

  // Takes over a listening socket. Before Run.
  void Listen(int fd, bool tls);
  void Run();

  // For the connections and handlers of this loop.
  Loop& loop() { return loop_; }
  nghttp2_mem* http2_memory() { return http2_memory_.functions(); }
  LoopCounters& counters() { return counters_; }
  const Limits& limits() const { return context_.limits; }
  SSL_CTX* client_tls() const { return context_.client_tls; }
  bool draining() const { return draining_; }
  // No more clients may connect.
  bool full() const { return clients_.size() >= context_.max_connections; }
  transcode::Buffer& scratch() { return scratch_; }
  // What was made in the scratch buffer is used: it need not keep the memory of a large one.
  void TrimScratch() {
    if (scratch_.capacity() > kKeptScratch) scratch_ = transcode::Buffer();
  }
  // Now, as HTTP writes it.
  std::string_view http_date();
  const std::shared_ptr<LoopTable>& table() const { return table_; }
  // Accounts for REST bodies in memory. False: too much; nothing was added.
  bool Charge(size_t bytes);
  void Discharge(size_t bytes) { transcode_bytes_ -= bytes; }

  void Add(ClientProtocol* client);
  void Remove(ClientProtocol* client);

  // A call whose head is being read.
  Call& NewCall(Front* front);
  // The head is complete: decides what is done with the call.
  void OnHead(Call& call);
  // The client's side has ended; call.front is null.
  void OnClientGone(Call& call);
  // The part's side has ended; call.session is null.
  void OnPartStreamClosed(Call& call, PartLoss loss, uint32_t http2_error);
  void OnDeadline(Call& call);

  // Sends the request to an instance of call.route: to call.target if it is set, else to the next
  // one. What cannot be sent fails the call.
  void SendToPart(Call& call);
  // Ends the call with a status of the gateway's own, in the call's protocol, also in the middle of
  // an answer. OK is for gRPC only.
  void Finish(Call& call, const absl::Status& status);
  // Ends a REST call with a whole answer, counted as `code`.
  void FinishRest(Call& call, absl::StatusCode code, const Answer& answer);
  // Ends a REST call with an HTTP status that google.rpc.Code does not give, and one more field.
  void RefuseRest(Call& call, int http_status, const absl::Status& status,
                  std::string_view extra_name = {}, std::string_view extra_value = {});
  // Counts the call as ended with `code`; the second time does nothing.
  void Count(Call& call, absl::StatusCode code);

 private:
  static constexpr size_t kKeptScratch = 1 << 20;

  void StartDrain();
  void Swap(std::shared_ptr<const RouteTable> routes);
  void SwapKeys(std::shared_ptr<const KeySet> keys);
  void StopAnswering(Call& call);
  bool Authenticate(Call& call);
  void RefuseKey(Call& call);
  bool SetDeadline(Call& call);
  void NameCaller(Call& call, const Key& key);
  bool AnswerProbe(Call& call);
  void DispatchGrpc(Call& call);
  static bool MayAskAnother(Call& call, PartLoss loss);
  bool SendAgain(Call& call);
  const std::vector<nghttp2_nv>& PartFields(Call& call);
  void ReleaseIfOver(Call& call);

  const int index_;
  const WorkerContext& context_;
  LoopCounters& counters_;
  MethodMetrics* const other_;
  Http2Memory http2_memory_;  // before the loop, whose connections use it to their end
  Loop loop_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::vector<ClientProtocol*> clients_;
  std::function<void()> idle_;
  bool draining_ = false;

  std::shared_ptr<LoopTable> table_;
  std::shared_ptr<const KeySet> keys_;
  PassThrough pass_through_{this};
  RestHandler rest_{this};
  ReflectionHandler reflection_{this};

  std::vector<std::unique_ptr<Call>> free_calls_;
  transcode::Buffer scratch_;
  std::vector<nghttp2_nv> fields_;
  std::time_t date_of_ = 0;  // what date_ says
  std::string date_;
  size_t transcode_bytes_ = 0;
  std::string request_prefix_;  // of request ids: this worker, this run
  uint64_t requests_ = 0;
  std::string caller_bytes_;
  std::string default_timeout_;
};

}  // namespace simpul::gateway

#endif  // SIMPUL_GATEWAY_WORKER_H_
