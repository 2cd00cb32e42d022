// The process that the storm kills, and the check of what it left.
#ifndef SIMPUL_BUS_KAFKA_STORM_CHILD_H_
#define SIMPUL_BUS_KAFKA_STORM_CHILD_H_

#include <cstdint>
#include <string>
#include <vector>

#include "bus/store/store.h"

namespace simpul::kafka {

struct StormPlan {
  store::StoreOptions writer;  // where changes are made
  store::StoreOptions reader;  // where they are applied
  std::string topic;           // and group

  std::vector<std::string> ToArguments(int64_t until) const;
};

// Makes changes until there were `until` in all, sends and applies them; 0 once all are applied.
int RunStormChild(const std::vector<std::string>& arguments);

// Whether `changes` changes were applied once each and in order, and the accounting balances.
// Prints what it found.
bool CheckStorm(const StormPlan& plan, int64_t changes);

}  // namespace simpul::kafka

#endif  // SIMPUL_BUS_KAFKA_STORM_CHILD_H_
