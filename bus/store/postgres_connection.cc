// libpq behind Transaction.
#include "bus/store/postgres_connection.h"

#include <endian.h>
#include <libpq-fe.h>

#include <bit>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace simpul::store {
namespace {

// Types by their numbers in pg_type, which never change.
enum : Oid {
  kBool = 16,
  kBytea = 17,
  kInt8 = 20,
  kInt2 = 21,
  kInt4 = 23,
  kText = 25,
  kFloat4 = 700,
  kFloat8 = 701,
  kNumeric = 1700,
};

template <class Int>
Int BigEndian(const char* bytes) {
  Int value = 0;
  for (size_t i = 0; i < sizeof(Int); ++i) {
    value = static_cast<Int>(value << 8) | static_cast<unsigned char>(bytes[i]);
  }
  return value;
}

// A NUMERIC, such as the sum of BIGINTs: digits to the base 10000 after a header of four int16.
double NumericValue(std::string_view bytes) {
  if (bytes.size() < 8) return 0;
  const int digits = BigEndian<uint16_t>(bytes.data());
  const int weight = static_cast<int16_t>(BigEndian<uint16_t>(bytes.data() + 2));
  const bool negative = BigEndian<uint16_t>(bytes.data() + 4) == 0x4000;
  double value = 0;
  double scale = 1;
  for (int i = 0; i < weight; ++i) scale *= 10000;
  for (int i = 0; i > weight; --i) scale /= 10000;
  for (int i = 0; i < digits && bytes.size() >= 10 + 2 * static_cast<size_t>(i); ++i) {
    value += BigEndian<uint16_t>(bytes.data() + 8 + 2 * i) * scale;
    scale /= 10000;
  }
  return negative ? -value : value;
}

class PostgresRow : public Row {
 public:
  PostgresRow(const PGresult* result, int row) : result_(result), row_(row) {}

  bool IsNull(int column) const override { return PQgetisnull(result_, row_, column) != 0; }

  int64_t Int(int column) const override {
    const std::string_view bytes = Bytes(column);
    switch (PQftype(result_, column)) {
      case kInt8:
        return bytes.size() == 8 ? static_cast<int64_t>(BigEndian<uint64_t>(bytes.data())) : 0;
      case kInt4:
        return bytes.size() == 4 ? static_cast<int32_t>(BigEndian<uint32_t>(bytes.data())) : 0;
      case kInt2:
        return bytes.size() == 2 ? static_cast<int16_t>(BigEndian<uint16_t>(bytes.data())) : 0;
      case kBool:
        return bytes.size() == 1 ? bytes[0] : 0;
      default:
        return static_cast<int64_t>(Real(column));
    }
  }

  double Real(int column) const override {
    const std::string_view bytes = Bytes(column);
    switch (PQftype(result_, column)) {
      case kFloat8:
        return bytes.size() == 8 ? std::bit_cast<double>(BigEndian<uint64_t>(bytes.data())) : 0;
      case kFloat4:
        return bytes.size() == 4 ? std::bit_cast<float>(BigEndian<uint32_t>(bytes.data())) : 0;
      case kNumeric:
        return NumericValue(bytes);
      case kInt8:
      case kInt4:
      case kInt2:
      case kBool:
        return static_cast<double>(Int(column));
      default:
        return 0;
    }
  }

  std::string_view Text(int column) const override { return Bytes(column); }
  std::string_view Bytes(int column) const override {
    return {PQgetvalue(result_, row_, column),
            static_cast<size_t>(PQgetlength(result_, row_, column))};
  }

 private:
  const PGresult* const result_;
  const int row_;
};

// Parameters in the form libpq takes them; views into the caller's values.
struct Bound {
  explicit Bound(std::span<const Param> params) : numbers(params.size()) {
    for (size_t i = 0; i < params.size(); ++i) {
      numbers[i] = 0;
      std::visit([&](const auto& value) { Add(numbers[i], value); }, params[i]);
    }
    formats.assign(params.size(), 1);
  }

  void Add(uint64_t&, std::monostate) { Push(0, nullptr, 0); }
  void Add(uint64_t& number, int64_t value) {
    number = htobe64(static_cast<uint64_t>(value));
    Push(kInt8, reinterpret_cast<const char*>(&number), sizeof(number));
  }
  void Add(uint64_t& number, double value) {
    number = htobe64(std::bit_cast<uint64_t>(value));
    Push(kFloat8, reinterpret_cast<const char*>(&number), sizeof(number));
  }
  void Add(uint64_t&, std::string_view text) { Push(kText, text.data(), text.size()); }
  void Add(uint64_t&, Blob blob) { Push(kBytea, blob.bytes.data(), blob.bytes.size()); }

  // A null address means NULL.
  void Push(Oid type, const char* value, size_t length) {
    types.push_back(type);
    values.push_back(value == nullptr && type != 0 ? "" : value);
    lengths.push_back(static_cast<int>(length));
  }

