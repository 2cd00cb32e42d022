// What Prometheus sees of a relay.
#ifndef SIMPUL_BUS_KAFKA_RELAY_METRICS_H_
#define SIMPUL_BUS_KAFKA_RELAY_METRICS_H_

#include <cstdint>
#include <string>

namespace prometheus {
class Counter;
class Gauge;
}  // namespace prometheus

namespace simpul::kafka {

// Thread-safe.
class RelayMetrics {
 public:
  explicit RelayMetrics(const std::string& part);

  void AddSent(int64_t count);
  void AddParked(int64_t count);
  void SetWaiting(int64_t pending, int64_t parked);

 private:
  prometheus::Counter& sent_;
  prometheus::Counter& refused_;
  prometheus::Gauge& pending_;
  prometheus::Gauge& parked_;
};

}  // namespace simpul::kafka

#endif  // SIMPUL_BUS_KAFKA_RELAY_METRICS_H_
