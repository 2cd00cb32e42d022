// Where a watch finds its columns in one answer.
#ifndef SIMPUL_ADAPTERS_ENGINE_WATCH_COLUMNS_H_
#define SIMPUL_ADAPTERS_ENGINE_WATCH_COLUMNS_H_

#include <vector>

#include "adapters/engine/watch.h"

namespace simpul::engine {

struct Watch::Columns {
  PlanColumns plan;
  std::vector<int> versions;
  int age = -1;
  bool is_whole = false;  // has all columns of the plan
};

}  // namespace simpul::engine

#endif  // SIMPUL_ADAPTERS_ENGINE_WATCH_COLUMNS_H_
