#include "adapters/sources/sql/libpq_connection.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <map>
#include <memory_resource>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "adapters/sources/sql/libpq_cell.h"
#include "bus/observe/log.h"
#include "libpq-fe.h"

namespace simpul::sources::sql {
namespace {

// Few enough that the cells of a batch stay in the processor's cache.
constexpr size_t kRowsPerBatch = 16;

struct Clear {
  void operator()(PGresult* result) const { PQclear(result); }
  void operator()(PGconn* connection) const { PQfinish(connection); }
  void operator()(PGcancel* cancel) const { PQfreeCancel(cancel); }
};
using ResultPtr = std::unique_ptr<PGresult, Clear>;

// The identifier that a message of PostgreSQL begins to quote: a column or table of the mapping.
std::string Quoted(const char* message) {
  const std::string_view text = message == nullptr ? "" : message;
  const size_t open = text.find('"');
  if (open != std::string_view::npos) {
    const size_t close = text.find('"', open + 1);
    if (close != std::string_view::npos) return std::string(text.substr(open, close - open + 1));
  }
  // `column r.foo does not exist`
  if (absl::StartsWith(absl::string_view(text.data(), text.size()), "column ")) {
    return std::string(text.substr(7, text.find(' ', 7) - 7));
  }
  return "that the query names";
}

// What an SQLSTATE means for us (PostgreSQL, appendix A). Only identifiers of the mapping's own
// text are passed on.
absl::Status Explain(const PGresult* result) {
  const char* field = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const std::string state = field == nullptr ? "" : field;
  const std::string family = state.substr(0, 2);
  const char* message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  if (state == "57014") return absl::DeadlineExceededError("the database took too long");
  if (family == "08" || family == "57" || family == "53" || state.empty()) {
    return absl::UnavailableError("the database went away or has no room for us");
  }
  if (family == "40") return absl::AbortedError("the database could not keep the snapshot");
  if (state == "42703") {
    return absl::FailedPreconditionError(
        absl::StrFormat("the database has no column %s", Quoted(message)));
  }
  if (state == "42P01") {
    return absl::FailedPreconditionError(
        absl::StrFormat("the database has no table %s", Quoted(message)));
  }
  if (state == "42501") {
    return absl::FailedPreconditionError("the database user may not read what the query names");
  }
  if (family == "22") {
    return absl::DataLossError(
        absl::StrFormat("a value is not what the query takes it for (SQLSTATE %s)", state));
  }
  return absl::FailedPreconditionError(
      absl::StrFormat("the database refuses the query (SQLSTATE %s)", state));
}

struct Prepared {
  std::string name;
  std::vector<Oid> types;
};

class LibpqConnection final : public Connection {
 public:
  explicit LibpqConnection(PGconn* connection) : connection_(connection) {}

  absl::Status Query(const sources::Query& query, const Bindings& bindings, absl::Time deadline,
                     EachBatch each) override {
    const auto& statement = static_cast<const Statement&>(query);
    auto values = statement.Bind(bindings);
    if (!values.ok()) return values.status();
    const bool is_old = prepared_.count(statement.id()) > 0;
    auto prepared = Prepare(statement, deadline);
    if (!prepared.ok()) return prepared.status();
    std::vector<std::string> texts(values->size());
    std::vector<const char*> pointers(values->size());
    for (size_t i = 0; i < values->size(); ++i) {
      pointers[i] = ToText(*(*values)[i], (*prepared)->types[i], texts[i]);
    }
    if (PQsendQueryPrepared(connection_.get(), (*prepared)->name.c_str(),
                            static_cast<int>(pointers.size()), pointers.data(), nullptr, nullptr,
                            /*resultFormat=*/1) != 1) {
      return Lost();
    }
    // Rows are taken as they come: memory stays small, and database and we work at the same time.
    PQsetSingleRowMode(connection_.get());
    const absl::Status status = ReadAnswer(deadline, each);
    // A column may have another type since it was prepared, which PostgreSQL refuses from then on.
    if (is_old && absl::IsFailedPrecondition(status)) broken_ = true;
    return status;
  }

  absl::Status BeginSnapshot(absl::Time deadline) override {
    auto status = Run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", deadline);
    in_snapshot_ = status.ok();
    return status;
  }

  absl::Status EndSnapshot(absl::Time deadline) override {
    in_snapshot_ = false;
    return Run("ROLLBACK", deadline);
  }

  bool usable() const override {
    return !broken_ && !in_snapshot_ && PQstatus(connection_.get()) == CONNECTION_OK &&
           PQtransactionStatus(connection_.get()) == PQTRANS_IDLE;
  }

  // A statement without parameters and rows.
  absl::Status Run(const char* sql, absl::Time deadline) {
    if (PQsendQuery(connection_.get(), sql) != 1) return Lost();
    return ReadAnswer(deadline, [](const Batch&) { return absl::OkStatus(); });
  }

 private:
  absl::Status Lost() {
    broken_ = true;
    return absl::UnavailableError("the connection to the database was lost");
  }

