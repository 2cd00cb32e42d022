// libpq behind Transaction.
#include "bus/store/postgres_connection.h"

#include <libpq-fe.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "bus/store/postgres_values.h"

namespace simpul::store {
namespace {

// Answers stay in libpq's memory until they are received.
constexpr size_t kMostPending = 2'000;

// https://www.postgresql.org/docs/15/errcodes-appendix.html. Only texts that cannot hold a value of
// ours are passed on.
absl::Status ErrorOf(const PGresult* result, std::string_view statement) {
  const char* field = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const absl::string_view state = field == nullptr ? "" : field;
  const char* primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  const std::string text = absl::StrFormat(
      "PostgreSQL, %s…: %s (%s)", statement,
      absl::StartsWith(state, "22") || primary == nullptr ? "a value does not fit" : primary,
      state);
  if (state == "23505" || state == "42P07" || state == "42710" || state == "42P06") {
    return absl::AlreadyExistsError(text);
  }
  // 0A000 here: a table changed under a prepared statement.
  if (absl::StartsWith(state, "40") || state == "25P02" || state == "0A000" || state == "55P03") {
    return absl::AbortedError(text);
  }
  if (absl::StartsWith(state, "08") || absl::StartsWith(state, "53") ||
      absl::StartsWith(state, "57") || absl::StartsWith(state, "58")) {
    return absl::UnavailableError(text);
  }
  if (absl::StartsWith(state, "22")) return absl::InvalidArgumentError(text);
  if (absl::StartsWith(state, "23") || absl::StartsWith(state, "25") || state == "42501") {
    return absl::FailedPreconditionError(text);
  }
  return absl::InternalError(text);
}

absl::Status Lost() { return absl::UnavailableError("the connection to PostgreSQL was lost"); }

// Why a server could not be reached or let nobody in. Of a URL that is wrong nothing is said: libpq
// repeats what stands in it.
std::string ReasonOf(const PGconn* pg) {
  constexpr absl::string_view kFailed = " failed: ";
  const absl::string_view text = PQerrorMessage(pg);
  const size_t at = text.find(kFailed);
  if (!absl::StartsWith(text, "connection to server") || at == text.npos) return "";
  absl::string_view reason = text.substr(at + kFailed.size());
  reason = reason.substr(0, reason.find('\n'));
  absl::ConsumePrefix(&reason, "FATAL:");
  return absl::StrCat(" (", absl::StripAsciiWhitespace(reason), ")");
}

int64_t ChangedBy(const PGresult* result) {
  int64_t changed = 0;
  // PQcmdTuples only reads it.
  if (!absl::SimpleAtoi(PQcmdTuples(const_cast<PGresult*>(result)), &changed)) return 0;
  return changed;
}

// What names a statement to its reader: "INSERT INTO outbox".
std::string FirstWords(std::string_view sql) {
  constexpr size_t kWords = 3;
  std::vector<absl::string_view> words =
      absl::StrSplit(absl::string_view(sql.data(), std::min<size_t>(sql.size(), 200)),
                     absl::ByAnyChar(" \n("), absl::SkipEmpty());
  if (words.size() > kWords) words.resize(kWords);
  return absl::StrJoin(words, " ");
}

}  // namespace

void PostgresConnection::ResultDeleter::operator()(pg_result* result) const { PQclear(result); }

absl::StatusOr<std::unique_ptr<PostgresConnection>> PostgresConnection::Open(
    const std::string& url, const std::string& schema) {
  // What the URL says wins over these. A server that vanished, also while we wait for its answer,
  // is noticed by the kernel.
  const char* const keys[] = {"connect_timeout",
                              "tcp_user_timeout",
                              "keepalives_idle",
                              "keepalives_interval",
                              "keepalives_count",
                              "client_encoding",
                              "dbname",
                              "fallback_application_name",
                              nullptr};
  const std::string name = absl::StrCat("simpul ", schema);
  const char* const values[] = {"5",    "10000",     "10",         "5",    "3",
                                "UTF8", url.c_str(), name.c_str(), nullptr};
  std::unique_ptr<PostgresConnection> connection(
      new PostgresConnection(PQconnectdbParams(keys, values, /*expand_dbname=*/1)));
  PGconn* pg = connection->connection_;
  if (PQstatus(pg) != CONNECTION_OK) {
    const char* host = PQhost(pg);
    const char* port = PQport(pg);
    return absl::UnavailableError(absl::StrFormat(
        "cannot connect to PostgreSQL at %s:%s%s: see whether it runs there and lets this user in",
        host == nullptr ? "?" : host, port == nullptr ? "?" : port, ReasonOf(pg)));
  }
  if (PQenterPipelineMode(pg) != 1) return absl::InternalError("libpq has no pipeline");
  PQsetNoticeProcessor(pg, [](void*, const char*) {}, nullptr);
  if (auto s = connection->UseSchema(schema); !s.ok()) return s;
  return connection;
}

PostgresConnection::~PostgresConnection() { PQfinish(connection_); }

bool PostgresConnection::usable() const {
  return PQstatus(connection_) == CONNECTION_OK && PQtransactionStatus(connection_) == PQTRANS_IDLE;
}

// Two processes may make the schema at once: the one that comes second finds it made.
absl::Status PostgresConnection::UseSchema(const std::string& schema) {
  bool exists = false;
  if (auto s = Query("SELECT 1 FROM pg_namespace WHERE nspname = $1", {schema},
                     [&](const Row&) {
                       exists = true;
                       return absl::OkStatus();
                     });
      !s.ok()) {
    return s;
  }
  if (!exists) {
    auto made = Ask(absl::StrFormat("CREATE SCHEMA \"%s\"", schema), {});
    if (!made.ok() && !absl::IsAlreadyExists(made.status())) return made.status();
    failed_ = false;
  }
  return Ask(absl::StrFormat("SET search_path TO \"%s\"", schema), {}).status();
}

absl::Status PostgresConnection::Run(Use use, absl::FunctionRef<absl::Status(Transaction&)> work) {
  failed_ = false;
  absl::Status status = Send(use == Use::kWrite ? "BEGIN ISOLATION LEVEL REPEATABLE READ"
                                                : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
                             {});
  if (status.ok()) status = work(*this);
  if (status.ok() && failed_) {
    status = absl::AbortedError("a statement of this transaction had failed: it is rolled back");
  }
  if (status.ok()) status = Commit();
  if (!status.ok()) RollBack();
  return status;
}

// Behind statements of which one fails, the server skips a COMMIT; of the count of rows it knows
// nothing.
absl::Status PostgresConnection::Commit() {
  for (const Pending& pending : pending_) {
    if (pending.unless_one.ok()) continue;
    if (auto s = Receive(); !s.ok()) return s.status();
    break;
  }
  return Ask("COMMIT", {}).status();
}

void PostgresConnection::RollBack() {
  Receive().status().IgnoreError();  // behind a failure a ROLLBACK is skipped as well
  if (PQtransactionStatus(connection_) == PQTRANS_IDLE) return;
  failed_ = false;
  Ask("ROLLBACK", {}).status().IgnoreError();
}

PostgresConnection::Statement& PostgresConnection::StatementOf(std::string_view sql,
                                                               std::span<const Param> params) {
  key_.clear();
  for (const Param& param : params) key_.push_back(static_cast<char>('0' + param.index()));
  key_.push_back(':');
  key_.append(sql);
  std::unique_ptr<Statement>& statement = statements_[key_];
  if (statement == nullptr) {
    statement = std::make_unique<Statement>();
    statement->name = absl::StrCat("s", statements_.size());
    statement->begins = FirstWords(sql);
  }
  return *statement;
}

absl::Status PostgresConnection::NotSent() {
  failed_ = true;
  if (PQstatus(connection_) != CONNECTION_OK) return Lost();
  return absl::InternalError("libpq does not take a statement");
}

absl::Status PostgresConnection::Send(std::string_view sql, std::span<const Param> params,
                                      const absl::Status& unless_one) {
  Statement& statement = StatementOf(sql, params);
  const Bound bound(params);
  const int count = static_cast<int>(params.size());
  if (!std::exchange(statement.is_prepared, true)) {
    if (PQsendPrepare(connection_, statement.name.c_str(), std::string(sql).c_str(), count,
                      bound.types.data()) != 1) {
      return NotSent();
    }
    pending_.push_back({&statement, /*is_preparation=*/true, absl::OkStatus()});
  }
  if (PQsendQueryPrepared(connection_, statement.name.c_str(), count, bound.values.data(),
                          bound.lengths.data(), bound.formats.data(), /*resultFormat=*/1) != 1) {
    return NotSent();
  }
  pending_.push_back({&statement, /*is_preparation=*/false, unless_one});
  return absl::OkStatus();
}

PostgresConnection::Result PostgresConnection::Next() {
  Result result(PQgetResult(connection_));
  // A null ends each statement's results.
  while (result != nullptr && PQstatus(connection_) == CONNECTION_OK) {
    const Result more(PQgetResult(connection_));
    if (more == nullptr) break;
  }
  return result;
}

absl::Status PostgresConnection::Judge(const Pending& pending, const PGresult* result) const {
  if (PQstatus(connection_) != CONNECTION_OK) return Lost();
  switch (PQresultStatus(result)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
      if (pending.unless_one.ok() || ChangedBy(result) == 1) return absl::OkStatus();
      return pending.unless_one;
    case PGRES_PIPELINE_ABORTED:
      return absl::AbortedError("an earlier statement of this transaction failed");
    default:
      return ErrorOf(result, pending.statement->begins);
  }
}

absl::StatusOr<PostgresConnection::Result> PostgresConnection::Receive() {
  if (pending_.empty()) return Result();
  absl::Status status;
  Result last;
  if (PQpipelineSync(connection_) != 1) status = NotSent();
  for (const Pending& pending : pending_) {
    last = Next();
    const absl::Status judged = Judge(pending, last.get());
    if (judged.ok()) continue;
    if (pending.is_preparation) pending.statement->is_prepared = false;
    if (status.ok()) status = judged;
  }
  pending_.clear();
  const Result synced(PQgetResult(connection_));
  if (status.ok() && PQresultStatus(synced.get()) != PGRES_PIPELINE_SYNC) status = Lost();
  if (status.ok()) return last;
  failed_ = true;
  return status;
}

absl::StatusOr<PostgresConnection::Result> PostgresConnection::Ask(std::string_view sql,
                                                                   std::span<const Param> params) {
  if (failed_) return absl::AbortedError("an earlier statement of this transaction failed");
  if (auto s = Send(sql, params); !s.ok()) return s;
  return Receive();
}

absl::Status PostgresConnection::Write(std::string_view sql, std::span<const Param> params,
                                       const absl::Status& unless_one) {
  if (failed_) return absl::AbortedError("an earlier statement of this transaction failed");
  if (auto s = Send(sql, params, unless_one); !s.ok()) return s;
  return pending_.size() < kMostPending ? absl::OkStatus() : Receive().status();
}

absl::StatusOr<int64_t> PostgresConnection::Execute(std::string_view sql,
                                                    std::span<const Param> params) {
  const auto result = Ask(sql, params);
  if (!result.ok()) return result.status();
  return ChangedBy(result->get());
}

absl::Status PostgresConnection::Query(std::string_view sql, std::span<const Param> params,
                                       absl::FunctionRef<absl::Status(const Row&)> each) {
  const auto result = Ask(sql, params);
  if (!result.ok()) return result.status();
  const int rows = PQntuples(result->get());
  for (int i = 0; i < rows; ++i) {
    if (auto s = each(PostgresRow(result->get(), i)); !s.ok()) return s;
  }
  return absl::OkStatus();
}

}  // namespace simpul::store
