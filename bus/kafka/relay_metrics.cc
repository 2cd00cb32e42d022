#include "bus/kafka/relay_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include "bus/observe/admin_server.h"

namespace simpul::kafka {
namespace {

prometheus::Counter& CounterOf(const char* name, const char* help, const std::string& part) {
  return prometheus::BuildCounter()
      .Name(name)
      .Help(help)
      .Register(*observe::Metrics())
      .Add({{"part", part}});
}

prometheus::Gauge& GaugeOf(const char* name, const char* help, const std::string& part) {
  return prometheus::BuildGauge()
      .Name(name)
      .Help(help)
      .Register(*observe::Metrics())
      .Add({{"part", part}});
}

}  // namespace

RelayMetrics::RelayMetrics(const std::string& part)
    : sent_(CounterOf("simpul_outbox_sent_events_total", "Events that Kafka acknowledged.", part)),
      refused_(CounterOf("simpul_outbox_refused_events_total",
                         "Events that Kafka refused for good.", part)),
      pending_(GaugeOf("simpul_outbox_pending_events", "Events recorded and not yet sent.", part)),
      parked_(GaugeOf("simpul_outbox_parked_events", "Events that stay here, refused.", part)) {}

void RelayMetrics::AddSent(int64_t count) { sent_.Increment(static_cast<double>(count)); }
void RelayMetrics::AddParked(int64_t count) { refused_.Increment(static_cast<double>(count)); }
void RelayMetrics::SetWaiting(int64_t pending, int64_t parked) {
  pending_.Set(static_cast<double>(pending));
  parked_.Set(static_cast<double>(parked));
}

}  // namespace simpul::kafka