  // The text of a parameter; null stands for NULL. A number beyond the column's type is above every
  // row (NULL matches none) or below all of them (the smallest of the type).
  static const char* ToText(const Value& value, Oid type, std::string& text) {
    if (std::holds_alternative<std::monostate>(value)) return nullptr;
    if (const auto* number = std::get_if<int64_t>(&value)) {
      const int64_t max = type == kInt2   ? std::numeric_limits<int16_t>::max()
                          : type == kInt4 ? std::numeric_limits<int32_t>::max()
                                          : std::numeric_limits<int64_t>::max();
      if (*number > max) return nullptr;
      text = std::to_string(std::max(*number, -max - 1));
    } else if (const auto* time = std::get_if<TimeValue>(&value)) {
      text = TimeText(*time);
    } else {
      text = std::get<std::string>(value);
      if (text.find('\0') != std::string::npos) return nullptr;  // no text of PostgreSQL has one
    }
    return text.c_str();
  }

  absl::StatusOr<const Prepared*> Prepare(const Statement& statement, absl::Time deadline) {
    const auto it = prepared_.find(statement.id());
    if (it != prepared_.end()) return &it->second;
    Prepared prepared{.name = absl::StrFormat("s%d", statement.id()), .types = {}};
    if (PQsendPrepare(connection_.get(), prepared.name.c_str(), statement.dollars().c_str(), 0,
                      nullptr) != 1) {
      return Lost();
    }
    const auto ignore = [](const Batch&) { return absl::OkStatus(); };
    if (auto s = ReadAnswer(deadline, ignore); !s.ok()) return s;
    if (PQsendDescribePrepared(connection_.get(), prepared.name.c_str()) != 1) return Lost();
    description_ = &prepared.types;
    auto status = ReadAnswer(deadline, ignore);
    description_ = nullptr;
    if (!status.ok()) return status;
    return &prepared_.emplace(statement.id(), std::move(prepared)).first->second;
  }

