// One query prepared on an ODBC connection: its parameters and the columns of its answer, which are
// fetched in blocks.
#ifndef SIMPUL_ADAPTERS_SOURCES_SQL_ODBC_STATEMENT_H_
#define SIMPUL_ADAPTERS_SOURCES_SQL_ODBC_STATEMENT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "adapters/sources/sql/odbc_handle.h"
#include "adapters/sources/sql/source.h"

namespace simpul::sources::sql {

// What a driver does in its own way.
enum class Dialect { kOther, kPostgres, kSqlite };

// One thread, as its connection. Statuses as for Connection::Query.
class OdbcStatement {
 public:
  static absl::StatusOr<std::unique_ptr<OdbcStatement>> Prepare(const Handle& connection,
                                                                Dialect dialect,
                                                                const Statement& statement);

  // Runs it once. `widened`: a text was longer than its buffer, which is larger now; nothing of
  // that block was delivered, run it again.
  absl::Status Run(const Statement& statement, const std::vector<const Value*>& values,
                   absl::Time deadline, EachBatch each, bool& widened);

  // Whether it has been run before: the columns of its answer may have changed since.
  bool has_run() const { return !names_.empty(); }

 private:
  // A column, bound to a buffer of a block of rows.
  struct Column {
    SQLSMALLINT c_type = 1;  // SQL_C_CHAR
    CellType type = CellType::kText;
    SQLLEN width = 0;
    bool has_infinity = false;  // the driver's stand-in for it is no time
    std::vector<char> buffer;
    std::vector<SQLLEN> lengths;
  };
  // A parameter, kept while the statement runs.
  struct Bound {
    std::string text;
    int64_t number = 0;
    SQLLEN length = 0;
  };

  OdbcStatement(const Handle& connection, Dialect dialect);
  absl::Status Fail() const;
  int64_t LargestParameter(SQLUSMALLINT i) const;
  bool BindParameter(SQLUSMALLINT i, const Value& value, Bound& bound) const;
  absl::Status DescribeColumns();
  Column Describe(SQLUSMALLINT i, SQLSMALLINT type, SQLULEN size) const;
  bool IsUnsigned(SQLUSMALLINT i) const;
  std::string TypeName(SQLUSMALLINT i) const;
  absl::Status BindColumns();
  absl::Status Fetch(absl::Time deadline, EachBatch each, bool& widened);
  bool Widen();
  static Cell CellOf(const Column& column, SQLULEN row);
  static Cell TimeOf(const Column& column, const char* bytes);

  const Dialect dialect_;
  Handle handle_;
  std::string sql_;
  std::vector<int64_t> largest_;  // of each parameter that is a number, as far as the driver says
  std::vector<std::string> names_;
  std::vector<Column> columns_;
  SQLULEN rows_per_block_ = 0;
  SQLULEN fetched_ = 0;
};

}  // namespace simpul::sources::sql

#endif  // SIMPUL_ADAPTERS_SOURCES_SQL_ODBC_STATEMENT_H_
