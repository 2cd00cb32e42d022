#include "gateway/descriptors.h"

#include <sys/resource.h>

#include <algorithm>

namespace simpul::gateway {
namespace {

constexpr size_t kForTheRest = 384;  // `simpul up` with one department has about a hundred open

}  // namespace

size_t RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  const rlim_t had = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = had;
  return limit.rlim_cur;
}

size_t ConnectionsWithin(size_t descriptors, size_t wanted) {
  return std::min(wanted, descriptors - std::min(kForTheRest, descriptors / 2));
}

}  // namespace simpul::gateway
