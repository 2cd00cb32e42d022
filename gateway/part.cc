#include "gateway/part.h"

#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "bus/observe/admin_server.h"
#include "bus/observe/log.h"
#include "gateway/catalogue_watch.h"
#include "gateway/descriptors.h"
#include "gateway/http2.h"
#include "gateway/listen.h"
#include "gateway/worker.h"

namespace simpul::gateway {
namespace {

using TlsContext = std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)>;

int SelectAlpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
               unsigned int in_size, void*) {
  static constexpr unsigned char kOurs[] = "\x02h2\x08http/1.1";
  const int result = SSL_select_next_proto(const_cast<unsigned char**>(out), out_size, kOurs,
                                           sizeof kOurs - 1, in, in_size);
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

absl::StatusOr<TlsContext> MakeClientTls(const rpc::CertificateFiles& files) {
  TlsContext tls(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  SetCommonTls(tls.get());
  if (SSL_CTX_use_certificate_chain_file(tls.get(), files.certificate.c_str()) != 1) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s is no certificate in PEM", files.certificate));
  }
  if (SSL_CTX_use_PrivateKey_file(tls.get(), files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s is not the private key of %s", files.key, files.certificate));
  }
  SSL_CTX_set_alpn_select_cb(tls.get(), SelectAlpn, nullptr);
  return tls;
}

size_t MostConnections(const Limits& limits) {
  const size_t descriptors = RaiseDescriptorLimit();
  const size_t connections = ConnectionsWithin(descriptors, limits.connections);
  if (connections < limits.connections) {
    observe::Log(observe::Severity::kWarning, "gateway",
                 "fewer clients can connect than the gateway would take: raise the hard limit of "
                 "open files (ulimit -Hn)",
                 {{"open_files", descriptors},
                  {"connections", connections},
                  {"wanted", limits.connections}});
  }
  return connections;
}

}  // namespace

struct Part::Running {
  Options options;
  std::shared_ptr<Metrics> metrics;
  TlsContext client_tls{nullptr, SSL_CTX_free};
  TlsContext part_tls{nullptr, SSL_CTX_free};
  WorkerContext context;
  std::vector<std::unique_ptr<Worker>> workers;
  std::vector<std::thread> threads;
  std::string address;
  std::string tls_address;
  std::shared_ptr<const KeySet> static_keys;
  // Also held by the ready check, which may outlive this.
  struct Ready {
    std::mutex mutex;
    const CatalogueWatch* watch = nullptr;  // null: not started or stopping
    absl::Status Get() {
      std::lock_guard lock(mutex);
      return watch != nullptr ? watch->ready()
                              : absl::UnavailableError("the gateway is starting or stopping");
    }
    void Set(const CatalogueWatch* to) {
      std::lock_guard lock(mutex);
      watch = to;
    }
  };
  std::shared_ptr<Ready> ready = std::make_shared<Ready>();
  std::unique_ptr<CatalogueWatch> watch;  // last: it calls the workers

  absl::Status LoadTls();
  absl::Status Listen();
  absl::Status ListenOn(const std::string& where, bool tls, std::string& address);
  absl::Status StartWatch();
  void Stop();
};

absl::Status Part::Running::LoadTls() {
  if (!options.listen_tls.empty()) {
    absl::StatusOr<TlsContext> tls = MakeClientTls(options.tls);
    if (!tls.ok()) return tls.status();
    client_tls = *std::move(tls);
  }
  if (options.credentials != nullptr) {
    auto tls = MakePartTls(options.credentials->files());
    if (!tls.ok()) return tls.status();
    part_tls = *std::move(tls);
  }
  return absl::OkStatus();
}

absl::Status Part::Running::ListenOn(const std::string& where, bool tls, std::string& address) {
  if (where.empty()) return absl::OkStatus();
  absl::StatusOr<ListenSockets> sockets = gateway::Listen(where, static_cast<int>(workers.size()));
  if (!sockets.ok()) return sockets.status();
  address = sockets->address;
  for (size_t i = 0; i < workers.size(); ++i) workers[i]->Listen(sockets->fds[i], tls);
  return absl::OkStatus();
}

absl::Status Part::Running::Listen() {
  if (absl::Status status = ListenOn(options.listen_plain, false, address); !status.ok()) {
    return status;
  }
  return ListenOn(options.listen_tls, true, tls_address);
}

absl::Status Part::Running::StartWatch() {
  CatalogueWatchOptions watched;
  watched.catalogue = options.catalogue;
  watched.credentials = options.credentials;
  watched.data = options.data;
  watched.keys_max_age = options.keys_max_age;
  watched.metrics = metrics.get();
  for (const StaticPart& part : options.static_parts) {
    absl::StatusOr<Served> served = LoadStaticPart(part);
    if (!served.ok()) return served.status();
    watched.static_parts.push_back(*std::move(served));
  }
  watched.on_routes = [this](const std::shared_ptr<const RouteTable>& routes) {
    for (const auto& worker : workers) worker->SetRoutes(routes);
  };
  watched.on_keys = [this](const std::shared_ptr<const KeySet>& keys) {
    for (const auto& worker : workers) worker->SetKeys(keys);
  };
  if (options.catalogue.empty()) {
    std::vector<std::pair<std::string, std::string>> texts;
    for (const StaticKey& key : options.static_keys) texts.emplace_back(key.agency, key.text);
    auto keys = KeySet::FromTexts(texts);
    if (!keys.ok()) return keys.status();
    metrics->SetKeys((*keys)->size());
    watched.on_keys(*keys);
  }
  watch = CatalogueWatch::Start(std::move(watched));
  ready->Set(watch.get());
  return absl::OkStatus();
}

void Part::Running::Stop() {
  ready->Set(nullptr);
  watch.reset();
  std::mutex mutex;
  std::condition_variable changed;
  size_t idle = 0;
  if (!threads.empty()) {
    for (const auto& worker : workers) {
      worker->Drain([&] {
        std::lock_guard lock(mutex);
        ++idle;
        changed.notify_all();
      });
    }
    std::unique_lock lock(mutex);
    changed.wait_for(lock, absl::ToChronoNanoseconds(options.stop_grace),
                     [&] { return idle == workers.size(); });
  }
  for (const auto& worker : workers) worker->Stop();
  for (std::thread& thread : threads) thread.join();
  threads.clear();
  workers.clear();
}

absl::StatusOr<std::unique_ptr<Part>> Part::Start(const Options& options) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
  auto running = std::make_unique<Running>();
  running->options = options;
  int loops = options.threads;
  if (loops <= 0) loops = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  running->metrics = std::make_shared<Metrics>(loops);
  if (absl::Status status = running->LoadTls(); !status.ok()) return status;
  running->context = {
      .limits = options.limits,
      .client_tls = running->client_tls.get(),
      .part_tls = running->part_tls.get(),
      .metrics = running->metrics.get(),
      .max_connections = MostConnections(options.limits) / static_cast<size_t>(loops) + 1,
      .ready = [ready = running->ready] { return ready->Get(); }};
  for (int i = 0; i < loops; ++i) {
    running->workers.push_back(std::make_unique<Worker>(i, running->context));
  }
  std::unique_ptr<Part> part(new Part(std::move(running)));
  Running& it = *part->running_;
  if (absl::Status status = it.Listen(); !status.ok()) return status;
  if (absl::Status status = it.StartWatch(); !status.ok()) return status;
  for (const auto& worker : it.workers) it.threads.emplace_back([&worker] { worker->Run(); });
  if (options.admin != nullptr) {
    options.admin->AddReadyCheck("gateway", [ready = it.ready] { return ready->Get(); });
    options.admin->AddCollectable(it.metrics);
  }
  observe::Log(observe::Severity::kInfo, "gateway", "serving",
               {{"plain", it.address}, {"tls", it.tls_address}, {"loops", loops}});
  return part;
}

Part::Part(std::unique_ptr<Running> running) : running_(std::move(running)) {}

Part::~Part() { running_->Stop(); }

std::string Part::address() const { return running_->address; }
std::string Part::tls_address() const { return running_->tls_address; }
absl::Status Part::ready() const { return running_->ready->Get(); }
bool Part::has_routes_to(const std::string& address) const {
  return running_->watch->has_routes_to(address);
}

}  // namespace simpul::gateway
