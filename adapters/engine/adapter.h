// One adapter at run time: its mapping, its source, its watches.
#ifndef SIMPUL_ADAPTERS_ENGINE_ADAPTER_H_
#define SIMPUL_ADAPTERS_ENGINE_ADAPTER_H_

#include <memory>
#include <vector>

#include "adapters/engine/mapping.h"
#include "adapters/engine/reader.h"
#include "adapters/engine/watch.h"
#include "adapters/engine/workers.h"
#include "adapters/sources/source.h"

namespace simpul::engine {

// Members are destroyed from the last to the first: what is used stands above its user.
struct Adapter {
  std::unique_ptr<const LoadedMapping> mapping;
  std::unique_ptr<sources::Source> source;
  std::unique_ptr<Reader> reader;
  std::vector<std::unique_ptr<Watch>> watches;
  std::unique_ptr<Workers> workers;
};

}  // namespace simpul::engine

#endif  // SIMPUL_ADAPTERS_ENGINE_ADAPTER_H_
