// One connection to PostgreSQL and the transaction that is open on it.
#ifndef SIMPUL_BUS_STORE_POSTGRES_CONNECTION_H_
#define SIMPUL_BUS_STORE_POSTGRES_CONNECTION_H_

#include <cstdint>
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
// Owns the connection. One thread at a time.
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
  absl::StatusOr<int64_t> Execute(std::string_view sql, std::span<const Param> params) override;
  absl::Status Query(std::string_view sql, std::span<const Param> params,
                     absl::FunctionRef<absl::Status(const Row&)> each) override;

 private:
  struct ResultDeleter {
    void operator()(pg_result* result) const;
  };
  using Result = std::unique_ptr<pg_result, ResultDeleter>;

  explicit PostgresConnection(pg_conn* connection) : connection_(connection) {}

  absl::Status UseSchema(const std::string& schema);
  absl::StatusOr<std::string> Prepare(std::string_view sql, std::span<const Param> params);
  absl::StatusOr<Result> RunPrepared(std::string_view sql, std::span<const Param> params);
  absl::StatusOr<Result> Simple(const char* sql);
  // The result if it is a good one, else its error; the transaction counts as failed from then on.
  absl::StatusOr<Result> Check(Result result);

  pg_conn* const connection_;
  bool failed_ = false;
  // Names of prepared statements by kinds of parameters and text.
  absl::flat_hash_map<std::string, std::string> prepared_;
  std::string key_;  // of the look-up, kept for its memory
};

}  // namespace simpul::store

#endif  // SIMPUL_BUS_STORE_POSTGRES_CONNECTION_H_
