// No query of the RADIUS mapping reads more than an index gives it, as PostgreSQL itself explains
// on the schema of the FreeRADIUS package. Goes by the mapping file: what is changed there is
// checked.
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "adapters/engine/testing/radius_database.h"
#include "gmock/gmock.h"

namespace simpul::engine {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::RadiusDatabase;
using testing::TestMapping;

constexpr int kSessions = 60000;
constexpr int kHotspots = 6000;

// So many rows that reading all of a table is never the cheapest way.
void Fill(RadiusDatabase& database) {
  database.Run(absl::StrFormat(
      "INSERT INTO radacct (acctsessionid, acctuniqueid, username, nasipaddress, acctstarttime,"
      " acctupdatetime, acctstoptime, acctsessiontime)"
      " SELECT 's', 'u'||i, 'user'||i %% 500, '10.0.0.1', t, t, CASE WHEN i %% 100 > 0 THEN t END,"
      " 60 FROM (SELECT i, now() - interval '1 min' * (%d - i) AS t"
      "  FROM generate_series(1, %d) i) x",
      kSessions, kSessions));
  database.Run(absl::StrFormat(
      "INSERT INTO nas (nasname, shortname, secret) SELECT '10.0.0.'||i, 'ap'||i, 'x'"
      " FROM generate_series(1, %d) i",
      kHotspots));
  database.Run("ANALYZE radacct; ANALYZE nas");
}

// What to bind: `after` is where a page or a poll goes on from.
std::string Arguments(const sources::sql::Statement& statement, int after, int limit) {
  std::vector<std::string> arguments;
  for (const std::string& name : statement.parameters()) {
    const size_t count = name == "keys" ? sources::Bindings::kMaxKeys : 1;
    for (size_t i = 0; i < count; ++i) {
      const int value = name == "limit" ? limit : after + static_cast<int>(i);
      arguments.push_back(absl::StrFormat("'%d'", value));
    }
  }
  return arguments.empty() ? "" : "(" + absl::StrJoin(arguments, ", ") + ")";
}

// What is wrong with how a query was run, if an index should have given it all. Text of EXPLAIN
// ANALYZE.
std::string Excess(const std::string& explained) {
  for (const char* excess : {"Seq Scan", "Rows Removed by", "Sort", "Hash", "lossy"}) {
    if (absl::StrContains(explained, excess)) return excess;
  }
  return absl::StrContains(explained, "Index") ? "" : "no index";
}

// Explains each query of the mapping as it is prepared by the source: from the first row and from a
// late one, planned for these values and for any. Gives "<file>:<line>: <excess>".
std::vector<std::string> Excesses(RadiusDatabase& database, const LoadedMapping& mapping) {
  std::vector<std::string> found;
  int number = 0;
  for (const ResourcePlan& plan : mapping.resources) {
    const int last = plan.message == "SourceSession" ? kSessions : kHotspots;
    for (const MappedQuery* query : {&plan.get, &plan.list, &plan.watch.keys, &plan.watch.fresh,
                                     &plan.watch.open, &plan.watch.reconcile}) {
      if (query->empty()) continue;
      const auto& statement = static_cast<const sources::sql::Statement&>(*query->query);
      const std::string name = absl::StrFormat("q%d", ++number);
      database.Run("PREPARE " + name + " AS " + statement.dollars());
      for (const char* mode : {"force_custom_plan", "force_generic_plan"}) {
        database.Run(absl::StrFormat("SET plan_cache_mode = %s", mode));
        for (const int after : {1, last - 1000}) {
          std::string explained;
          for (const auto& row : database.Run("EXPLAIN ANALYZE EXECUTE " + name +
                                              Arguments(statement, after, mapping.limits.rows))) {
            explained += row[0] + "\n";
          }
          const std::string excess = Excess(explained);
          if (excess.empty()) continue;
          found.push_back(query->where.substr(query->where.rfind('/') + 1) + ": " + excess);
          std::printf("%s, %s, after %d:\n%s\n", query->where.c_str(), mode, after,
                      explained.c_str());
        }
      }
      database.Run("DEALLOCATE " + name);
    }
  }
  return found;
}

TEST(WatchLoad, NoQueryReadsMoreThanAnIndexGives) {
  RadiusDatabase database;
  Fill(database);
  const TestMapping mapping({});
  EXPECT_THAT(Excesses(database, *mapping), IsEmpty());
}

struct Spoilt {
  const char* from;
  const char* to;
  const char* excess;
};

TEST(WatchLoad, FindsWhatReadsMore) {
  RadiusDatabase database;
  Fill(database);
  for (const Spoilt& spoilt : {
           Spoilt{"WHERE acctstoptime IS NULL", "WHERE acctupdatetime > now() - interval '2 min'",
                  "Seq Scan"},
           Spoilt{"radacctid > :since ORDER BY",
                  "radacctid > :since AND username = 'user1' ORDER BY", "Rows Removed by"},
           Spoilt{"radacctid > :after ORDER BY radacctid",
                  "radacctid > :after AND radacctid IN (SELECT radacctid FROM radacct WHERE"
                  " radacctid < 900 ORDER BY acctsessionid LIMIT 10) ORDER BY radacctid",
                  "Sort"},
           Spoilt{"radacctid = :key", "abs(radacctid) = :key", "Seq Scan"},
           Spoilt{"FROM nas WHERE id IN", "FROM nas WHERE ports IN", "Seq Scan"},
       }) {
    const TestMapping mapping({std::pair<std::string, std::string>(spoilt.from, spoilt.to)});
    EXPECT_THAT(Excesses(database, *mapping), ::testing::Contains(HasSubstr(spoilt.excess)))
        << spoilt.to;
  }
}

}  // namespace
}  // namespace simpul::engine
