// Change capture as a property: whatever happens in the database, a consumer of the events ends
// with what the table says; nothing is missed and nothing invented.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <deque>
#include <random>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "adapters/engine/testing/radius_database.h"
#include "adapters/engine/watch.h"
#include "bus/testing/fault_point.h"
#include "gmock/gmock.h"

namespace simpul::engine {
namespace {

using testing::Follower;
using testing::RadiusDatabase;
using testing::TestMapping;
using testing::TestStore;
using testing::Way;

bool IsSoak() { return std::getenv("SIMPUL_SOAK") != nullptr; }

uint32_t Seed() {
  const char* seed = std::getenv("SIMPUL_SEED");
  const uint32_t value =
      seed != nullptr ? static_cast<uint32_t>(std::atoi(seed)) : std::random_device()();
  std::printf("SIMPUL_SEED=%u\n", value);
  return value;
}

// A city's accounting that never rests.
class City {
 public:
  City(RadiusDatabase& database, uint32_t seed) : database_(database), random_(seed) {}

  // `count` rows, a few of them open.
  void Fill(int count) {
    database_.Fill(count, "i % 97 = 0");
    next_ = count + 1;
  }

  // Some of everything that can happen between two polls.
  void Live() {
    for (int i = Pick(0, 12); i > 0; --i) database_.Run(Insert());
    if (Pick(0, 2) == 0) BeginLate();
    if (!late_.empty() && Pick(0, 3) == 0) CommitLate();
    const std::string open =
        "SELECT radacctid FROM radacct WHERE acctstoptime IS NULL"
        " ORDER BY random() LIMIT 5";
    Change(open, "acctupdatetime = now(), acctinputoctets = acctinputoctets + 1000");
    Change(open, "acctstoptime = now(), acctterminatecause = 'Lost-Carrier'");
    if (Pick(0, 2) == 0) Change(Recent(3), "acctoutputoctets = acctoutputoctets + 5");
    if (Pick(0, 4) == 0) Change(Recent(1), "acctstoptime = NULL");
    if (Pick(0, 4) == 0) Change(Recent(2), "acctsessiontime = 999999999999999");  // unfit
    if (Pick(0, 4) == 0) {
      Change("SELECT radacctid FROM radacct WHERE acctsessiontime = 999999999999999 LIMIT 2",
             "acctsessiontime = 60");
    }
    if (Pick(0, 2) == 0) Remove(Recent(2));
    if (Pick(0, 5) == 0) Remove(open);
    if (Pick(0, 3) == 0) ThereAndBack();
  }

  void Settle() {
    while (!late_.empty()) CommitLate();
  }

 private:
  int Pick(int from, int to) { return std::uniform_int_distribution<int>(from, to)(random_); }

  // A start; the times are those of an access point, and many are equal.
  std::string Insert() {
    const int i = next_++;
    return absl::StrFormat(
        "INSERT INTO radacct (acctsessionid, acctuniqueid, username, nasipaddress, acctstarttime,"
        " acctsessiontime, acctinputoctets, acctoutputoctets, calledstationid, acctstoptime)"
        " VALUES ('s%d', 'u%d', 'user%d', '10.0.0.%d', date_trunc('minute', now()) - interval"
        " '%d min', 0, %d, 0, '00-11-22-33-44-55:kota', %s)",
        i, i, i, i % 5, Pick(0, 90), i, i % 3 == 0 ? "now()" : "NULL");
  }

  // A key that is given now and committed later, after greater ones.
  void BeginLate() {
    late_.push_back(database_.Connect());
    RadiusDatabase::RunOn(late_.back().get(), "BEGIN");
    for (int i = Pick(1, 3); i > 0; --i) RadiusDatabase::RunOn(late_.back().get(), Insert());
  }

  void CommitLate() {
    RadiusDatabase::RunOn(late_.front().get(), Pick(0, 4) == 0 ? "ROLLBACK" : "COMMIT");
    late_.pop_front();
  }

  // Closed rows within the horizon.
  static std::string Recent(int count) {
    return absl::StrFormat(
        "SELECT radacctid FROM radacct WHERE acctstoptime IS NOT NULL AND"
        " acctstarttime > now() - interval '6 days' ORDER BY random() LIMIT %d",
        count);
  }

  void Change(const std::string& which, const std::string& how) {
    database_.Run(absl::StrFormat("UPDATE radacct SET %s WHERE radacctid IN (%s)", how, which));
  }
  void Remove(const std::string& which) {
    database_.Run(absl::StrFormat("DELETE FROM radacct WHERE radacctid IN (%s)", which));
  }

  // A -> B -> A between two polls: nothing has happened.
  void ThereAndBack() {
    const auto rows = database_.Run(Recent(1));
    if (rows.empty()) return;
    for (const char* sign : {"+", "-"}) {
      database_.Run(absl::StrFormat(
          "UPDATE radacct SET acctinputoctets = acctinputoctets %s 77 WHERE radacctid = %s", sign,
          rows[0][0]));
    }
  }

