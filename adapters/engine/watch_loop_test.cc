// The loop on a real database, by the machine's clock.
#include "adapters/engine/watch_loop.h"

#include <optional>

#include "absl/time/clock.h"
#include "adapters/engine/testing/radius_database.h"
#include "gmock/gmock.h"

namespace simpul::engine {
namespace {

using testing::Follower;
using testing::RadiusDatabase;
using testing::TestMapping;
using testing::TestStore;

// Whether `condition` becomes true within half a minute.
bool Eventually(const std::function<bool()>& condition) {
  for (const absl::Time deadline = absl::Now() + absl::Seconds(30); absl::Now() < deadline;) {
    if (condition()) return true;
    absl::SleepFor(absl::Milliseconds(20));
  }
  return false;
}

TEST(WatchLoop, ReconcilesThoughEachPollTakesLongerThanItsInterval) {
  RadiusDatabase database;
  const TestMapping mapping({{"every: 2s", "every: 50ms"},
                             {"every: 10m", "every: 100ms"},
                             {"gap: 5m", "gap: 1s"},
                             {"FROM radacct WHERE acctstoptime IS NULL",
                              "FROM radacct, (SELECT pg_sleep(0.1)) AS slow"
                              " WHERE acctstoptime IS NULL"}});
  sources::sql::Source source(database.dsn(/*is_odbc=*/false), mapping->limits);
  TestStore store;
  kafka::RevisionClock revisions(Clock::System());
  Watch watch({.mapping = &*mapping,
               .plan = &mapping.Plan("SourceSession"),
               .source = &source,
               .store = store.get(),
               .revisions = &revisions,
               .clock = &Clock::System(),
               .digest_secret = std::string(32, 'd'),
               .dataschema = "urn:test"});
  database.Run(
      "INSERT INTO radacct (acctsessionid, acctuniqueid, nasipaddress, acctstarttime, acctstoptime)"
      " VALUES ('a', 'open', '10.0.0.1', now(), NULL), ('b', 'closed', '10.0.0.1', now(), now())");
  Follower follower;
  std::optional<WatchLoop> loop(
      std::in_place, watch, *mapping, mapping.Plan("SourceSession"), Clock::System(), [] {},
      [](absl::Time) {});
  const auto sessions = [&] {
    follower.Follow(*store);
    return follower.sessions().size();
  };
  EXPECT_TRUE(Eventually([&] { return sessions() == 2; }));
  EXPECT_TRUE(Eventually([&] { return watch.standing().reconciled > absl::UnixEpoch(); }));
  database.Run("DELETE FROM radacct WHERE acctuniqueid = 'closed'");
  EXPECT_TRUE(Eventually([&] { return sessions() == 1; })) << "only a reconcile finds this";
  loop.reset();
}

}  // namespace
}  // namespace simpul::engine
