#include "bus/observe/admin_server.h"

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <future>
#include <mutex>
#include <sstream>
#include <utility>
#include <vector>

#include "CivetServer.h"
#include "absl/strings/str_format.h"
#include "prometheus/collectable.h"
#include "prometheus/metric_family.h"
#include "prometheus/registry.h"
#include "prometheus/text_serializer.h"

namespace simpul::observe {
namespace {

constexpr char kText[] = "text/plain; charset=utf-8";
constexpr char kPrometheusText[] = "text/plain; version=0.0.4; charset=utf-8";

struct Answer {
  int status = 200;
  const char* type = kText;
  std::string body;
};

class GetHandler : public CivetHandler {
 public:
  explicit GetHandler(std::function<Answer()> answer) : answer_(std::move(answer)) {}

  bool handleGet(CivetServer*, mg_connection* connection) override {
    const Answer answer = answer_();
    mg_printf(connection,
              "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
              "Cache-Control: no-store\r\nConnection: close\r\n\r\n",
              answer.status, answer.status == 200 ? "OK" : "Service Unavailable", answer.type,
              answer.body.size());
    mg_write(connection, answer.body.data(), answer.body.size());
    return true;
  }

 private:
  const std::function<Answer()> answer_;
};

class CivetAdminServer : public AdminServer {
 public:
  CivetAdminServer(std::unique_ptr<CivetServer> server, const std::string& host)
      : server_(std::move(server)),
        address_(absl::StrFormat("%s:%d", host, server_->getListeningPorts().front())) {
    server_->addHandler("/healthz$", healthz_);
    server_->addHandler("/readyz$", readyz_);
    server_->addHandler("/metrics$", metrics_);
  }

  // Waits for answers in hand. Civetweb's listener looks up every 2 s, or when somebody connects.
  ~CivetAdminServer() override {
    const auto closed = std::async(std::launch::async, [this] { server_->close(); });
    do {
      Knock();
    } while (closed.wait_for(std::chrono::milliseconds(10)) != std::future_status::ready);
  }

  void AddReadyCheck(std::string name, std::function<absl::Status()> check) override {
    std::lock_guard lock(mutex_);
    checks_.emplace_back(std::move(name), std::move(check));
  }

  void AddRemark(std::string name, std::function<absl::Status()> check) override {
    std::lock_guard lock(mutex_);
    remarks_.emplace_back(std::move(name), std::move(check));
  }

  void SayStarted() override { started_ = true; }

  absl::Status ready() override {
    if (!started_) return absl::UnavailableError("still starting");
    for (const auto& [name, check] : Copy(checks_)) {
      if (const absl::Status status = check(); !status.ok()) {
        return absl::Status(status.code(), absl::StrFormat("%s: %s", name, status.message()));
      }
    }
    return absl::OkStatus();
  }

  void AddCollectable(std::weak_ptr<prometheus::Collectable> collectable) override {
    std::lock_guard lock(mutex_);
    collectables_.push_back(std::move(collectable));
  }

  std::string address() const override { return address_; }

 private:
  using Check = std::pair<std::string, std::function<absl::Status()>>;

  void Knock() const {
    char ignored[128];
    const std::string host = address_.substr(0, address_.rfind(':'));
    mg_connection* connection = mg_connect_client(
        host.c_str(), std::atoi(address_.c_str() + host.size() + 1), 0, ignored, sizeof ignored);
    if (connection != nullptr) mg_close_connection(connection);
  }

  // The checks may take their time, and add some.
  std::vector<Check> Copy(const std::vector<Check>& checks) {
    std::lock_guard lock(mutex_);
    return checks;
  }

  // A line for each that is not OK.
  std::string Tell(const std::vector<Check>& checks) {
    std::string text;
    for (const auto& [name, check] : Copy(checks)) {
      if (const absl::Status status = check(); !status.ok()) {
        text += absl::StrFormat("%s: %s\n", name, status.message());
      }
    }
    return text;
  }

  Answer Ready() {
    if (!started_) return {503, kText, "still starting\n"};
    const std::string missing = Tell(checks_);
    return {missing.empty() ? 200 : 503, kText,
            (missing.empty() ? "ready\n" : missing) + Tell(remarks_)};
  }

  Answer Metrics() {
    std::vector<std::weak_ptr<prometheus::Collectable>> collectables;
    {
      std::lock_guard lock(mutex_);
      collectables = collectables_;
    }
    std::vector<prometheus::MetricFamily> families = observe::Metrics()->Collect();
    for (const auto& weak : collectables) {
      const auto collectable = weak.lock();
      if (collectable == nullptr) continue;
      for (auto& family : collectable->Collect()) families.push_back(std::move(family));
    }
    std::ostringstream text;
    prometheus::TextSerializer().Serialize(text, families);
    return {200, kPrometheusText, std::move(text).str()};
  }

  std::atomic<bool> started_{false};
  std::mutex mutex_;
  std::vector<Check> checks_;
  std::vector<Check> remarks_;
  std::vector<std::weak_ptr<prometheus::Collectable>> collectables_;
  GetHandler healthz_{[] { return Answer{200, kText, "ok\n"}; }};
  GetHandler readyz_{[this] { return Ready(); }};
  GetHandler metrics_{[this] { return Metrics(); }};
  const std::unique_ptr<CivetServer> server_;
  const std::string address_;
};

// Civetweb would write its own lines to standard error.
int Silence(const mg_connection*, const char*) { return 1; }

}  // namespace

std::shared_ptr<prometheus::Registry> Metrics() {
  static const auto& registry =
      *new std::shared_ptr<prometheus::Registry>(std::make_shared<prometheus::Registry>());
  return registry;
}

absl::StatusOr<std::unique_ptr<AdminServer>> AdminServer::Start(const std::string& address) {
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) {
    return absl::FailedPreconditionError(
        absl::StrFormat("%s is no address; write host:port", address));
  }
  CivetCallbacks callbacks;
  callbacks.log_message = Silence;
  try {
    auto server = std::make_unique<CivetServer>(
        std::vector<std::string>{"listening_ports", address, "num_threads", "2",
                                 "request_timeout_ms", "5000", "enable_keep_alive", "no"},
        &callbacks);
    return std::make_unique<CivetAdminServer>(std::move(server), address.substr(0, colon));
  } catch (const CivetException&) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "cannot listen on %s for metrics and health: the port is in use or the address is not "
        "this machine's; choose another by --admin",
        address));
  }
}

}  // namespace simpul::observe
