#include "adapters/engine/testing/radius_database.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "adapters/engine/watch_state.h"
#include "adapters/sources/sql/testing/odbc_dsn.h"
#include "bus/kafka/outbox.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"

namespace simpul::engine::testing {
namespace {

// Of the FreeRADIUS package.
constexpr char kSchema[] = "/etc/freeradius/3.0/mods-config/sql/main/postgresql/schema.sql";

std::string Contents(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  EXPECT_FALSE(text.str().empty()) << path << " cannot be read; is the package there?";
  return text.str();
}

constexpr std::pair<const char*, const char*> kTextKeys[] = {
    {"sessions/{radacctid}\n",
     "sessions/{acctuniqueid}\n    key: {column: acctuniqueid, type: TEXT}\n"},
    {"radacctid = :key", "acctuniqueid = :key"},
    {"radacctid IN (:keys)", "acctuniqueid IN (:keys)"},
    {"radacctid > :after ORDER BY radacctid", "acctuniqueid > :after ORDER BY acctuniqueid"},
    {"radacctid > :since ORDER BY radacctid",
     "(radacctid, acctuniqueid) > (:since_radacctid, :since_acctuniqueid)"
     " ORDER BY radacctid, acctuniqueid"},
    {"cursor: [radacctid]", "cursor: [radacctid, acctuniqueid]"},
    {"SELECT radacctid, acctstarttime", "SELECT radacctid, acctuniqueid, acctstarttime"},
};

std::string UriOrFail() {
  const char* uri = std::getenv("SIMPUL_TEST_POSTGRES");
  if (uri == nullptr) {
    std::fprintf(stderr, "SIMPUL_TEST_POSTGRES is not set: run it by tests/with-peers\n");
    std::exit(1);
  }
  return uri;
}

std::string NewDirectory() {
  std::string path = std::filesystem::temp_directory_path() / "engine_test_XXXXXX";
  return mkdtemp(path.data());
}

int SchemaNumber() {
  static int number = 0;
  return ++number;
}

}  // namespace

RadiusDatabase::RadiusDatabase()
    : uri_(UriOrFail()),
      schema_(absl::StrFormat("engine_test_%d_%d", getpid(), SchemaNumber())),
      connection_(PQconnectdb(uri_.c_str()), PQfinish) {
  PQsetNoticeProcessor(connection_.get(), [](void*, const char*) {}, nullptr);
  Run("CREATE SCHEMA " + schema_);
  Run("SET search_path = " + schema_ + "; SET TimeZone = 'UTC'");
  Run(Contents(kSchema));
}

RadiusDatabase::~RadiusDatabase() { Run("DROP SCHEMA " + schema_ + " CASCADE"); }

std::vector<std::vector<std::string>> RadiusDatabase::RunOn(PGconn* connection,
                                                            const std::string& sql) {
  std::vector<std::vector<std::string>> rows;
  PGresult* result = PQexec(connection, sql.c_str());
  const ExecStatusType status = PQresultStatus(result);
  EXPECT_TRUE(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
      << PQerrorMessage(connection) << sql;
  for (int row = 0; row < PQntuples(result); ++row) {
    auto& cells = rows.emplace_back();
    for (int column = 0; column < PQnfields(result); ++column) {
      cells.emplace_back(PQgetvalue(result, row, column));
    }
  }
  PQclear(result);
  return rows;
}

std::vector<std::vector<std::string>> RadiusDatabase::Run(const std::string& sql) {
  return RunOn(connection_.get(), sql);
}

std::unique_ptr<PGconn, void (*)(PGconn*)> RadiusDatabase::Connect() const {
  std::unique_ptr<PGconn, void (*)(PGconn*)> other(PQconnectdb(uri_.c_str()), PQfinish);
  RunOn(other.get(), "SET search_path = " + schema_);
  return other;
}

void RadiusDatabase::Fill(int rows, const std::string& is_open) {
  Run(absl::StrFormat(
      "INSERT INTO radacct (acctsessionid, acctuniqueid, username, nasipaddress, acctstarttime,"
      " acctupdatetime, acctstoptime, acctsessiontime, acctinputoctets, acctoutputoctets,"
      " calledstationid, callingstationid, acctterminatecause, framedipaddress)"
      " SELECT 's'||i, 'u'||i, 'user'||i, '10.0.0.1', t, t + interval '5 min',"
      " CASE WHEN %s THEN NULL ELSE t + interval '5 min' END, 300, i * 7, i * 11,"
      " '00-11-22-33-44-55:kota', 'aa-bb', 'User-Request', '10.1.0.1'"
      " FROM (SELECT i, now() - interval '30 days' * (1 - i / %d.0) AS t"
      "  FROM generate_series(1, %d) i) x",
      is_open, rows, rows));
  Run("ANALYZE radacct");
}

double RadiusDatabase::AdapterCpuSeconds() {
  double seconds = 0;
  for (const auto& row : Run("SELECT pid FROM pg_stat_activity WHERE application_name = 'simpul'"
                             " AND datname = current_database()")) {
    seconds += CpuSeconds(std::stoi(row[0]));
  }
  return seconds;
}

double RadiusDatabase::CpuSeconds(int pid) {
  double nanos = 0;  // the first number: time on a processor
  std::ifstream(absl::StrFormat("/proc/%d/schedstat", pid)) >> nanos;
  return nanos * 1e-9;
}

std::string RadiusDatabase::dsn(bool is_odbc) const {
  const std::string uri = absl::StrFormat("%s%coptions=-csearch_path%%3D%s", uri_,
                                          absl::StrContains(uri_, "?") ? '&' : '?', schema_);
  return is_odbc ? sources::sql::testing::OdbcOfUri(uri) : uri;
}

TestMapping::TestMapping(const std::vector<std::pair<std::string, std::string>>& replacements,
                         bool has_text_keys)
    : directory_(NewDirectory()) {
  std::string changed = Contents(SIMPUL_SOURCE_DIR "/adapters/diskominfo/radius/mapping.yaml");
  const auto replace = [&](const std::string& from, const std::string& to) {
    EXPECT_TRUE(absl::StrContains(changed, from)) << from;
    changed = absl::StrReplaceAll(changed, {{from, to}});
  };
  for (const auto& [from, to] : kTextKeys) {
    if (has_text_keys) replace(from, to);
  }
  for (const auto& [from, to] : replacements) replace(from, to);
  std::ofstream(directory_ + "/mapping.yaml") << changed;
  auto loaded = LoadMapping(directory_);
  EXPECT_TRUE(loaded.ok()) << loaded.status();
  if (loaded.ok()) loaded_ = *std::move(loaded);
}

TestMapping::~TestMapping() { std::filesystem::remove_all(directory_); }

const ResourcePlan& TestMapping::Plan(const std::string& message) const {
  for (const ResourcePlan& plan : loaded_->resources) {
    if (plan.message == message) return plan;
  }
  ADD_FAILURE() << "no resource " << message;
  return loaded_->resources.front();
}

void Follower::Follow(store::Store& store) {
  const auto status = store.Read([&](store::Transaction& transaction) {
    return transaction.Query("SELECT seq, data FROM outbox WHERE seq > $1 ORDER BY seq",
                             {last_seq_}, [&](const store::Row& row) {
                               last_seq_ = row.Int(0);
                               wifi::v1::SourceSessionEvent event;
                               EXPECT_TRUE(event.ParseFromString(std::string(row.Bytes(1))));
                               Apply(event);
                               return absl::OkStatus();
                             });
  });
  EXPECT_TRUE(status.ok()) << status;
}

void Follower::Apply(const wifi::v1::SourceSessionEvent& event) {
  ++events_;
  const std::string& name = event.session().name();
  const std::string key = name.substr(name.rfind('/') + 1);
  EXPECT_GT(event.revision(), revisions_[key]) << name;
  EXPECT_TRUE(event.has_observe_time());
  revisions_[key] = event.revision();
  const auto known = sessions_.find(key);
  if (event.change() == type::v1::DELETED) {
    EXPECT_NE(known, sessions_.end()) << "invented delete of " << name;
    wifi::v1::SourceSession name_only;
    name_only.set_name(name);
    EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(event.session(), name_only));
    sessions_.erase(key);
    return;
  }
  if (event.change() == type::v1::CREATED) {
    EXPECT_EQ(known, sessions_.end()) << "invented creation of " << name;
  } else {
    EXPECT_EQ(event.change(), type::v1::UPDATED);
    EXPECT_NE(known, sessions_.end()) << "update of the unknown " << name;
    if (known != sessions_.end()) {
      EXPECT_FALSE(
          google::protobuf::util::MessageDifferencer::Equals(event.session(), known->second))
          << "invented update of " << name;
    }
  }
  sessions_[key] = event.session();
}

TestStore::TestStore(store::Database database) : options_(store::FreshStore(database)) { Open(); }

void TestStore::Open() {
  auto opened = store::Store::Open(options_);
  EXPECT_TRUE(opened.ok()) << opened.status();
  store_ = *std::move(opened);
  EXPECT_TRUE(store::Migrate(*store_, "outbox", kafka::OutboxMigrations()).ok());
  EXPECT_TRUE(store::Migrate(*store_, "watch", WatchMigrations()).ok());
}

void TestStore::Close() { store_.reset(); }

TestStore::~TestStore() {
  Close();
  constexpr std::string_view kSqlite = "sqlite:";
  if (options_.url.substr(0, kSqlite.size()) == kSqlite) {
    std::filesystem::remove_all(options_.url.substr(kSqlite.size()));
  }
}

int64_t TestStore::Count(std::string_view sql) {
  int64_t count = -1;
  const auto status = store_->Read([&](store::Transaction& transaction) {
    return transaction.Query(sql, {}, [&](const store::Row& row) {
      count = row.Int(0);
      return absl::OkStatus();
    });
  });
  EXPECT_TRUE(status.ok()) << status;
  return count;
}

}  // namespace simpul::engine::testing
