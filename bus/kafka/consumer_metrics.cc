#include "bus/kafka/consumer_metrics.h"

#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <utility>

#include "bus/observe/admin_server.h"

namespace simpul::kafka {

void ShowAccounting(const std::string& part, const Accounting& accounting) {
  static prometheus::Family<prometheus::Gauge>& family =
      prometheus::BuildGauge()
          .Name("simpul_consumer_events")
          .Help("Events by what became of them; kind \"in\" is the sum of the other kinds.")
          .Register(*observe::Metrics());
  const std::pair<const char*, int64_t> kinds[] = {
      {"in", accounting.in},
      {"delivered", accounting.delivered},
      {"parked", accounting.parked},
      {"filtered", accounting.filtered},
      {"duplicate", accounting.duplicate},
      {"expired", accounting.expired},
      {"pending", accounting.pending},
  };
  for (const auto& [kind, value] : kinds) {
    family
        .Add({{"part", part},
              {"topic", accounting.topic},
              {"partition", std::to_string(accounting.partition)},
              {"kind", kind}})
        .Set(static_cast<double>(value));
  }
}

}  // namespace simpul::kafka