  absl::InlinedVector<uint64_t, 16> numbers;
  absl::InlinedVector<Oid, 16> types;
  absl::InlinedVector<const char*, 16> values;
  absl::InlinedVector<int, 16> lengths;
  absl::InlinedVector<int, 16> formats;
};

// https://www.postgresql.org/docs/15/errcodes-appendix.html. Only texts that cannot hold a value of
// ours are passed on.
absl::Status ErrorOf(const PGresult* result) {
  const char* field = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const absl::string_view state = field == nullptr ? "" : field;
  const char* primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  const std::string text = absl::StrFormat(
      "PostgreSQL: %s (%s)",
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

}  // namespace

void PostgresConnection::ResultDeleter::operator()(pg_result* result) const { PQclear(result); }

absl::StatusOr<std::unique_ptr<PostgresConnection>> PostgresConnection::Open(
    const std::string& url, const std::string& schema) {
  // What the URL says wins over these.
  const char* const keys[] = {"connect_timeout",           "tcp_user_timeout", "client_encoding",
                              "fallback_application_name", "dbname",           nullptr};
  const std::string name = absl::StrCat("simpul ", schema);
  const char* const values[] = {"5", "10000", "UTF8", name.c_str(), url.c_str(), nullptr};
  std::unique_ptr<PostgresConnection> connection(
      new PostgresConnection(PQconnectdbParams(keys, values, /*expand_dbname=*/1)));
  PGconn* pg = connection->connection_;
  if (PQstatus(pg) != CONNECTION_OK) {
    const char* host = PQhost(pg);
    const char* port = PQport(pg);
    return absl::UnavailableError(absl::StrFormat(
        "cannot connect to PostgreSQL at %s:%s: see whether it runs there and lets this user in",
        host == nullptr ? "?" : host, port == nullptr ? "?" : port));
  }
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
    auto made = Simple(absl::StrFormat("CREATE SCHEMA \"%s\"", schema).c_str());
    if (!made.ok() && !absl::IsAlreadyExists(made.status())) return made.status();
    failed_ = false;
  }
  return Simple(absl::StrFormat("SET search_path TO \"%s\"", schema).c_str()).status();
}

absl::StatusOr<PostgresConnection::Result> PostgresConnection::Check(Result result) {
  if (PQstatus(connection_) != CONNECTION_OK) {
    failed_ = true;
    return absl::UnavailableError("the connection to PostgreSQL was lost");
  }
  const ExecStatusType status = PQresultStatus(result.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return result;
  failed_ = true;
  return ErrorOf(result.get());
}

absl::StatusOr<PostgresConnection::Result> PostgresConnection::Simple(const char* sql) {
  return Check(Result(PQexec(connection_, sql)));
}

absl::Status PostgresConnection::Run(Use use, absl::FunctionRef<absl::Status(Transaction&)> work) {
  failed_ = false;
  auto begun = Simple(use == Use::kWrite ? "BEGIN ISOLATION LEVEL REPEATABLE READ"
                                         : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  if (!begun.ok()) return begun.status();
  absl::Status status = work(*this);
  if (status.ok() && failed_) {
    status = absl::AbortedError("a statement of this transaction had failed: it is rolled back");
  }
  if (status.ok()) return Simple("COMMIT").status();
  Simple("ROLLBACK").status().IgnoreError();
  return status;
}

absl::StatusOr<std::string> PostgresConnection::Prepare(std::string_view sql,
                                                        std::span<const Param> params) {
  key_.clear();
  for (const Param& param : params) key_.push_back(static_cast<char>('0' + param.index()));
  key_.push_back(':');
  key_.append(sql);
  if (const auto found = prepared_.find(key_); found != prepared_.end()) return found->second;
  const Bound bound(params);
  std::string name = absl::StrCat("s", prepared_.size());
  const std::string text(sql);
  auto result = Check(Result(PQprepare(connection_, name.c_str(), text.c_str(),
                                       static_cast<int>(params.size()), bound.types.data())));
  if (!result.ok()) return result.status();
  prepared_.emplace(key_, name);
  return name;
}

absl::StatusOr<PostgresConnection::Result> PostgresConnection::RunPrepared(
    std::string_view sql, std::span<const Param> params) {
  if (failed_) return absl::AbortedError("an earlier statement of this transaction failed");
  const auto name = Prepare(sql, params);
  if (!name.ok()) return name.status();
  const Bound bound(params);
  return Check(Result(PQexecPrepared(connection_, name->c_str(), static_cast<int>(params.size()),
                                     bound.values.data(), bound.lengths.data(),
                                     bound.formats.data(), /*resultFormat=*/1)));
}

absl::StatusOr<int64_t> PostgresConnection::Execute(std::string_view sql,
                                                    std::span<const Param> params) {
  const auto result = RunPrepared(sql, params);
  if (!result.ok()) return result.status();
  int64_t changed = 0;
  if (!absl::SimpleAtoi(PQcmdTuples(result->get()), &changed)) return 0;
  return changed;
}

absl::Status PostgresConnection::Query(std::string_view sql, std::span<const Param> params,
                                       absl::FunctionRef<absl::Status(const Row&)> each) {
  const auto result = RunPrepared(sql, params);
  if (!result.ok()) return result.status();
  const int rows = PQntuples(result->get());
  for (int i = 0; i < rows; ++i) {
    if (auto s = each(PostgresRow(result->get(), i)); !s.ok()) return s;
  }
  return absl::OkStatus();
}

}  // namespace simpul::store
