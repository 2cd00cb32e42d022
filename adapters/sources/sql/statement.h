// A query as a mapping writes it, with named parameters.
#ifndef SIMPUL_ADAPTERS_SOURCES_SQL_STATEMENT_H_
#define SIMPUL_ADAPTERS_SOURCES_SQL_STATEMENT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "adapters/sources/source.h"

namespace simpul::sources::sql {

// One SELECT with `:name` for each parameter; quotes, comments and `::casts` are left alone.
// `IN (:keys)` has always Bindings::kMaxKeys of them, so that the statement is prepared once; fewer
// keys are filled up with the last one. Immutable.
class Statement final : public Query {
 public:
  Statement() = default;  // of no text

  // INVALID_ARGUMENT: not one SELECT (or WITH), an open quote or comment, or a `$1` of a driver's
  // own.
  static absl::StatusOr<Statement> Parse(std::string_view sql);

  bool empty() const { return slots_.empty() && dollars_.empty(); }
  bool Has(std::string_view parameter) const;
  // Each name once, in the order of first use.
  const std::vector<std::string>& parameters() const { return parameters_; }

  // For libpq: "$1" … , one slot for each name, kMaxKeys for "keys".
  const std::string& dollars() const { return dollars_; }
  // For ODBC: "?" for each use of a slot.
  const std::string& questions() const { return questions_; }
  // Which slot each question mark is.
  const std::vector<int>& question_slots() const { return question_slots_; }

  // The value of each slot. INVALID_ARGUMENT: a parameter has no value; it is named.
  absl::StatusOr<std::vector<const Value*>> Bind(const Bindings& bindings) const;

  // Tells statements apart in a connection's cache of prepared ones; copies share it.
  int64_t id() const { return id_; }

 private:
  struct Slot {
    std::string name;
    size_t key = 0;  // which of the keys
  };

  void AddParameter(const std::string& name);

  int64_t id_ = 0;
  std::string dollars_;
  std::string questions_;
  std::vector<int> question_slots_;
  std::vector<Slot> slots_;
  std::vector<std::string> parameters_;
};

}  // namespace simpul::sources::sql

#endif  // SIMPUL_ADAPTERS_SOURCES_SQL_STATEMENT_H_