  RadiusDatabase& database_;
  std::mt19937 random_;
  int next_ = 1;
  std::deque<std::unique_ptr<PGconn, void (*)(PGconn*)>> late_;
};

std::string Micros(const google::protobuf::Timestamp& time, bool is_set) {
  if (!is_set) return "";
  return std::to_string(time.seconds() * 1'000'000 + time.nanos() / 1000);
}

// A session as one line, to be held against the table's own.
std::string Line(const wifi::v1::SourceSession& s) {
  return absl::StrJoin(
      {s.unique_id(), s.nas_address(), s.ssid(), Micros(s.start_time(), s.has_start_time()),
       Micros(s.update_time(), s.has_update_time()), Micros(s.stop_time(), s.has_stop_time()),
       std::to_string(s.session_time().seconds()), std::to_string(s.input_bytes()),
       std::to_string(s.output_bytes()), s.terminate_cause(), s.user()},
      "|");
}

// The rows that fit, as lines by key, straight from the database.
std::map<std::string, std::string> Table(RadiusDatabase& database, const std::string& key) {
  std::map<std::string, std::string> lines;
  for (const auto& row :
       database.Run("SELECT " + key +
                    ", concat_ws('|', acctuniqueid, host(nasipaddress), 'kota',"
                    " coalesce((extract(epoch from acctstarttime) * 1000000)::bigint::text, ''),"
                    " coalesce((extract(epoch from acctupdatetime) * 1000000)::bigint::text, ''),"
                    " coalesce((extract(epoch from acctstoptime) * 1000000)::bigint::text, ''),"
                    " acctsessiontime, acctinputoctets, acctoutputoctets,"
                    " coalesce(acctterminatecause, ''), username)"
                    " FROM radacct WHERE acctsessiontime < 999999999999999")) {
    lines[row[0]] = row[1];
  }
  return lines;
}

// Holds what the events told against the table.
void Compare(RadiusDatabase& database, const std::string& key_column, const Follower& follower,
             TestStore& store) {
  const auto table = Table(database, key_column);
  const auto unfit = database.Run("SELECT " + key_column +
                                  " FROM radacct WHERE acctsessiontime >= 999999999999999");
  std::map<std::string, std::string> followed;
  for (const auto& [key, session] : follower.sessions()) followed[key] = Line(session);
  for (const auto& row : unfit) followed.erase(row[0]);
  int missed = 0, invented = 0, stale = 0;
  for (const auto& [key, line] : table) {
    const auto it = followed.find(key);
    if (it == followed.end()) {
      if (++missed <= 3) ADD_FAILURE() << "missed " << key << ": " << line;
    } else if (it->second != line) {
      if (++stale <= 3) ADD_FAILURE() << "stale " << key << ": " << it->second << " is " << line;
    }
  }
  for (const auto& [key, line] : followed) {
    if (table.count(key) == 0 && ++invented <= 3) ADD_FAILURE() << "gone, not deleted: " << key;
  }
  EXPECT_EQ(missed, 0);
  EXPECT_EQ(stale, 0);
  EXPECT_EQ(invented, 0);
  EXPECT_EQ(store.Count("SELECT count(*) FROM watch_parked"), static_cast<int64_t>(unfit.size()));
}

class WatchProperty : public ::testing::TestWithParam<Way> {};

TEST_P(WatchProperty, MissesNothingAndInventsNothing) {
  const Way& way = GetParam();
  const std::string key_column = way.has_text_keys ? "acctuniqueid" : "radacctid";
  const int rows = IsSoak() ? 1'000'000 : 10'000;
  const int rounds = IsSoak() ? 300 : 120;
  const uint32_t seed = Seed();
  RadiusDatabase database;
  City city(database, seed);
  city.Fill(rows);
  // Small pages, so that there are many; and a gap that some late commits outlive.
  const TestMapping mapping({{"rows: 5000", IsSoak() ? "rows: 5000" : "rows: 500"},
                             {"gap: 5m", "gap: 10s"},
                             {"timeout: 5s", "timeout: 60s"}},
                            way.has_text_keys);
  sources::sql::Source source(database.dsn(way.is_odbc), mapping->limits);
  TestStore store(way.store);
  FakeClock clock(absl::Now());
  kafka::RevisionClock revisions(clock);
  const auto start_watch = [&] {
    return std::make_unique<Watch>(WatchOptions{.mapping = &*mapping,
                                                .plan = &mapping.Plan("SourceSession"),
                                                .source = &source,
                                                .store = store.get(),
                                                .revisions = &revisions,
                                                .clock = &clock,
                                                .digest_secret = std::string(32, 'd'),
                                                .dataschema = "urn:test",
                                                .rows_per_commit = 300});
  };
  auto watch = start_watch();
  Follower follower;
  std::mt19937 random(seed + 1);
  const auto poll = [&] {
    for (bool goes_on = true; goes_on;) {
      const auto status = watch->Poll();
      ASSERT_TRUE(status.ok()) << status;
      goes_on = watch->has_backlog();                 // what was committed of it stands
      if (random() % 20 == 0) watch = start_watch();  // a crash between two commits
    }
    follower.Follow(*store);
  };
  const auto reconcile = [&] {
    for (bool is_over = false; !is_over;) {
      auto done = watch->Reconcile();
      ASSERT_TRUE(done.ok()) << done.status();
      is_over = *done;
    }
    follower.Follow(*store);
  };

  const absl::Time began = absl::Now();
  poll();
  std::printf("first pass: %d rows in %s\n", rows,
              absl::FormatDuration(absl::Now() - began).c_str());
  for (int round = 0; round < rounds; ++round) {
    clock.Advance(absl::Seconds(2));
    city.Live();
    poll();
    if (round % 15 == 14) reconcile();
    if (random() % 25 == 0) watch = start_watch();
    if (HasFatalFailure()) return;
  }
  city.Settle();
  clock.Advance(absl::Seconds(2));
  poll();
  reconcile();
  EXPECT_EQ(watch->standing().held_deletes, 0);

  Compare(database, key_column, follower, store);
  std::printf("%lld events, %lld watched; state %lld bytes\n",
              static_cast<long long>(follower.events()),
              static_cast<long long>(watch->standing().rows),
              static_cast<long long>(store.Count("SELECT sum(length(packed)) FROM watch_bucket")));
}

// What a process of its own does until it is killed at a fault point: a poll and a reconcile.
struct Doomed {
  const Way& way;
  RadiusDatabase& database;
  const TestMapping& mapping;
  TestStore& store;
  FakeClock& clock;

