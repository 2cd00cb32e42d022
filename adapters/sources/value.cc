#include "adapters/sources/value.h"

#include "absl/strings/str_format.h"
#include "absl/time/time.h"

namespace simpul::sources {

Value ToValue(const Cell& cell) {
  switch (cell.type) {
    case CellType::kInt64:
      return cell.integer;
    case CellType::kText:
      return std::string(cell.text);
    case CellType::kTime:
      return TimeValue{cell.integer, false};
    case CellType::kLocalTime:
      return TimeValue{cell.integer, true};
    default:
      return std::monostate{};
  }
}

std::string TimeText(const TimeValue& time) {
  return absl::FormatTime(time.is_local ? "%Y-%m-%d %H:%M:%E6S" : "%Y-%m-%d %H:%M:%E6S+00",
                          absl::FromUnixMicros(time.micros), absl::UTCTimeZone());
}

}  // namespace simpul::sources
