// What the events part counts.
#ifndef SIMPUL_SERVICES_EVENTS_METRICS_H_
#define SIMPUL_SERVICES_EVENTS_METRICS_H_

#include "prometheus/counter.h"
#include "prometheus/gauge.h"

namespace simpul::events {

// The process's own, never destroyed. Thread-safe.
struct EventsMetrics {
  prometheus::Gauge& subscribers;       // streams now
  prometheus::Counter& sent;            // events handed to gRPC
  prometheus::Gauge& catch_up_readers;  // readers at work for those behind the ring
  prometheus::Counter& unreadable;      // records that are no event of their topic's type

  static EventsMetrics& Get();
};

}  // namespace simpul::events

#endif  // SIMPUL_SERVICES_EVENTS_METRICS_H_
