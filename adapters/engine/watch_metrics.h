// What a watch shows to Prometheus.
#ifndef SIMPUL_ADAPTERS_ENGINE_WATCH_METRICS_H_
#define SIMPUL_ADAPTERS_ENGINE_WATCH_METRICS_H_

#include <string>

#include "prometheus/counter.h"
#include "prometheus/gauge.h"

namespace simpul::engine {

// The children of one resource. Thread-safe.
class WatchMetrics {
 public:
  WatchMetrics(const std::string& adapter, const std::string& resource);

  prometheus::Counter& queries;
  prometheus::Counter& rows_read;
  prometheus::Counter& events;
  prometheus::Counter& failures;
  prometheus::Counter& bad_keys;
  prometheus::Gauge& rows;
  prometheus::Gauge& parked;
  prometheus::Gauge& held_deletes;
  prometheus::Gauge& reconciled;
};

}  // namespace simpul::engine

#endif  // SIMPUL_ADAPTERS_ENGINE_WATCH_METRICS_H_
