// The log: one JSON object a line on standard error.
#ifndef SIMPUL_BUS_OBSERVE_LOG_H_
#define SIMPUL_BUS_OBSERVE_LOG_H_

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace simpul::observe {

enum class Severity { kInfo, kWarning, kError };

// A named value of a log line. Never a citizen's data, a secret or SQL.
struct LogField {
  std::string_view name;
  std::variant<int64_t, double, bool, std::string_view> value;

  template <class Int>
    requires(std::is_integral_v<Int> && !std::is_same_v<Int, bool>)
  LogField(std::string_view n, Int v) : name(n), value(static_cast<int64_t>(v)) {}
  LogField(std::string_view n, bool v) : name(n), value(v) {}
  LogField(std::string_view n, double v) : name(n), value(v) {}
  LogField(std::string_view n, std::string_view v) : name(n), value(v) {}
  LogField(std::string_view n, const std::string& v) : name(n), value(std::string_view(v)) {}
  LogField(std::string_view n, const char* v) : name(n), value(std::string_view(v)) {}
};

// Writes {"time":…,"severity":…,"part":…,"message":…,<fields>} in one write(2). Thread-safe.
// `part` is who speaks: "wifi", "gateway", "adapter/diskominfo".
void Log(Severity severity, std::string_view part, std::string_view message,
         std::initializer_list<LogField> fields = {});

// "UNAVAILABLE: no broker answers": for the field "error".
std::string StatusText(const absl::Status& status);

// Lines below this severity are not written. Default: kInfo.
void SetMinimumSeverity(Severity severity);

}  // namespace simpul::observe

#endif  // SIMPUL_BUS_OBSERVE_LOG_H_
