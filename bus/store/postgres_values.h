// Values as PostgreSQL sends and takes them in binary.
#ifndef SIMPUL_BUS_STORE_POSTGRES_VALUES_H_
#define SIMPUL_BUS_STORE_POSTGRES_VALUES_H_

#include <endian.h>
#include <libpq-fe.h>

#include <bit>
#include <cstdint>
#include <span>
#include <string_view>
#include <variant>

#include "absl/container/inlined_vector.h"
#include "bus/store/store.h"

namespace simpul::store {

// Types by their numbers in pg_type, which never change.
enum PostgresType : Oid {
  kBool = 16,
  kBytea = 17,
  kInt8 = 20,
  kInt2 = 21,
  kInt4 = 23,
  kText = 25,
  kFloat4 = 700,
  kFloat8 = 701,
  kNumeric = 1700,
};

template <class Int>
Int BigEndian(const char* bytes) {
  Int value = 0;
  for (size_t i = 0; i < sizeof(Int); ++i) {
    value = static_cast<Int>(value << 8) | static_cast<unsigned char>(bytes[i]);
  }
  return value;
}

// A NUMERIC, such as the sum of BIGINTs: digits to the base 10000 after a header of four int16.
inline double NumericValue(std::string_view bytes) {
  if (bytes.size() < 8) return 0;
  const int digits = BigEndian<uint16_t>(bytes.data());
  const int weight = static_cast<int16_t>(BigEndian<uint16_t>(bytes.data() + 2));
  const bool negative = BigEndian<uint16_t>(bytes.data() + 4) == 0x4000;
  double value = 0;
  double scale = 1;
  for (int i = 0; i < weight; ++i) scale *= 10000;
  for (int i = 0; i > weight; --i) scale /= 10000;
  for (int i = 0; i < digits && bytes.size() >= 10 + 2 * static_cast<size_t>(i); ++i) {
    value += BigEndian<uint16_t>(bytes.data() + 8 + 2 * i) * scale;
    scale /= 10000;
  }
  return negative ? -value : value;
}

class PostgresRow : public Row {
 public:
  PostgresRow(const PGresult* result, int row) : result_(result), row_(row) {}

  bool IsNull(int column) const override { return PQgetisnull(result_, row_, column) != 0; }

  int64_t Int(int column) const override {
    const std::string_view bytes = Bytes(column);
    switch (PQftype(result_, column)) {
      case kInt8:
        return bytes.size() == 8 ? static_cast<int64_t>(BigEndian<uint64_t>(bytes.data())) : 0;
      case kInt4:
        return bytes.size() == 4 ? static_cast<int32_t>(BigEndian<uint32_t>(bytes.data())) : 0;
      case kInt2:
        return bytes.size() == 2 ? static_cast<int16_t>(BigEndian<uint16_t>(bytes.data())) : 0;
      case kBool:
        return bytes.size() == 1 ? bytes[0] : 0;
      default:
        return static_cast<int64_t>(Real(column));
    }
  }

  double Real(int column) const override {
    const std::string_view bytes = Bytes(column);
    switch (PQftype(result_, column)) {
      case kFloat8:
        return bytes.size() == 8 ? std::bit_cast<double>(BigEndian<uint64_t>(bytes.data())) : 0;
      case kFloat4:
        return bytes.size() == 4 ? std::bit_cast<float>(BigEndian<uint32_t>(bytes.data())) : 0;
      case kNumeric:
        return NumericValue(bytes);
      case kInt8:
      case kInt4:
      case kInt2:
      case kBool:
        return static_cast<double>(Int(column));
      default:
        return 0;
    }
  }

  std::string_view Text(int column) const override { return Bytes(column); }
  std::string_view Bytes(int column) const override {
    return {PQgetvalue(result_, row_, column),
            static_cast<size_t>(PQgetlength(result_, row_, column))};
  }

 private:
  const PGresult* const result_;
  const int row_;
};

// Parameters in the form libpq takes them; views into the caller's values.
struct Bound {
  explicit Bound(std::span<const Param> params) : numbers(params.size()) {
    for (size_t i = 0; i < params.size(); ++i) {
      numbers[i] = 0;
      std::visit([&](const auto& value) { Add(numbers[i], value); }, params[i]);
    }
    formats.assign(params.size(), 1);
  }

  void Add(uint64_t&, std::monostate) { Push(0, nullptr, 0); }
  void Add(uint64_t& number, int64_t value) {
    number = htobe64(static_cast<uint64_t>(value));
    Push(kInt8, reinterpret_cast<const char*>(&number), sizeof(number));
  }
  void Add(uint64_t& number, double value) {
    number = htobe64(std::bit_cast<uint64_t>(value));
    Push(kFloat8, reinterpret_cast<const char*>(&number), sizeof(number));
  }
  void Add(uint64_t&, std::string_view text) { Push(kText, text.data(), text.size()); }
  void Add(uint64_t&, Blob blob) { Push(kBytea, blob.bytes.data(), blob.bytes.size()); }

  // A null address means NULL.
  void Push(Oid type, const char* value, size_t length) {
    types.push_back(type);
    values.push_back(value == nullptr && type != 0 ? "" : value);
    lengths.push_back(static_cast<int>(length));
  }

  absl::InlinedVector<uint64_t, 16> numbers;
  absl::InlinedVector<Oid, 16> types;
  absl::InlinedVector<const char*, 16> values;
  absl::InlinedVector<int, 16> lengths;
  absl::InlinedVector<int, 16> formats;
};

}  // namespace simpul::store

#endif  // SIMPUL_BUS_STORE_POSTGRES_VALUES_H_
