// What the stored progress of a watch depends on in its mapping.
#ifndef SIMPUL_ADAPTERS_ENGINE_WATCH_SHAPE_H_
#define SIMPUL_ADAPTERS_ENGINE_WATCH_SHAPE_H_

#include <string>

#include "adapters/engine/mapping.h"

namespace simpul::engine {

// As text, for the store and for people; empty where the store is of an older program.
struct WatchShape {
  std::string names;   // "departments/diskominfo/sessions/{radacctid} INTEGER"
  std::string cursor;  // "radacctid NUMBER"
  std::string order;   // of List
  size_t cursor_columns = 1;
  size_t order_columns = 1;
};

WatchShape ShapeOf(const ResourcePlan& plan);

}  // namespace simpul::engine

#endif  // SIMPUL_ADAPTERS_ENGINE_WATCH_SHAPE_H_
