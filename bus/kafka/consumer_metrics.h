// What Prometheus sees of a consumer.
#ifndef SIMPUL_BUS_KAFKA_CONSUMER_METRICS_H_
#define SIMPUL_BUS_KAFKA_CONSUMER_METRICS_H_

#include <string>

#include "bus/kafka/consumer.h"

namespace simpul::kafka {

// Shows `accounting` as simpul_consumer_events{part, topic, partition, kind}: kind "in" is the sum
// of the others.
void ShowAccounting(const std::string& part, const Accounting& accounting);

}  // namespace simpul::kafka

#endif  // SIMPUL_BUS_KAFKA_CONSUMER_METRICS_H_
