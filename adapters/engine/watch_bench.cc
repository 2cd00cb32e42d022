// What watching costs the legacy: watch_bench [rows]. Needs SIMPUL_TEST_POSTGRES, whose server runs
// on this machine. A minute's polls of the RADIUS mapping, one after the other, with changes before
// each; then a reconcile.
#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "adapters/engine/testing/radius_database.h"
#include "bus/observe/admin_server.h"
#include "prometheus/registry.h"

namespace simpul::engine {
namespace {

using testing::RadiusDatabase;
using testing::TestMapping;
using testing::TestStore;

constexpr int kPolls = 30;  // of a minute

double Total(const std::string& metric) {
  double total = 0;
  for (const auto& family : observe::Metrics()->Collect()) {
    if (family.name != metric) continue;
    for (const auto& child : family.metric) total += child.counter.value;
  }
  return total;
}

// What has been asked of the database so far.
struct Load {
  double queries = 0;
  double rows = 0;
  double cpu = 0;
  double events = 0;
  absl::Time at = absl::Now();
};

Load Now(RadiusDatabase& database) {
  return {.queries = Total("simpul_adapter_watch_queries_total"),
          .rows = Total("simpul_adapter_watch_rows_read_total"),
          .cpu = database.AdapterCpuSeconds(),
          .events = Total("simpul_adapter_events_total")};
}

void Print(const char* name, const Load& before, const Load& after, int runs) {
  std::printf("%-34s %6.1f queries  %8.0f rows  %7.2f ms of database CPU  %5.1f events  %7.1f ms\n",
              name, (after.queries - before.queries) / runs, (after.rows - before.rows) / runs,
              (after.cpu - before.cpu) * 1e3 / runs, (after.events - before.events) / runs,
              absl::ToDoubleMilliseconds(after.at - before.at) / runs);
}

void Must(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
  std::exit(1);
}

// Ten changes, two seconds of five: devices join, move data and leave.
void Change(RadiusDatabase& database, int number) {
  database.Run(absl::StrFormat(
      "INSERT INTO radacct (acctsessionid, acctuniqueid, username, nasipaddress, acctstarttime,"
      " acctsessiontime, acctinputoctets, acctoutputoctets) SELECT 'n', 'n%d-'||i, 'user', "
      "'10.0.0.1', now(), 0, 0, 0 FROM generate_series(1, 3) i",
      number));
  const auto some_open = [](int count) {
    return absl::StrFormat(
        " WHERE radacctid IN (SELECT radacctid FROM radacct WHERE acctstoptime IS NULL"
        " ORDER BY random() LIMIT %d)",
        count);
  };
  database.Run("UPDATE radacct SET acctupdatetime = now(), acctinputoctets = acctinputoctets + 9" +
               some_open(4));
  database.Run("UPDATE radacct SET acctstoptime = now()" + some_open(3));
}

// The watches of one adapter.
struct Watches {
  explicit Watches(RadiusDatabase& database)
      : source(database.dsn(), mapping->limits),
        sessions(Options("SourceSession")),
        hotspots(Options("SourceHotspot")) {}

  WatchOptions Options(const std::string& message) {
    return {.mapping = &*mapping,
            .plan = &mapping.Plan(message),
            .source = &source,
            .store = store.get(),
            .revisions = &revisions,
            .clock = &clock,
            .digest_secret = std::string(32, 'd'),
            .dataschema = "urn:bench"};
  }

  void Poll(Watch& watch) {
    do {
      Must(watch.Poll());
    } while (watch.has_backlog());
  }
  int Reconcile(Watch& watch) {
    int chunks = 1;
    for (auto over = watch.Reconcile(); !over.ok() || !*over; over = watch.Reconcile(), ++chunks) {
      Must(over.status());
    }
    return chunks;
  }

  TestMapping mapping{{}};
  sources::sql::Source source;
  TestStore store;
  FakeClock clock{absl::Now()};
  kafka::RevisionClock revisions{clock};
  Watch sessions;
  Watch hotspots;
};

// What an expression costs the database for each row.
void MeasureSsid(RadiusDatabase& database, const char* name, const std::string& expression) {
  const int pid = std::stoi(database.Run("SELECT pg_backend_pid()")[0][0]);
  const double before = RadiusDatabase::CpuSeconds(pid);
  const auto rows = database.Run("SELECT count(*), count(" + expression + ") FROM radacct");
  std::printf("%-34s %6.2f us of database CPU a row\n", name,
              (RadiusDatabase::CpuSeconds(pid) - before) * 1e6 / std::stod(rows[0][0]));
}

int Main(int rows) {
  RadiusDatabase database;
  database.Run("SET max_parallel_workers_per_gather = 0");
  database.Fill(rows, absl::StrFormat("i > %d AND i %% 10 = 0", rows - 50'000));
  database.Run(
      "INSERT INTO nas (nasname, shortname, secret) SELECT '10.0.0.'||i, 'ap'||i, 'x'"
      " FROM generate_series(1, 6) i");
  database.Run("VACUUM ANALYZE radacct");
  Watches watches(database);
  Load before = Now(database);
  watches.Poll(watches.sessions);
  watches.Poll(watches.hotspots);
  watches.Reconcile(watches.hotspots);
  Print("first pass", before, Now(database), 1);
  const auto open = database.Run("SELECT count(*) FROM radacct WHERE acctstoptime IS NULL");
  std::printf("%d rows, %s open, %lld watched\n", rows, open[0][0].c_str(),
              static_cast<long long>(watches.sessions.standing().rows));

  for (int run = 0; run < 3; ++run) {
    Load spent{.at = absl::UnixEpoch()};
    for (int poll = 0; poll < kPolls; ++poll) {
      Change(database, run * kPolls + poll);
      watches.clock.Advance(absl::Seconds(2));
      before = Now(database);
      watches.Poll(watches.sessions);
      const Load after = Now(database);
      spent.queries += after.queries - before.queries;
      spent.rows += after.rows - before.rows;
      spent.cpu += after.cpu - before.cpu;
      spent.events += after.events - before.events;
      spent.at += after.at - before.at;
    }
    Print("sessions, a poll", {.at = absl::UnixEpoch()}, spent, kPolls);
    before = Now(database);
    for (int i = 0; i < 12; ++i) watches.Reconcile(watches.hotspots);
    Print("hotspots, a reconcile", before, Now(database), 12);
    before = Now(database);
    const int chunks = watches.Reconcile(watches.sessions);
    Print(absl::StrFormat("sessions, a reconcile (%d chunks)", chunks).c_str(), before,
          Now(database), 1);
  }
  MeasureSsid(database, "no SSID", "calledstationid");
  MeasureSsid(
      database, "SSID by substr",
      "CASE WHEN substr(calledstationid, 18, 1) = ':' THEN substr(calledstationid, 19) END");
  MeasureSsid(database, "SSID by regular expression",
              "substring(calledstationid from '^(?:[0-9A-Fa-f]{2}[-:.]?){6}:(.*)$')");
  return 0;
}

}  // namespace
}  // namespace simpul::engine

int main(int argc, char** argv) {
  return simpul::engine::Main(argc > 1 ? std::atoi(argv[1]) : 1'000'000);
}
