// What a legacy application answers and what it is asked with, whatever protocol stands between.
#ifndef SIMPUL_ADAPTERS_SOURCES_VALUE_H_
#define SIMPUL_ADAPTERS_SOURCES_VALUE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace simpul::sources {

enum class CellType : uint8_t {
  kNull,
  kInt64,
  kDouble,
  kText,  // UTF-8 as far as the driver knows: check it before it goes out
  kBytes,
  kTime,       // an absolute time, µs since 1970 UTC
  kLocalTime,  // a time without a zone, µs since 1970 as if it were UTC
  kTooLong,    // text or bytes of more than kMaxText: not read
};

// The longest text or bytes of one value.
inline constexpr size_t kMaxText = 1 << 20;

// One value of an answer. Text and bytes are borrowed from the batch.
struct Cell {
  CellType type = CellType::kNull;
  int64_t integer = 0;  // kInt64, kTime, kLocalTime
  double real = 0;      // kDouble
  std::string_view text;

  static Cell Null() { return {}; }
  static Cell Int(int64_t v) { return {CellType::kInt64, v, 0, {}}; }
  static Cell Real(double v) { return {CellType::kDouble, 0, v, {}}; }
  static Cell Text(std::string_view v) { return {CellType::kText, 0, 0, v}; }
  static Cell Bytes(std::string_view v) { return {CellType::kBytes, 0, 0, v}; }
  static Cell Time(int64_t micros) { return {CellType::kTime, micros, 0, {}}; }
  static Cell LocalTime(int64_t micros) { return {CellType::kLocalTime, micros, 0, {}}; }
  static Cell TooLong() { return {CellType::kTooLong, 0, 0, {}}; }
};

// Some rows of an answer, valid until the callback returns. All batches of one answer have the same
// `columns`.
struct Batch {
  const std::vector<std::string>* columns = nullptr;
  const Cell* cells = nullptr;  // row by row
  size_t rows = 0;

  size_t width() const { return columns->size(); }
  const Cell* row(size_t i) const { return cells + i * width(); }
};

// A bound value.
struct TimeValue {
  int64_t micros = 0;
  bool is_local = false;
  bool operator==(const TimeValue&) const = default;
};
using Value = std::variant<std::monostate, int64_t, std::string, TimeValue>;

// The value of a cell, to ask with it later. NULL, doubles and bytes become std::monostate.
Value ToValue(const Cell& cell);

// Named parameters, and "keys": rows that are asked for by key, at most kMaxKeys.
struct Bindings {
  static constexpr size_t kMaxKeys = 200;

  std::vector<std::pair<std::string_view, Value>> values;
  const Value* keys = nullptr;
  size_t key_count = 0;

  const Value* Find(std::string_view name) const {
    for (const auto& [n, value] : values) {
      if (n == name) return &value;
    }
    return nullptr;
  }
};

// "2026-11-24 08:00:00.000001", with "+00" for an absolute time.
std::string TimeText(const TimeValue& time);

}  // namespace simpul::sources

#endif  // SIMPUL_ADAPTERS_SOURCES_VALUE_H_
