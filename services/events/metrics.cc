#include "services/events/metrics.h"

#include <string>

#include "bus/observe/admin_server.h"
#include "prometheus/registry.h"

namespace simpul::events {
namespace {

prometheus::Gauge& MakeGauge(const std::string& name, const std::string& help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(*observe::Metrics()).Add({});
}

prometheus::Counter& MakeCounter(const std::string& name, const std::string& help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(*observe::Metrics()).Add({});
}

}  // namespace

EventsMetrics& EventsMetrics::Get() {
  static EventsMetrics& metrics = *new EventsMetrics{
      MakeGauge("simpul_events_subscribers", "Streams that are open now."),
      MakeCounter("simpul_events_sent_total", "Events sent to subscribers."),
      MakeGauge("simpul_events_catch_up_readers", "Kafka readers at work for subscribers behind."),
      MakeCounter("simpul_events_unreadable_total",
                  "Records on public topics that are no event of the topic's type."),
  };
  return metrics;
}

}  // namespace simpul::events
