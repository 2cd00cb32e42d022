// One connection to PostgreSQL and the transaction that is open on it.
#ifndef SIMPUL_BUS_STORE_POSTGRES_CONNECTION_H_
#define SIMPUL_BUS_STORE_POSTGRES_CONNECTION_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bus/store/store.h"

struct pg_conn;
struct pg_result;

namespace simpul::store {

// Parameters and results travel in binary; each text is prepared once per kinds of its parameters.
// Statements go through libpq's pipeline: only what wants an answer waits for the server. Owns the
// connection. One thread at a time.
class PostgresConnection : public Transaction {
 public:
  enum class Use { kWrite, kRead };

  // UNAVAILABLE: no server answers there, or it refuses us.
  static absl::StatusOr<std::unique_ptr<PostgresConnection>> Open(const std::string& url,
                                                                  const std::string& schema);
  ~PostgresConnection() override;

  // Runs `work` between BEGIN and COMMIT, or ROLLBACK if it fails.
  absl::Status Run(Use use, absl::FunctionRef<absl::Status(Transaction&)> work);

  // Whether it can be used again.
  bool usable() const;

  using Transaction::Execute;
  using Transaction::Query;
  using Transaction::Write;
  absl::StatusOr<int64_t> Execute(std::string_view sql, std::span<const Param> params) override;
  absl::Status Write(std::string_view sql, std::span<const Param> params,
                     const absl::Status& unless_one) override;
  absl::Status Query(std::string_view sql, std::span<const Param> params,
                     absl::FunctionRef<absl::Status(const Row&)> each) override;

 private:
  struct ResultDeleter {
    void operator()(pg_result* result) const;
  };
  using Result = std::unique_ptr<pg_result, ResultDeleter>;

  struct Statement {
    std::string name;
    std::string begins;  // its first words, for errors
    bool is_prepared = false;
  };
  // What was sent and not yet answered, in order.
  struct Pending {
    Statement* statement;
    bool is_preparation;
    absl::Status unless_one;
  };

  explicit PostgresConnection(pg_conn* connection) : connection_(connection) {}

  absl::Status UseSchema(const std::string& schema);
  absl::Status Commit();
  void RollBack();

  // Sends a statement, without a look at whether the transaction has failed.
  absl::Status Send(std::string_view sql, std::span<const Param> params,
                    const absl::Status& unless_one = absl::OkStatus());
  Statement& StatementOf(std::string_view sql, std::span<const Param> params);
  // What libpq would not take.
  absl::Status NotSent();
  // Waits for the answers to all that was sent. The last one's result, or the first error; the
  // transaction counts as failed from then on.
  absl::StatusOr<Result> Receive();
  // The result of the statement that is first in line.
  Result Next();
  absl::Status Judge(const Pending& pending, const pg_result* result) const;
  absl::StatusOr<Result> Ask(std::string_view sql, std::span<const Param> params);

  pg_conn* const connection_;
  bool failed_ = false;
  std::deque<Pending> pending_;
  // By kinds of parameters and text.
  absl::flat_hash_map<std::string, std::unique_ptr<Statement>> statements_;
  std::string key_;  // of the look-up, kept for its memory
};

}  // namespace simpul::store

#endif  // SIMPUL_BUS_STORE_POSTGRES_CONNECTION_H_
