// SQLite's C API behind Transaction.
#include "bus/store/sqlite_connection.h"

#include <sqlite3.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace simpul::store {
namespace {

constexpr int kBusyMilliseconds = 10'000;  // only a checkpoint can hold us up
constexpr int kMaxParams = 64;

absl::Status ErrorOf(sqlite3* db) {
  const int code = sqlite3_extended_errcode(db);
  const std::string text = absl::StrFormat("SQLite: %s (%d)", sqlite3_errmsg(db), code);
  switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return absl::AlreadyExistsError(text);
    default:
      break;
  }
  switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
    case SQLITE_READONLY:
      return absl::FailedPreconditionError(text);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return absl::AbortedError(text);
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_NOMEM:
      return absl::UnavailableError(text);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::DataLossError(text);
    default:
      return absl::InternalError(text);
  }
}

class SqliteRow : public Row {
 public:
  explicit SqliteRow(sqlite3_stmt* statement) : statement_(statement) {}

  bool IsNull(int column) const override {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
  }
  int64_t Int(int column) const override { return sqlite3_column_int64(statement_, column); }
  double Real(int column) const override { return sqlite3_column_double(statement_, column); }
  std::string_view Text(int column) const override {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    if (text == nullptr) return {};
    return {text, static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
  }
  std::string_view Bytes(int column) const override {
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
    if (bytes == nullptr) return {};
    return {bytes, static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
  }

 private:
  sqlite3_stmt* const statement_;
};

// Binds one value, borrowed until the statement is reset. An empty view may have no address, which
// SQLite would take for NULL.
struct Binder {
  sqlite3_stmt* statement;
  int position;

  int operator()(std::monostate) const { return sqlite3_bind_null(statement, position); }
  int operator()(int64_t value) const { return sqlite3_bind_int64(statement, position, value); }
  int operator()(double value) const { return sqlite3_bind_double(statement, position, value); }
  int operator()(std::string_view text) const {
    return sqlite3_bind_text64(statement, position, text.data() == nullptr ? "" : text.data(),
                               text.size(), SQLITE_STATIC, SQLITE_UTF8);
  }
  int operator()(Blob blob) const {
    if (blob.bytes.empty()) return sqlite3_bind_zeroblob(statement, position, 0);
    return sqlite3_bind_blob64(statement, position, blob.bytes.data(), blob.bytes.size(),
                               SQLITE_STATIC);
  }
};

}  // namespace

SqliteConnection::Statement::~Statement() { sqlite3_finalize(handle); }

class SqliteConnection::Lent {
 public:
  explicit Lent(Statement& kept) : statement_(&kept) { statement_->running = true; }
  explicit Lent(std::unique_ptr<Statement> own) : own_(std::move(own)), statement_(own_.get()) {}
  Lent(Lent&& other) noexcept
      : own_(std::move(other.own_)), statement_(std::exchange(other.statement_, nullptr)) {}
  ~Lent() {
    if (statement_ == nullptr) return;
    sqlite3_reset(statement_->handle);
    sqlite3_clear_bindings(statement_->handle);
    statement_->running = false;
  }

  sqlite3_stmt* handle() const { return statement_->handle; }
  const Statement& statement() const { return *statement_; }

 private:
  std::unique_ptr<Statement> own_;
  Statement* statement_;
};

absl::StatusOr<std::unique_ptr<SqliteConnection>> SqliteConnection::Open(const std::string& path,
                                                                         Use use) {
  sqlite3* db = nullptr;
  constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const int code = sqlite3_open_v2(path.c_str(), &db, kFlags, nullptr);
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection(db, use));
  absl::Status status =
      code == SQLITE_OK ? connection->Configure() : absl::UnavailableError(sqlite3_errstr(code));
  if (!status.ok()) {
    return absl::UnavailableError(
        absl::StrFormat("cannot open %s: %s; see whether the disk is full "
                        "and who may write there",
                        path, std::string(status.message())));
  }
  return connection;
}

SqliteConnection::~SqliteConnection() {
  statements_.clear();
  sqlite3_close(db_);
}

absl::Status SqliteConnection::Configure() {
  // PostgreSQL's name for it. RETURNING would cost SQLite as much as the insert itself.
  const auto lastval = [](sqlite3_context* context, int, sqlite3_value**) {
    sqlite3_result_int64(context, sqlite3_last_insert_rowid(sqlite3_context_db_handle(context)));
  };
  if (sqlite3_create_function(db_, "lastval", 0, SQLITE_UTF8, nullptr, lastval, nullptr, nullptr) !=
      SQLITE_OK) {
    return ErrorOf(db_);
  }
  sqlite3_extended_result_codes(db_, 1);
  sqlite3_busy_timeout(db_, kBusyMilliseconds);
  const char* pragmas = use_ == Use::kWrite
                            ? "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                              "PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;"
                              "PRAGMA cache_size = -16000; PRAGMA wal_autocheckpoint = 4000;"
                              "PRAGMA journal_size_limit = 67108864;"
                            : "PRAGMA query_only = ON; PRAGMA temp_store = MEMORY;";
  return Control(pragmas);
}

