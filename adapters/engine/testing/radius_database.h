// A RADIUS accounting database on the tests' PostgreSQL, and a watch of it by the mapping that
// ships.
#ifndef SIMPUL_ADAPTERS_ENGINE_TESTING_RADIUS_DATABASE_H_
#define SIMPUL_ADAPTERS_ENGINE_TESTING_RADIUS_DATABASE_H_

#include <functional>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "adapters/engine/mapping.h"
#include "adapters/engine/watch.h"
#include "adapters/sources/sql/source.h"
#include "bus/kafka/outbox.h"
#include "bus/store/store.h"
#include "bus/store/test_store.h"
#include "bus/testing/clock.h"
#include "libpq-fe.h"
#include "simpul/wifi/v1/source.pb.h"

namespace simpul::engine::testing {

// One way to watch a database: through which driver, by what keys, into which store.
struct Way {
  const char* name;
  store::Database store;
  bool is_odbc;
  bool has_text_keys;
};
inline void PrintTo(const Way& way, std::ostream* out) { *out << way.name; }
// Each pair of choices is in one of them.
inline constexpr Way kWays[] = {
    {"LibpqNumbersSqlite", store::Database::kSqlite, false, false},
    {"LibpqTextsPostgres", store::Database::kPostgres, false, true},
    {"OdbcNumbersPostgres", store::Database::kPostgres, true, false},
    {"OdbcTextsSqlite", store::Database::kSqlite, true, true},
};

// A schema of its own with the tables that the FreeRADIUS package makes. Dropped when destroyed.
// One thread.
class RadiusDatabase {
 public:
  // Ends the test if SIMPUL_TEST_POSTGRES is not set.
  RadiusDatabase();
  ~RadiusDatabase();

  // Runs SQL on the main connection; rows come back as text.
  std::vector<std::vector<std::string>> Run(const std::string& sql);
  // Another connection to the same schema, for transactions that stay open.
  std::unique_ptr<PGconn, void (*)(PGconn*)> Connect() const;
  static std::vector<std::vector<std::string>> RunOn(PGconn* connection, const std::string& sql);

  // `rows` sessions, begun within the last 30 days in the order of their keys. Open are those of
  // which `is_open` is true: SQL on their number `i`, from 1.
  void Fill(int rows, const std::string& is_open);

  // CPU seconds that the server has spent for the connections of adapters that are open now.
  double AdapterCpuSeconds();
  // The same for one of its processes on this machine.
  static double CpuSeconds(int pid);

  // For an adapter: sees this schema alone.
  std::string dsn(bool is_odbc = false) const;

 private:
  const std::string uri_;
  const std::string schema_;
  std::unique_ptr<PGconn, void (*)(PGconn*)> connection_;
};

// The mapping that ships, with some of its text replaced, in a directory that goes when destroyed.
class TestMapping {
 public:
  // `has_text_keys`: sessions are known by acctuniqueid, and new ones found by two columns.
  explicit TestMapping(const std::vector<std::pair<std::string, std::string>>& replacements,
                       bool has_text_keys = false);
  ~TestMapping();
  const LoadedMapping& operator*() const { return *loaded_; }
  const LoadedMapping* operator->() const { return loaded_.get(); }
  const ResourcePlan& Plan(const std::string& message) const;
  const std::string& directory() const { return directory_; }

 private:
  std::string directory_;
  std::unique_ptr<const LoadedMapping> loaded_;
};

// What a consumer of the source topic makes of the outbox; finds events that say what is not so.
class Follower {
 public:
  // Applies what the outbox has got since the last call. Fails the test for an event whose revision
  // is not greater, a CREATED of what is there, a DELETED of what is not, an UPDATED that changes
  // nothing.
  void Follow(store::Store& store);

  // The sessions as the events left them, by key.
  const std::map<std::string, wifi::v1::SourceSession>& sessions() const { return sessions_; }
  int64_t events() const { return events_; }

 private:
  void Apply(const wifi::v1::SourceSessionEvent& event);

  int64_t last_seq_ = 0;
  int64_t events_ = 0;
  std::map<std::string, wifi::v1::SourceSession> sessions_;
  std::map<std::string, int64_t> revisions_;
};

// A store that nobody has used, migrated for a watch. A file of SQLite goes when destroyed.
class TestStore {
 public:
  explicit TestStore(store::Database database = store::Database::kSqlite);
  ~TestStore();
  // For another process, which has it until the next Open.
  void Close();
  void Open();
  store::Store& operator*() { return *store_; }
  store::Store* get() { return store_.get(); }
  int64_t Count(std::string_view sql);

 private:
  const store::StoreOptions options_;
  std::unique_ptr<store::Store> store_;
};

}  // namespace simpul::engine::testing

#endif  // SIMPUL_ADAPTERS_ENGINE_TESTING_RADIUS_DATABASE_H_
