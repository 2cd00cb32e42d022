// Fault points: reads SIMPUL_FAULT once per point, at start.
#include "bus/testing/fault_point.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace simpul {
namespace {

std::vector<const FaultPoint*>& Points() {
  static std::vector<const FaultPoint*>& points = *new std::vector<const FaultPoint*>;
  return points;
}

}  // namespace

FaultPoint::FaultPoint(std::string_view name) : name_(name) {
  Points().push_back(this);
  const char* fault = std::getenv("SIMPUL_FAULT");
  if (fault == nullptr) return;
  const std::pair<std::string, std::string> parts = absl::StrSplit(fault, absl::MaxSplits(':', 1));
  if (parts.first != name) return;
  long passes = 1;
  if (!parts.second.empty() && !absl::SimpleAtoi(parts.second, &passes)) return;
  remaining_ = passes;
  armed_ = true;
}

void FaultPoint::Count() const {
  if (--remaining_ == 0) std::raise(SIGKILL);
}

void FaultPoint::Arm(std::string_view name, long passes) {
  for (const FaultPoint* point : Points()) {
    if (point->name_ != name) continue;
    point->remaining_ = passes;
    point->armed_ = true;
  }
}

std::vector<std::string_view> FaultPoint::All() {
  std::vector<std::string_view> names;
  for (const FaultPoint* point : Points()) names.push_back(point->name_);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace simpul