  absl::Status Work() const {
    store.Open();
    kafka::RevisionClock revisions(clock);
    sources::sql::Source source(database.dsn(way.is_odbc), mapping->limits);
    Watch watch({.mapping = &*mapping,
                 .plan = &mapping.Plan("SourceSession"),
                 .source = &source,
                 .store = store.get(),
                 .revisions = &revisions,
                 .clock = &clock,
                 .digest_secret = std::string(32, 'd'),
                 .dataschema = "urn:test",
                 .rows_per_commit = 300});
    do {
      if (auto s = watch.Poll(); !s.ok()) return s;
    } while (watch.has_backlog());
    while (true) {
      auto is_over = watch.Reconcile();
      if (!is_over.ok() || *is_over) return is_over.status();
    }
  }

  // Whether it was killed. An empty `point`: it is not.
  bool Run(std::string_view point, long passes) const {
    store.Close();
    const pid_t pid = fork();
    if (pid == 0) {
      FaultPoint::Arm(point, passes);
      const absl::Status status = Work();
      if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
      _exit(status.ok() ? 0 : 1);
    }
    int code = 0;
    waitpid(pid, &code, 0);
    store.Open();
    const bool was_killed = WIFSIGNALED(code) && WTERMSIG(code) == SIGKILL;
    EXPECT_TRUE(was_killed || code == 0) << point;
    return was_killed;
  }
};

TEST_P(WatchProperty, LosesNothingWhenKilledAtEachOfItsFaultPoints) {
  const Way& way = GetParam();
  RadiusDatabase database;
  City city(database, Seed());
  city.Fill(2000);
  const TestMapping mapping(
      {{"rows: 5000", "rows: 500"}, {"gap: 5m", "gap: 10s"}, {"timeout: 5s", "timeout: 60s"}},
      way.has_text_keys);
  TestStore store(way.store);
  FakeClock clock(absl::Now());
  const Doomed doomed{way, database, mapping, store, clock};
  Follower follower;
  for (const std::string_view point : FaultPoint::All()) {
    if (point.substr(0, 7) != "engine." && point.substr(0, 7) != "outbox.") continue;
    for (const long passes : {1, 2, 5}) {
      clock.Advance(absl::Seconds(2));
      city.Live();
      const bool was_killed = doomed.Run(point, passes);
      EXPECT_TRUE(was_killed || passes > 1) << point;
      follower.Follow(*store);
    }
  }
  city.Settle();
  clock.Advance(absl::Seconds(2));
  doomed.Run("", 0);
  doomed.Run("", 0);
  follower.Follow(*store);
  Compare(database, way.has_text_keys ? "acctuniqueid" : "radacctid", follower, store);
}

INSTANTIATE_TEST_SUITE_P(Ways, WatchProperty, ::testing::ValuesIn(testing::kWays),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace simpul::engine
