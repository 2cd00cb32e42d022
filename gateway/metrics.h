// Counters of the data path: each loop adds to its own, and a scrape sums them up.
#ifndef SIMPUL_GATEWAY_METRICS_H_
#define SIMPUL_GATEWAY_METRICS_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "prometheus/collectable.h"
#include "prometheus/metric_family.h"

namespace simpul::gateway {

enum class Dialect { kGrpc, kRest };

// A number that one thread writes and others read.
class Counter {
 public:
  void Add(uint64_t n) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_ = 0;
};

inline constexpr int kCodes = 17;  // of gRPC: 0 to 16

// One loop's share of a method's counters.
struct alignas(64) MethodCounters {
  std::array<std::array<Counter, kCodes>, 2> calls;  // by Dialect and gRPC code
};

// A method's counters; lives as long as Metrics, so routes keep a plain pointer.
struct MethodMetrics {
  std::string path;
  std::vector<MethodCounters> loops;
};

// One loop's counters that belong to no method.
struct alignas(64) LoopCounters {
  // Upper bounds of the buckets in seconds; one more for all beyond.
  static constexpr std::array<double, 11> kBounds = {.0005, .001, .0025, .005, .01, .025,
                                                     .05,   .1,   .5,    1,    5};
  std::array<std::array<Counter, kBounds.size() + 1>, 2> durations;  // of unary calls
  std::array<Counter, 2> duration_ns;
  Counter connections_opened, connections_closed;
  Counter connections_refused;  // above Limits::connections
  Counter connections_cut;      // for a flood, a slow head or a stalled reader
  Counter accepts_failed;       // no file descriptor left, or no memory
  Counter calls_started, calls_ended;
  Counter calls_retried;  // given to another instance before any had seen them
  Counter part_connections_opened, part_connections_failed;
};

// All of the gateway's counters. Thread-safe.
class Metrics : public prometheus::Collectable {
 public:
  explicit Metrics(int loops);

  // The counters of a method, made at its first mention. "other" is for what no part serves.
  MethodMetrics* Method(std::string_view path);
  LoopCounters& loop(int i) { return loops_[static_cast<size_t>(i)]; }

  // What the catalogue watch last said.
  void SetParts(size_t instances, size_t methods);
  void SetKeys(size_t keys) { keys_ = static_cast<int64_t>(keys); }

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  prometheus::MetricFamily Requests() const;
  prometheus::MetricFamily Durations() const;

  std::vector<LoopCounters> loops_;
  std::atomic<int64_t> instances_ = 0, routes_ = 0, keys_ = 0;
  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<MethodMetrics>, std::less<>> methods_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace simpul::gateway

#endif  // SIMPUL_GATEWAY_METRICS_H_