absl::Status SqliteConnection::Control(const char* sql) {
  if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return ErrorOf(db_);
  return absl::OkStatus();
}

absl::Status SqliteConnection::Fail() {
  failed_ = true;
  return ErrorOf(db_);
}

absl::Status SqliteConnection::Run(absl::FunctionRef<absl::Status(Transaction&)> work) {
  failed_ = false;
  if (auto s = Control(use_ == Use::kWrite ? "BEGIN IMMEDIATE" : "BEGIN"); !s.ok()) return s;
  absl::Status status = work(*this);
  if (status.ok() && failed_) {
    status = absl::AbortedError("a statement of this transaction had failed: it is rolled back");
  }
  if (status.ok()) status = Control("COMMIT");
  // A full disk may have rolled back already.
  if (!status.ok() && sqlite3_get_autocommit(db_) == 0) Control("ROLLBACK").IgnoreError();
  return status;
}

absl::StatusOr<std::unique_ptr<SqliteConnection::Statement>> SqliteConnection::Prepare(
    std::string_view sql) {
  auto statement = std::make_unique<Statement>();
  statement->sql = std::string(sql);
  const char* tail = nullptr;
  if (sqlite3_prepare_v3(db_, statement->sql.c_str(), static_cast<int>(sql.size()) + 1,
                         SQLITE_PREPARE_PERSISTENT, &statement->handle, &tail) != SQLITE_OK) {
    return Fail();
  }
  if (statement->handle == nullptr || *tail != '\0') {
    failed_ = true;
    return absl::InternalError("a statement is empty or more than one");
  }
  for (int i = 1; i <= kMaxParams; ++i) {
    statement->positions.push_back(
        sqlite3_bind_parameter_index(statement->handle, absl::StrCat("$", i).c_str()));
  }
  return statement;
}

absl::StatusOr<SqliteConnection::Lent> SqliteConnection::Lend(std::string_view sql,
                                                              std::span<const Param> params) {
  if (failed_) return absl::AbortedError("an earlier statement of this transaction failed");
  Statement* kept = nullptr;
  const auto found = statements_.find(absl::string_view(sql.data(), sql.size()));
  if (found != statements_.end()) {
    kept = found->second.get();
  } else {
    auto prepared = Prepare(sql);
    if (!prepared.ok()) return prepared.status();
    kept = prepared->get();
    statements_.emplace(kept->sql, *std::move(prepared));
  }
  if (kept->running) {  // a query's callback runs the text it comes from
    auto own = Prepare(sql);
    if (!own.ok()) return own.status();
    if (auto s = Bind(**own, params); !s.ok()) return s;
    return Lent(*std::move(own));
  }
  if (auto s = Bind(*kept, params); !s.ok()) return s;
  return Lent(*kept);
}

absl::Status SqliteConnection::Bind(const Statement& statement, std::span<const Param> params) {
  if (params.size() > statement.positions.size()) {
    failed_ = true;
    return absl::InternalError("too many parameters");
  }
  for (size_t i = 0; i < params.size(); ++i) {
    const int position = statement.positions[i];
    if (position == 0) continue;
    if (std::visit(Binder{statement.handle, position}, params[i]) != SQLITE_OK) return Fail();
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> SqliteConnection::Execute(std::string_view sql,
                                                  std::span<const Param> params) {
  auto lent = Lend(sql, params);
  if (!lent.ok()) return lent.status();
  const int64_t before = sqlite3_total_changes64(db_);
  int code = SQLITE_ROW;
  while (code == SQLITE_ROW) code = sqlite3_step(lent->handle());
  if (code != SQLITE_DONE) return Fail();
  // sqlite3_changes64 keeps the count of the last statement that could change rows.
  return sqlite3_total_changes64(db_) == before ? int64_t{0} : sqlite3_changes64(db_);
}

absl::Status SqliteConnection::Write(std::string_view sql, std::span<const Param> params,
                                     const absl::Status& unless_one) {
  const auto changed = Execute(sql, params);
  if (!changed.ok()) return changed.status();
  if (unless_one.ok() || *changed == 1) return absl::OkStatus();
  failed_ = true;
  return unless_one;
}

absl::Status SqliteConnection::Query(std::string_view sql, std::span<const Param> params,
                                     absl::FunctionRef<absl::Status(const Row&)> each) {
  auto lent = Lend(sql, params);
  if (!lent.ok()) return lent.status();
  const SqliteRow row(lent->handle());
  while (true) {
    const int code = sqlite3_step(lent->handle());
    if (code == SQLITE_DONE) return absl::OkStatus();
    if (code != SQLITE_ROW) return Fail();
    if (auto s = each(row); !s.ok()) return s;
  }
}

}  // namespace simpul::store
