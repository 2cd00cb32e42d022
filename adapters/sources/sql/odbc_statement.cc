#include "adapters/sources/sql/odbc_statement.h"

#include <sqlext.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/time/civil_time.h"
#include "absl/time/clock.h"

namespace simpul::sources::sql {
namespace {

constexpr SQLLEN kRowsPerBlock = 250;
constexpr SQLLEN kFirstWidth = 256;              // of a text whose length the driver does not know
constexpr SQLLEN kMaxWidth = kMaxText + 1;       // with the NUL
constexpr SQLLEN kBytesPerBlock = 4 * kMaxText;  // of one column

SQLPOINTER Number(SQLULEN number) { return reinterpret_cast<SQLPOINTER>(number); }

bool IsText(SQLSMALLINT c_type) { return c_type == SQL_C_CHAR || c_type == SQL_C_BINARY; }

SQLLEN Room(SQLSMALLINT c_type, SQLLEN width) { return width - (c_type == SQL_C_CHAR ? 1 : 0); }

}  // namespace

OdbcStatement::OdbcStatement(const Handle& connection, Dialect dialect)
    : dialect_(dialect), handle_(SQL_HANDLE_STMT, connection.get()) {
  SQLSetStmtAttr(handle_.get(), SQL_ATTR_ROWS_FETCHED_PTR, &fetched_, 0);
}

absl::StatusOr<std::unique_ptr<OdbcStatement>> OdbcStatement::Prepare(const Handle& connection,
                                                                      Dialect dialect,
                                                                      const Statement& statement) {
  std::unique_ptr<OdbcStatement> prepared(new OdbcStatement(connection, dialect));
  prepared->sql_ = statement.questions();
  auto* sql = reinterpret_cast<SQLCHAR*>(prepared->sql_.data());
  if (!SQL_SUCCEEDED(SQLPrepare(prepared->handle_.get(), sql, SQL_NTS))) return prepared->Fail();
  for (size_t i = 1; i <= statement.question_slots().size(); ++i) {
    prepared->largest_.push_back(prepared->LargestParameter(static_cast<SQLUSMALLINT>(i)));
  }
  return prepared;
}

absl::Status OdbcStatement::Fail() const { return StatusOf(DiagnosisOf(handle_), sql_); }

absl::Status OdbcStatement::Run(const Statement& statement, const std::vector<const Value*>& values,
                                absl::Time deadline, EachBatch each, bool& widened) {
  std::vector<Bound> bound(statement.question_slots().size());
  for (size_t i = 0; i < bound.size(); ++i) {
    const Value& value = *values[static_cast<size_t>(statement.question_slots()[i])];
    if (!BindParameter(static_cast<SQLUSMALLINT>(i + 1), value, bound[i])) return Fail();
  }
  const absl::Duration left = deadline - absl::Now();
  if (left <= absl::ZeroDuration()) {
    return absl::DeadlineExceededError("the database took too long");
  }
  SQLSetStmtAttr(handle_.get(), SQL_ATTR_QUERY_TIMEOUT,
                 Number(static_cast<SQLULEN>(absl::ToInt64Seconds(left) + 1)), 0);
  absl::Status status;
  const SQLRETURN r = SQLExecute(handle_.get());
  if (!SQL_SUCCEEDED(r) && r != SQL_NO_DATA) status = Fail();
  if (status.ok() && names_.empty()) status = DescribeColumns();
  if (status.ok()) status = Fetch(deadline, each, widened);
  SQLFreeStmt(handle_.get(), SQL_CLOSE);
  return status;
}

int64_t OdbcStatement::LargestParameter(SQLUSMALLINT i) const {
  SQLSMALLINT type = SQL_BIGINT;
  SQLDescribeParam(handle_.get(), i, &type, nullptr, nullptr, nullptr);
  if (type == SQL_SMALLINT) return std::numeric_limits<int16_t>::max();
  if (type == SQL_INTEGER) return std::numeric_limits<int32_t>::max();
  return std::numeric_limits<int64_t>::max();
}

// A number beyond the parameter's type is above every row (NULL matches none) or below all of them
// (the smallest of the type).
bool OdbcStatement::BindParameter(SQLUSMALLINT i, const Value& value, Bound& bound) const {
  const SQLHSTMT handle = handle_.get();
  const int64_t largest = largest_[i - 1u];
  if (const auto* number = std::get_if<int64_t>(&value)) {
    bound.number = std::max(*number, -largest - 1);
    if (*number > largest) bound.length = SQL_NULL_DATA;
    return SQL_SUCCEEDED(SQLBindParameter(handle, i, SQL_PARAM_INPUT, SQL_C_SBIGINT, SQL_BIGINT, 20,
                                          0, &bound.number, 0, &bound.length));
  }
  bound.length = SQL_NULL_DATA;
  if (const auto* time = std::get_if<TimeValue>(&value)) {
    bound.text = TimeText({time->micros, /*is_local=*/true});
    bound.length = static_cast<SQLLEN>(bound.text.size());
    return SQL_SUCCEEDED(SQLBindParameter(handle, i, SQL_PARAM_INPUT, SQL_C_CHAR,
                                          SQL_TYPE_TIMESTAMP, 26, 6, bound.text.data(),
                                          bound.length, &bound.length));
  }
  if (const auto* text = std::get_if<std::string>(&value)) {
    bound.text = *text;
    bound.length = static_cast<SQLLEN>(text->size());
  }
  return SQL_SUCCEEDED(SQLBindParameter(handle, i, SQL_PARAM_INPUT, SQL_C_CHAR, SQL_VARCHAR,
                                        std::max<SQLULEN>(bound.text.size(), 1), 0,
                                        bound.text.data(), bound.length, &bound.length));
}

// Once they are known for sure: some drivers know them only after the first execution.
absl::Status OdbcStatement::DescribeColumns() {
  SQLSMALLINT count = 0;
  if (!SQL_SUCCEEDED(SQLNumResultCols(handle_.get(), &count))) return Fail();
  for (SQLUSMALLINT i = 1; i <= count; ++i) {
    SQLCHAR name[256] = "";
    SQLSMALLINT type = 0;
    SQLULEN size = 0;
    if (!SQL_SUCCEEDED(SQLDescribeCol(handle_.get(), i, name, sizeof name, nullptr, &type, &size,
                                      nullptr, nullptr))) {
      return Fail();
    }
    names_.emplace_back(reinterpret_cast<char*>(name));
    columns_.push_back(Describe(i, type, size));
  }
  return BindColumns();
}

OdbcStatement::Column OdbcStatement::Describe(SQLUSMALLINT i, SQLSMALLINT type,
                                              SQLULEN size) const {
  Column column{.c_type = SQL_C_CHAR, .width = kFirstWidth};
  const auto fixed = [&](SQLSMALLINT c_type, CellType cell, SQLLEN width) {
    column.c_type = c_type;
    column.type = cell;
    column.width = width;
    return column;
  };
  if (type == SQL_BINARY || type == SQL_VARBINARY || type == SQL_LONGVARBINARY) {
    column.c_type = SQL_C_BINARY;
    column.type = CellType::kBytes;
  } else if (dialect_ == Dialect::kSqlite) {
    // A column of SQLite may hold anything, and its driver makes 0 of a text in a number's column
    // and loses fractions of seconds: as text it all comes as it is.
  } else if (type == SQL_REAL || type == SQL_FLOAT || type == SQL_DOUBLE) {
    return fixed(SQL_C_DOUBLE, CellType::kDouble, sizeof(SQLDOUBLE));
  } else if (type == SQL_BIT || type == SQL_TINYINT || type == SQL_SMALLINT ||
             type == SQL_INTEGER || (type == SQL_BIGINT && !IsUnsigned(i))) {
    return fixed(SQL_C_SBIGINT, CellType::kInt64, sizeof(SQLBIGINT));
  } else if (type == SQL_TYPE_TIMESTAMP || type == SQL_TYPE_DATE) {
    // psqlODBC calls a timestamptz a timestamp, in the session's zone, which is UTC.
    const bool has_zone = TypeName(i) == "timestamptz";
    column.has_infinity = dialect_ == Dialect::kPostgres;
    return fixed(SQL_C_TYPE_TIMESTAMP, has_zone ? CellType::kTime : CellType::kLocalTime,
                 sizeof(SQL_TIMESTAMP_STRUCT));
  }
  if (size > 0) {
    column.width = std::clamp<SQLLEN>(static_cast<SQLLEN>(size) * 4 + 1, 32, kFirstWidth);
  }
  return column;
}

bool OdbcStatement::IsUnsigned(SQLUSMALLINT i) const {
  SQLLEN is_unsigned = SQL_FALSE;
  SQLColAttribute(handle_.get(), i, SQL_DESC_UNSIGNED, nullptr, 0, nullptr, &is_unsigned);
  return is_unsigned == SQL_TRUE;
}

std::string OdbcStatement::TypeName(SQLUSMALLINT i) const {
  SQLCHAR name[64] = "";
  SQLColAttribute(handle_.get(), i, SQL_DESC_TYPE_NAME, name, sizeof name, nullptr, nullptr);
  return absl::AsciiStrToLower(reinterpret_cast<char*>(name));
}

// The wider a row is the fewer are fetched at once.
absl::Status OdbcStatement::BindColumns() {
  SQLLEN widest = 1;
  for (const Column& column : columns_) widest = std::max(widest, column.width);
  rows_per_block_ =
      static_cast<SQLULEN>(std::clamp<SQLLEN>(kBytesPerBlock / widest, 1, kRowsPerBlock));
  SQLSetStmtAttr(handle_.get(), SQL_ATTR_ROW_ARRAY_SIZE, Number(rows_per_block_), 0);
  for (size_t i = 0; i < columns_.size(); ++i) {
    Column& column = columns_[i];
    column.buffer.resize(static_cast<size_t>(column.width) * rows_per_block_);
    column.lengths.resize(rows_per_block_);
    if (!SQL_SUCCEEDED(SQLBindCol(handle_.get(), static_cast<SQLUSMALLINT>(i + 1), column.c_type,
                                  column.buffer.data(), column.width, column.lengths.data()))) {
      return Fail();
    }
  }
  return absl::OkStatus();
}

absl::Status OdbcStatement::Fetch(absl::Time deadline, EachBatch each, bool& widened) {
  std::vector<Cell> cells;
  while (true) {
    fetched_ = 0;
    const SQLRETURN r = SQLFetch(handle_.get());
    if (r == SQL_NO_DATA) return absl::OkStatus();
    if (!SQL_SUCCEEDED(r)) return Fail();
    widened = Widen();
    if (widened) return BindColumns();
    cells.clear();
    for (SQLULEN row = 0; row < fetched_; ++row) {
      for (const Column& column : columns_) cells.push_back(CellOf(column, row));
    }
    if (auto s = each({.columns = &names_, .cells = cells.data(), .rows = fetched_}); !s.ok()) {
      return s;
    }
    if (absl::Now() > deadline) return absl::DeadlineExceededError("the database took too long");
  }
}

// Whether a text did not fit its buffer, and would a larger one.
bool OdbcStatement::Widen() {
  bool widened = false;
  for (Column& column : columns_) {
    if (!IsText(column.c_type) || column.width >= kMaxWidth) continue;
    SQLLEN longest = 0;
    for (SQLULEN row = 0; row < fetched_; ++row) {
      const SQLLEN length = column.lengths[row];
      longest = std::max(longest, length == SQL_NO_TOTAL ? 2 * column.width : length);
    }
    if (longest <= Room(column.c_type, column.width)) continue;
    column.width = std::min(kMaxWidth, std::max(longest + 1, 2 * column.width));
    widened = true;
  }
  return widened;
}

Cell OdbcStatement::CellOf(const Column& column, SQLULEN row) {
  const SQLLEN length = column.lengths[row];
  if (length == SQL_NULL_DATA) return Cell::Null();
  const char* bytes = column.buffer.data() + static_cast<size_t>(column.width) * row;
  if (column.c_type == SQL_C_SBIGINT) {
    SQLBIGINT number;
    std::memcpy(&number, bytes, sizeof number);
    return Cell::Int(number);
  }
  if (column.c_type == SQL_C_DOUBLE) {
    SQLDOUBLE number;
    std::memcpy(&number, bytes, sizeof number);
    return Cell::Real(number);
  }
  if (column.c_type == SQL_C_TYPE_TIMESTAMP) return TimeOf(column, bytes);
  if (length > Room(column.c_type, column.width) || length < 0) return Cell::TooLong();
  const std::string_view text(bytes, static_cast<size_t>(length));
  return column.c_type == SQL_C_BINARY ? Cell::Bytes(text) : Cell::Text(text);
}

Cell OdbcStatement::TimeOf(const Column& column, const char* bytes) {
  SQL_TIMESTAMP_STRUCT t;
  std::memcpy(&t, bytes, sizeof t);
  // What psqlODBC says for the infinities.
  if (column.has_infinity && t.month == 12 && t.day == 31 && t.second == 59 && t.year == 9999) {
    return Cell::Text("infinity");
  }
  if (column.has_infinity && t.year == -9999) return Cell::Text("-infinity");
  const int64_t days = absl::CivilDay(t.year, t.month, t.day) - absl::CivilDay(1970, 1, 1);
  const int64_t seconds = days * 86400 + t.hour * 3600 + t.minute * 60 + t.second;
  const int64_t micros = seconds * 1'000'000 + t.fraction / 1000;
  return column.type == CellType::kTime ? Cell::Time(micros) : Cell::LocalTime(micros);
}

}  // namespace simpul::sources::sql
