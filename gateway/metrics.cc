#include "gateway/metrics.h"

#include <initializer_list>
#include <limits>
#include <utility>

#include "gateway/transcode/rest_error.h"

namespace simpul::gateway {
namespace {

constexpr std::array<const char*, 2> kProtocols = {"grpc", "rest"};

using Labels = std::vector<prometheus::ClientMetric::Label>;

prometheus::ClientMetric Value(prometheus::MetricType type, double value, Labels labels = {}) {
  prometheus::ClientMetric metric;
  metric.label = std::move(labels);
  (type == prometheus::MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  return metric;
}

prometheus::MetricFamily Single(std::string name, std::string help, prometheus::MetricType type,
                                double value) {
  return {std::move(name), std::move(help), type, {Value(type, value)}};
}

}  // namespace

Metrics::Metrics(int loops) : loops_(static_cast<size_t>(loops)) {}

MethodMetrics* Metrics::Method(std::string_view path) {
  std::lock_guard lock(mutex_);
  auto it = methods_.find(path);
  if (it == methods_.end()) {
    auto made = std::make_unique<MethodMetrics>();
    made->path = std::string(path);
    made->loops = std::vector<MethodCounters>(loops_.size());
    it = methods_.emplace(made->path, std::move(made)).first;
  }
  return it->second.get();
}

void Metrics::SetParts(size_t instances, size_t methods) {
  instances_ = static_cast<int64_t>(instances);
  routes_ = static_cast<int64_t>(methods);
}

prometheus::MetricFamily Metrics::Requests() const {
  prometheus::MetricFamily family{"simpul_gateway_requests_total",
                                  "Calls that ended, by method, protocol and gRPC code.",
                                  prometheus::MetricType::Counter,
                                  {}};
  std::lock_guard lock(mutex_);
  for (const auto& [path, method] : methods_) {
    for (size_t protocol = 0; protocol < kProtocols.size(); ++protocol) {
      for (size_t code = 0; code < kCodes; ++code) {
        uint64_t sum = 0;
        for (const MethodCounters& loop : method->loops) sum += loop.calls[protocol][code].value();
        if (sum == 0) continue;
        family.metric.push_back(Value(
            family.type, static_cast<double>(sum),
            {{"method", path},
             {"protocol", kProtocols[protocol]},
             {"code", std::string(transcode::CodeName(static_cast<absl::StatusCode>(code)))}}));
      }
    }
  }
  return family;
}

prometheus::MetricFamily Metrics::Durations() const {
  prometheus::MetricFamily family{
      "simpul_gateway_request_duration_seconds",
      "How long unary calls took, from the last of the head to the end.",
      prometheus::MetricType::Histogram,
      {}};
  for (size_t protocol = 0; protocol < kProtocols.size(); ++protocol) {
    prometheus::ClientMetric metric;
    metric.label = {{"protocol", kProtocols[protocol]}};
    auto& histogram = metric.histogram;
    for (size_t i = 0; i <= LoopCounters::kBounds.size(); ++i) {
      for (const auto& loop : loops_) histogram.sample_count += loop.durations[protocol][i].value();
      const double bound = i < LoopCounters::kBounds.size()
                               ? LoopCounters::kBounds[i]
                               : std::numeric_limits<double>::infinity();
      histogram.bucket.push_back({histogram.sample_count, bound});
    }
    for (const auto& loop : loops_) {
      histogram.sample_sum += static_cast<double>(loop.duration_ns[protocol].value()) / 1e9;
    }
    family.metric.push_back(std::move(metric));
  }
  return family;
}

std::vector<prometheus::MetricFamily> Metrics::Collect() const {
  using prometheus::MetricType;
  auto sum = [this](Counter LoopCounters::* counter) {
    uint64_t total = 0;
    for (const LoopCounters& loop : loops_) total += (loop.*counter).value();
    return static_cast<double>(total);
  };
  auto open = [&](Counter LoopCounters::* began, Counter LoopCounters::* ended) {
    const double gone = sum(ended);  // first, so that the difference is never negative
    return sum(began) - gone;
  };
  using L = LoopCounters;
  std::vector<prometheus::MetricFamily> all = {Requests(), Durations()};
  all.push_back(Single("simpul_gateway_connections", "Client connections that are open.",
                       MetricType::Gauge, open(&L::connections_opened, &L::connections_closed)));
  all.push_back(Single("simpul_gateway_connections_total", "Client connections accepted.",
                       MetricType::Counter, sum(&L::connections_opened)));
  all.push_back(Single("simpul_gateway_connections_refused_total",
                       "Client connections closed at once because there were too many.",
                       MetricType::Counter, sum(&L::connections_refused)));
  all.push_back(Single("simpul_gateway_connections_cut_total",
                       "Client connections cut for a flood, a slow head or a reader that stalled.",
                       MetricType::Counter, sum(&L::connections_cut)));
  all.push_back(Single("simpul_gateway_accepts_failed_total",
                       "Times that no client could be accepted, for want of a file descriptor.",
                       MetricType::Counter, sum(&L::accepts_failed)));
  all.push_back(Single("simpul_gateway_active_calls", "Calls in hand.", MetricType::Gauge,
                       open(&L::calls_started, &L::calls_ended)));
  all.push_back(Single("simpul_gateway_retries_total",
                       "Calls given to another instance before any part had seen them.",
                       MetricType::Counter, sum(&L::calls_retried)));
  all.push_back(Single("simpul_gateway_part_connections_total", "Connections opened to parts.",
                       MetricType::Counter, sum(&L::part_connections_opened)));
  all.push_back(Single("simpul_gateway_part_connection_failures_total",
                       "Connections to parts that could not be opened.", MetricType::Counter,
                       sum(&L::part_connections_failed)));
  all.push_back(Single("simpul_gateway_instances", "Instances of parts that calls can go to.",
                       MetricType::Gauge, static_cast<double>(instances_.load())));
  all.push_back(Single("simpul_gateway_methods", "Public methods that can be called.",
                       MetricType::Gauge, static_cast<double>(routes_.load())));
  all.push_back(Single("simpul_gateway_keys", "API keys that hold.", MetricType::Gauge,
                       static_cast<double>(keys_.load())));
  return all;
}

}  // namespace simpul::gateway
