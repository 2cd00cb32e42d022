// Values that legacies write as text: whole numbers, ISO 8601 times, UTF-8.
#ifndef SIMPUL_ADAPTERS_ENGINE_TEXT_VALUE_H_
#define SIMPUL_ADAPTERS_ENGINE_TEXT_VALUE_H_

#include <cstdint>
#include <string_view>

namespace simpul::engine {

bool IsUtf8(std::string_view text);

// "-12", "12.000". False: it is no whole number, or too large.
bool ParseInteger(std::string_view text, int64_t& value);

// A time as ISO 8601 writes it: "2026-11-24", "2026-11-24 08:00:00.25",
// "2026-11-24T08:00:00+07:00".
struct IsoTime {
  int64_t seconds = 0;  // since 1970; as if UTC unless it has an offset
  int32_t nanos = 0;
  bool has_offset = false;
};
bool ParseIsoTime(std::string_view text, IsoTime& time);

}  // namespace simpul::engine

#endif  // SIMPUL_ADAPTERS_ENGINE_TEXT_VALUE_H_
