// Rows of a legacy as messages of a contract: a plan compiled once from the message's descriptor
// writes wire bytes directly; no message object stands between.
#ifndef SIMPUL_ADAPTERS_ENGINE_FIELD_PLAN_H_
#define SIMPUL_ADAPTERS_ENGINE_FIELD_PLAN_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "adapters/sources/sql/value.h"
#include "google/protobuf/descriptor.h"

namespace simpul::mapping::v1 {
class Field;
}

namespace simpul::engine {

// Why a row does not fit the contract. Never holds the value.
struct Misfit {
  std::string field;   // of the message
  std::string reason;  // "is no whole number"
};

// Where a plan finds its columns in one answer.
struct PlanColumns {
  std::vector<int> columns;  // one for each step, -1: none needed or missing
  int key = -1;
  std::string missing;  // the first column that the answer lacks; empty if it has all
};

// How one message is written. Immutable, thread-safe.
class FieldPlan {
 public:
  FieldPlan() = default;

  // Fills `name_prefix` + key into the field `name`.
  FieldPlan(const google::protobuf::Descriptor& message, std::string name_prefix,
            std::string key_column, bool key_is_text);

  // Adds a field. `zone` is for times that carry none, unless the field names its own.
  // INVALID_ARGUMENT: the field cannot be made so; the text says what was expected, and `part`
  // becomes the key of `mapping` that is wrong ("codes", "time.format").
  absl::Status Add(const google::protobuf::FieldDescriptor& field,
                   const simpul::mapping::v1::Field& mapping, const absl::TimeZone& zone,
                   std::string& part);

  // To be called once after the last Add: orders the fields as protobuf serializes them.
  void Finish();

  // Finds the plan's columns, whatever their case.
  PlanColumns Bind(const std::vector<std::string>& columns) const;

  // Appends the message of one row to `out`. False: the row does not fit, `out` is as it was.
  bool Encode(const PlanColumns& columns, const sources::sql::Cell* row, std::string& out,
              Misfit& misfit) const;

  // Appends the key as it stands in the name. False: it is NULL or no key.
  bool AppendKey(const sources::sql::Cell& cell, std::string& out) const;

  const std::string& name_prefix() const { return name_prefix_; }

 private:
  enum class Kind : uint8_t {
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

  // One field, ready to be written.
  struct Step {
    Kind kind;
    std::string name;
    std::string column;  // empty: always `fixed`
    uint32_t tag = 0;
    bool has_presence = false;
    bool required = false;
    int64_t min = 0;  // of a whole number
    int64_t max = 0;
    bool is_unsigned64 = false;
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
  };

  static absl::Status Prepare(Step& step, const google::protobuf::FieldDescriptor& field);
  static absl::StatusOr<std::string> Literal(const Step& step, const std::string& text);
  static size_t Bound(const Step& step, const sources::sql::Cell& cell);
  // Writes one field at `p`; null and `reason` if it does not fit.
  static char* Write(const Step& step, const sources::sql::Cell& cell, char* p,
                     const char*& reason);
  static char* WriteCode(const Step& step, const sources::sql::Cell& cell, char* p,
                         const char*& reason);
  static char* WriteText(const Step& step, const sources::sql::Cell& cell, char* p,
                         const char*& reason);
  static char* WriteNumber(const Step& step, const sources::sql::Cell& cell, char* p,
                           const char*& reason);
  static char* WriteReal(const Step& step, const sources::sql::Cell& cell, char* p,
                         const char*& reason);
  static char* WriteTimestamp(const Step& step, const sources::sql::Cell& cell, char* p,
                              const char*& reason);
  static char* WriteDuration(const Step& step, const sources::sql::Cell& cell, char* p,
                             const char*& reason);

  const google::protobuf::Descriptor* message_ = nullptr;
  std::string name_prefix_;
  std::string key_column_;
  bool key_is_text_ = false;
  std::vector<Step> steps_;
};

}  // namespace simpul::engine

#endif  // SIMPUL_ADAPTERS_ENGINE_FIELD_PLAN_H_
