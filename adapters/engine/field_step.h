// One field of a message as a mapping fills it: compiled once, written for each row.
#ifndef SIMPUL_ADAPTERS_ENGINE_FIELD_STEP_H_
#define SIMPUL_ADAPTERS_ENGINE_FIELD_STEP_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "adapters/sources/value.h"
#include "google/protobuf/descriptor.h"

namespace simpul::mapping::v1 {
class Field;
}

namespace simpul::engine {

enum class FieldKind : uint8_t {
  kName,
  kText,
  kBytes,
  kInt,
  kZigzag,
  kFixed32,
  kFixed64,
  kBool,
  kDouble,
  kFloat,
  kEnum,
  kTimestamp,
  kDuration,
};

// Immutable once it is made.
struct FieldStep {
  FieldKind kind = FieldKind::kText;
  std::string name;
  std::string column;  // empty: always `fixed`
  uint32_t tag = 0;
  bool has_presence = false;
  bool required = false;
  int64_t min = 0;  // of a whole number
  int64_t max = 0;
  double scale = 0;  // 0: none
  int64_t unit_nanos = 1'000'000'000;
  std::string format;  // of a time
  absl::TimeZone zone;
  std::map<std::string, int, std::less<>> enum_values;
  // Written fields, ready to be copied.
  std::string fixed;   // a constant
  std::string absent;  // for NULL
  std::map<std::string, std::string, std::less<>> codes;
  bool has_codes = false;
  bool has_other = false;
  std::string other;
  size_t longest = 0;  // of all of the above

  // What the field takes at most, without the cell's text.
  size_t room() const { return kMaxNumber + longest; }
  // A number as text or as any wire type, with its tag; or tag and length of a text.
  static constexpr size_t kMaxNumber = 32;
};

// As FieldPlan::Add.
absl::StatusOr<FieldStep> MakeStep(const google::protobuf::FieldDescriptor& field,
                                   const simpul::mapping::v1::Field& mapping,
                                   const absl::TimeZone& zone, std::string& part);

// Writes the field at `p` and gives its end; null and `reason` if the cell does not fit. The cell
// is neither NULL nor too long.
char* WriteField(const FieldStep& step, const sources::Cell& cell, char* p, const char*& reason);

// What a code table is asked with; a number is written into `buffer`. False: the cell is no code.
bool CodeText(const sources::Cell& cell, char (&buffer)[24], std::string_view& text);

}  // namespace simpul::engine

#endif  // SIMPUL_ADAPTERS_ENGINE_FIELD_STEP_H_
