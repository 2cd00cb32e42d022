// The store of a part: SQLite on one machine, PostgreSQL in production, behind one small interface.
#ifndef SIMPUL_BUS_STORE_STORE_H_
#define SIMPUL_BUS_STORE_STORE_H_

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace simpul::store {

// Bytes, to tell them from text.
struct Blob {
  std::string_view bytes;
};

// A bound value. Text and bytes are borrowed for the call.
using Param = std::variant<std::monostate, int64_t, double, std::string_view, Blob>;
using Params = std::initializer_list<Param>;

// One row of an answer; columns count from 0. Views hold until the callback returns. A column that
// is NULL reads as 0 or empty.
class Row {
 public:
  virtual ~Row() = default;
  virtual bool IsNull(int column) const = 0;
  virtual int64_t Int(int column) const = 0;
  virtual double Real(int column) const = 0;
  virtual std::string_view Text(int column) const = 0;
  virtual std::string_view Bytes(int column) const = 0;
};

// Statements in one transaction. SQL is the part that SQLite and PostgreSQL share, with $1 … $n;
// statements are prepared once per text and kept, so texts are few. Read a column by the type it
// has. lastval() is the number that the last row inserted into a {serial} table got. After a
// statement failed the transaction can only be rolled back, on both databases: later
// statements and the commit end in ABORTED. To meet a taken key and go on, write ON CONFLICT. One
// thread at a time.
class Transaction {
 public:
  virtual ~Transaction() = default;

  // Runs a statement and returns how many rows it changed.
  // ALREADY_EXISTS: a unique key is taken. ABORTED: deadlock or serialization; the transaction is
  // lost. UNAVAILABLE: the database cannot be reached or is full.
  virtual absl::StatusOr<int64_t> Execute(std::string_view sql, std::span<const Param> params) = 0;
  absl::StatusOr<int64_t> Execute(std::string_view sql, Params params = {}) {
    return Execute(sql, std::span<const Param>(params.begin(), params.size()));
  }

  // Runs a statement whose count nobody needs; with `unless_one`, one that has to change exactly
  // one row, or the transaction fails with that status. It may still be on its way when this
  // returns OK: its error, which names it, then comes once, with a later statement or with the
  // commit.
  virtual absl::Status Write(std::string_view sql, std::span<const Param> params,
                             const absl::Status& unless_one) = 0;
  absl::Status Write(std::string_view sql, Params params = {},
                     const absl::Status& unless_one = absl::OkStatus()) {
    return Write(sql, std::span<const Param>(params.begin(), params.size()), unless_one);
  }

  // Calls `each` for every row; a status that is not OK ends the query and is returned.
  virtual absl::Status Query(std::string_view sql, std::span<const Param> params,
                             absl::FunctionRef<absl::Status(const Row&)> each) = 0;
  absl::Status Query(std::string_view sql, Params params,
                     absl::FunctionRef<absl::Status(const Row&)> each) {
    return Query(sql, std::span<const Param>(params.begin(), params.size()), each);
  }
};

struct Migration;

struct StoreOptions {
  // "sqlite:<directory>" keeps `<directory>/<part>.db`; "postgresql://…" is a libpq URI, the part
  // has its own schema in it, named after the part with '-' as '_' and made if it is missing. A
  // password belongs in PGPASSFILE, not in the URI.
  std::string url;
  // The part that owns the data, such as "wifi".
  std::string part;
};

// A part's database. Thread-safe. What a transaction has committed survives kill -9 and power loss
// (SQLite: WAL with synchronous=FULL).
class Store {
 public:
  virtual ~Store() = default;

  // FAILED_PRECONDITION: another process has this SQLite file. INVALID_ARGUMENT: the URL is of
  // neither kind. UNAVAILABLE: it cannot be opened; the message says which file or host.
  static absl::StatusOr<std::unique_ptr<Store>> Open(const StoreOptions& options);

  // Runs `work` and commits if it returns OK, else rolls back and returns its status. Writers of
  // one SQLite store come one after another; on PostgreSQL they run side by side, and of two that
  // change one row the later ends in ABORTED. `work` never runs twice by itself.
  // FAILED_PRECONDITION: this thread is in a Transact of this store already.
  virtual absl::Status Transact(absl::FunctionRef<absl::Status(Transaction&)> work) = 0;

  // The same, read only, on one snapshot; does not wait for writers.
  virtual absl::Status Read(absl::FunctionRef<absl::Status(Transaction&)> work) = 0;

 private:
  friend absl::Status Migrate(Store& store, std::string_view component,
                              std::span<const Migration> steps);
  // What "{serial}" and "{key}" stand for.
  virtual std::string_view serial_type() const = 0;
  virtual std::string_view key_type() const = 0;
};

// A step of a schema, applied once, in order of version, each in its own transaction. In `sql`
// statements end with ';', BYTEA and BIGINT work on both databases, and "{serial}" stands for the
// type of a BIGINT primary key that numbers itself, upwards ("seq {serial}"), "{key}" for that of
// one that does not.
struct Migration {
  int version;  // from 1
  std::string_view sql;
};

// Brings the tables of `component` ("outbox", "wifi", …) to the newest version, keeping record in
// the table schema_version. FAILED_PRECONDITION: the store is newer than this program.
absl::Status Migrate(Store& store, std::string_view component, std::span<const Migration> steps);

}  // namespace simpul::store

#endif  // SIMPUL_BUS_STORE_STORE_H_
