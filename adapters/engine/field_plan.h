// Rows of a legacy as messages of a contract: a plan compiled once from the message's descriptor
// writes wire bytes directly; no message object stands between.
#ifndef SIMPUL_ADAPTERS_ENGINE_FIELD_PLAN_H_
#define SIMPUL_ADAPTERS_ENGINE_FIELD_PLAN_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "adapters/engine/field_step.h"
#include "adapters/sources/value.h"
#include "google/protobuf/descriptor.h"

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

  // Writes the message of one row at `p`, where Room bytes are free, and gives its end. Null: the
  // row does not fit.
  char* Write(const PlanColumns& columns, const sources::Cell* row, char* p, Misfit& misfit) const;
  // At most so many bytes become of the row.
  size_t Room(const PlanColumns& columns, const sources::Cell* row) const;

  // Appends the message of one row to `out`. False: the row does not fit, `out` is as it was.
  bool Encode(const PlanColumns& columns, const sources::Cell* row, std::string& out,
              Misfit& misfit) const;

  // Appends the key as it stands in the name. False: it is NULL or no key.
  bool AppendKey(const sources::Cell& cell, std::string& out) const;

  // "the field 'start_time' of departments/…/7 is NULL", for people.
  std::string Describe(const Misfit& misfit, const sources::Cell& key) const;

  const std::string& name_prefix() const { return name_prefix_; }

 private:
  static constexpr size_t kMaxKey = 200;

  void AddStep(FieldStep step);
  // The size of the key; 0: it is NULL or no key.
  size_t KeyText(const sources::Cell& cell, char (&buffer)[kMaxKey]) const;
  char* WriteName(const FieldStep& step, const sources::Cell& cell, char* p) const;

  std::string name_prefix_;
  std::string key_column_;
  bool key_is_text_ = false;
  std::vector<FieldStep> steps_;
  size_t room_ = 0;  // of all steps
};

}  // namespace simpul::engine

#endif  // SIMPUL_ADAPTERS_ENGINE_FIELD_PLAN_H_
