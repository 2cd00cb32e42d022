// One connection to an SQLite file and the transaction that is open on it.
#ifndef SIMPUL_BUS_STORE_SQLITE_CONNECTION_H_
#define SIMPUL_BUS_STORE_SQLITE_CONNECTION_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bus/store/store.h"

struct sqlite3;
struct sqlite3_stmt;

namespace simpul::store {

// Prepares each text once. Owns the connection. One thread at a time.
class SqliteConnection : public Transaction {
 public:
  enum class Use { kWrite, kRead };

  // UNAVAILABLE: the file cannot be opened; the message names it.
  static absl::StatusOr<std::unique_ptr<SqliteConnection>> Open(const std::string& path, Use use);
  ~SqliteConnection() override;

  // Runs `work` between BEGIN and COMMIT, or ROLLBACK if it fails.
  absl::Status Run(absl::FunctionRef<absl::Status(Transaction&)> work);

  using Transaction::Execute;
  using Transaction::Query;
  using Transaction::Write;
  absl::StatusOr<int64_t> Execute(std::string_view sql, std::span<const Param> params) override;
  absl::Status Write(std::string_view sql, std::span<const Param> params,
                     const absl::Status& unless_one) override;
  absl::Status Query(std::string_view sql, std::span<const Param> params,
                     absl::FunctionRef<absl::Status(const Row&)> each) override;

 private:
  struct Statement {
    std::string sql;
    sqlite3_stmt* handle = nullptr;
    std::vector<int> positions;  // of $1, $2, …; 0 where the text does not use it
    bool running = false;

    ~Statement();
  };
  // A statement for one use; given back, it is reset.
  class Lent;

  SqliteConnection(sqlite3* db, Use use) : db_(db), use_(use) {}

  absl::Status Configure();
  absl::StatusOr<std::unique_ptr<Statement>> Prepare(std::string_view sql);
  absl::StatusOr<Lent> Lend(std::string_view sql, std::span<const Param> params);
  absl::Status Bind(const Statement& statement, std::span<const Param> params);
  // Runs one of BEGIN, COMMIT, ROLLBACK.
  absl::Status Control(const char* sql);
  // The error of the last call; the transaction counts as failed from now on.
  absl::Status Fail();

  sqlite3* const db_;
  const Use use_;
  bool failed_ = false;
  // Keys are views of Statement::sql.
  absl::flat_hash_map<absl::string_view, std::unique_ptr<Statement>> statements_;
};

}  // namespace simpul::store

#endif  // SIMPUL_BUS_STORE_SQLITE_CONNECTION_H_
