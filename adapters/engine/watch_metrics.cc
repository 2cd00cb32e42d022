#include "adapters/engine/watch_metrics.h"

#include "bus/observe/admin_server.h"
#include "prometheus/registry.h"

namespace simpul::engine {
namespace {

prometheus::Counter& Count(const char* name, const char* help, const prometheus::Labels& labels) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(*observe::Metrics()).Add(labels);
}

prometheus::Gauge& Measure(const char* name, const char* help, const prometheus::Labels& labels) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(*observe::Metrics()).Add(labels);
}

prometheus::Labels LabelsOf(const std::string& adapter, const std::string& resource) {
  return {{"adapter", adapter}, {"resource", resource}};
}

}  // namespace

WatchMetrics::WatchMetrics(const std::string& adapter, const std::string& resource)
    : queries(Count("simpul_adapter_watch_queries_total", "Queries that the watch has asked",
                    LabelsOf(adapter, resource))),
      rows_read(Count("simpul_adapter_watch_rows_read_total", "Rows that the watch has read",
                      LabelsOf(adapter, resource))),
      events(Count("simpul_adapter_events_total", "Changes that were found and recorded",
                   LabelsOf(adapter, resource))),
      failures(Count("simpul_adapter_watch_failures_total", "Polls and reconciles that failed",
                     LabelsOf(adapter, resource))),
      bad_keys(Count("simpul_adapter_rows_without_key_total",
                     "Rows passed over since their key is NULL or no key",
                     LabelsOf(adapter, resource))),
      rows(Measure("simpul_adapter_watched_rows", "Rows whose changes are watched",
                   LabelsOf(adapter, resource))),
      parked(Measure("simpul_adapter_parked_rows", "Watched rows that do not fit the contract",
                     LabelsOf(adapter, resource))),
      held_deletes(Measure("simpul_adapter_held_deletes_rows",
                           "Deletes that wait for somebody to accept them",
                           LabelsOf(adapter, resource))),
      reconciled(Measure("simpul_adapter_reconcile_time_seconds",
                         "When the last reconcile ended, as seconds since 1970",
                         LabelsOf(adapter, resource))) {}

}  // namespace simpul::engine