  // Waits until a result can be had without blocking.
  absl::Status Wait(absl::Time deadline) {
    while (true) {
      const int unsent = PQflush(connection_.get());
      if (unsent < 0) return Lost();
      if (unsent == 0 && PQisBusy(connection_.get()) == 0) return absl::OkStatus();
      const absl::Duration left = deadline - absl::Now();
      if (left <= absl::ZeroDuration())
        return absl::DeadlineExceededError("the database took too long");
      pollfd fd{PQsocket(connection_.get()), static_cast<short>(POLLIN | (unsent ? POLLOUT : 0)),
                0};
      const auto millis = std::min<int64_t>(absl::ToInt64Milliseconds(left) + 1, 60'000);
      if (poll(&fd, 1, static_cast<int>(millis)) < 0 && errno != EINTR) return Lost();
      if ((fd.revents & ~POLLOUT) != 0 && PQconsumeInput(connection_.get()) != 1) return Lost();
    }
  }

  // Stops what runs and reads its answer off, so that the connection can be used again.
  void Cancel() {
    std::unique_ptr<PGcancel, Clear> cancel(PQgetCancel(connection_.get()));
    char error[256];
    if (cancel == nullptr || PQcancel(cancel.get(), error, sizeof error) != 1) {
      broken_ = true;
      return;
    }
    const absl::Time until = absl::Now() + absl::Seconds(2);
    while (true) {
      if (!Wait(until).ok()) {
        broken_ = true;
        return;
      }
      if (ResultPtr(PQgetResult(connection_.get())) == nullptr) return;
    }
  }

  // Reads results to the end. After an error it still reads on, or cancels.
  absl::Status ReadAnswer(absl::Time deadline, EachBatch each) {
    DropAnswer();
    columns_.clear();
    decoders_.clear();
    absl::Status status;
    while (true) {
      if (auto s = Wait(deadline); !s.ok()) {
        if (!broken_) Cancel();
        return s;
      }
      ResultPtr result(PQgetResult(connection_.get()));
      if (result == nullptr) break;
      if (!status.ok()) continue;
      status = Take(std::move(result), each);
      if (!status.ok() && PQtransactionStatus(connection_.get()) == PQTRANS_ACTIVE) {
        Cancel();
        return status;
      }
    }
    if (PQstatus(connection_.get()) != CONNECTION_OK) broken_ = true;
    if (status.ok() && row_count_ > 0) status = Deliver(each);
    DropAnswer();
    return status;
  }

  absl::Status Take(ResultPtr result, EachBatch each) {
    switch (PQresultStatus(result.get())) {
      case PGRES_COMMAND_OK:
        if (description_ != nullptr) {
          for (int i = 0; i < PQnparams(result.get()); ++i) {
            description_->push_back(PQparamtype(result.get(), i));
          }
        }
        return absl::OkStatus();
      case PGRES_SINGLE_TUPLE:
      case PGRES_TUPLES_OK:
        if (columns_.empty()) {
          if (auto s = Describe(result.get()); !s.ok()) return s;
        }
        return TakeRows(std::move(result), each);
      default:
        return Explain(result.get());
    }
  }

  absl::Status Describe(const PGresult* result) {
    for (int i = 0; i < PQnfields(result); ++i) {
      columns_.emplace_back(PQfname(result, i));
      decoders_.push_back(DecoderOf(PQftype(result, i)));
      if (decoders_.back() == nullptr) {
        return absl::FailedPreconditionError(absl::StrFormat(
            "the column \"%s\" has a type that is not read; cast it to text in the query",
            columns_.back()));
      }
    }
    return absl::OkStatus();
  }

  absl::Status TakeRows(ResultPtr result, EachBatch each) {
    const PGresult* rows = result.get();
    held_.push_back(std::move(result));
    for (int row = 0; row < PQntuples(rows); ++row) {
      AddRow(rows, row);
      if (row_count_ < kRowsPerBatch) continue;
      if (auto s = Deliver(each); !s.ok()) return s;
    }
    return absl::OkStatus();
  }

  void AddRow(const PGresult* rows, int row) {
    ++row_count_;
    for (int column = 0; column < static_cast<int>(columns_.size()); ++column) {
      const int length = PQgetlength(rows, row, column);
      cells_.push_back(length == 0 && PQgetisnull(rows, row, column) != 0
                           ? Cell::Null()
                           : decoders_[static_cast<size_t>(column)](PQgetvalue(rows, row, column),
                                                                    length, scratch_));
    }
  }

  // The last result may have more rows, and stays.
  absl::Status Deliver(EachBatch each) {
    const absl::Status status =
        each({.columns = &columns_, .cells = cells_.data(), .rows = row_count_});
    row_count_ = 0;
    cells_.clear();
    scratch_.release();
    held_.erase(held_.begin(), held_.end() - 1);
    return status;
  }

  void DropAnswer() {
    row_count_ = 0;
    cells_.clear();
    scratch_.release();
    held_.clear();
  }

  std::unique_ptr<PGconn, Clear> connection_;
  std::map<int64_t, Prepared> prepared_;
  bool in_snapshot_ = false;
  bool broken_ = false;
  std::vector<Oid>* description_ = nullptr;  // where a description in hand goes

  // Of the answer in hand.
  std::vector<std::string> columns_;
  std::vector<Decode> decoders_;
  std::vector<ResultPtr> held_;  // cells refer to it
  size_t row_count_ = 0;         // in cells_
  std::vector<Cell> cells_;
  std::pmr::monotonic_buffer_resource scratch_;
};

// libpq quotes pieces of the DSN, and of one that is written wrong the piece may be the password.
std::string WithoutQuoted(std::string_view text) {
  std::string kept;
  bool is_quoted = false;
  for (const char c : text) {
    if (c == '"') {
      is_quoted = !is_quoted;
      if (is_quoted) kept += "\"...\"";
    } else if (!is_quoted) {
      kept += c;
    }
  }
  return kept;
}

// FAILED_PRECONDITION: it is written wrong. Says how it is written right, and nothing of it.
absl::Status CheckDsn(const std::string& dsn) {
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
      PQconninfoParse(dsn.c_str(), nullptr), PQconninfoFree);
  if (options != nullptr) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "the data source name is none that PostgreSQL knows; write it as "
      "postgresql://user:password@host:port/database, in the password %3A for ':', %2F for '/', "
      "%40 for '@', %25 for '%'");
}

}  // namespace

absl::StatusOr<std::unique_ptr<Connection>> ConnectLibpq(const std::string& dsn,
                                                         const Limits& limits) {
  if (auto s = CheckDsn(dsn); !s.ok()) return s;
  // A database whose machine or network is gone says nothing: TCP finds it out in 20 seconds.
  const char* keys[] = {"dbname",
                        "connect_timeout",
                        "client_encoding",
                        "application_name",
                        "tcp_user_timeout",
                        "keepalives_idle",
                        "keepalives_interval",
                        "keepalives_count",
                        nullptr};
  const char* values[] = {dsn.c_str(), "5", "UTF8", "simpul", "20000", "10", "5", "2", nullptr};
  PGconn* raw = PQconnectdbParams(keys, values, /*expand_dbname=*/1);
  auto connection = std::make_unique<LibpqConnection>(raw);
  if (PQstatus(raw) != CONNECTION_OK) {
    observe::Log(observe::Severity::kWarning, "adapter",
                 "cannot connect to the application's database",
                 {{"error", WithoutQuoted(PQerrorMessage(raw))}});
    return absl::UnavailableError("the application's database cannot be reached");
  }
  PQsetnonblocking(raw, 1);
  const std::string settings = absl::StrFormat(
      "SET default_transaction_read_only = on; SET TimeZone = 'UTC'; SET statement_timeout = %d",
      absl::ToInt64Milliseconds(limits.timeout + absl::Seconds(1)));
  if (auto s = connection->Run(settings.c_str(), absl::Now() + absl::Seconds(5)); !s.ok()) return s;
  return connection;
}

}  // namespace simpul::sources::sql
