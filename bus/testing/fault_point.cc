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

std::vector<std::string_view>& Names() {
  static std::vector<std::string_view>& names = *new std::vector<std::string_view>;
  return names;
}

}  // namespace

FaultPoint::FaultPoint(std::string_view name) : name_(name) {
  Names().push_back(name);
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

std::vector<std::string_view> FaultPoint::All() {
  std::vector<std::string_view> names = Names();
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace simpul
