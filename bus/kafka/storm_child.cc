#include "bus/kafka/storm_child.h"

#include <cstdio>
#include <iostream>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "bus/kafka/relay.h"
#include "bus/kafka/test_kafka.h"
#include "bus/observe/log.h"

namespace simpul::kafka {
namespace {

constexpr int64_t kThings = 40;
constexpr int64_t kChangesPerTransaction = 7;
// The writer waits for the relay, so that kills find all three at work.
constexpr int64_t kMostPending = 300;

constexpr store::Migration kWriterTables[] = {
    {1,
     "CREATE TABLE thing (name TEXT PRIMARY KEY, revision BIGINT NOT NULL, n BIGINT NOT NULL);"
     "CREATE TABLE total (one BIGINT PRIMARY KEY, changes BIGINT NOT NULL);"
     "INSERT INTO total (one, changes) VALUES (1, 0);"}};

// fault: what should never have come.
constexpr store::Migration kReaderTables[] = {
    {1,
     "CREATE TABLE thing (name TEXT PRIMARY KEY, revision BIGINT NOT NULL, n BIGINT NOT NULL);"
     "CREATE TABLE fault (seq {serial}, id TEXT NOT NULL, text TEXT NOT NULL);"}};

struct Thing {
  int64_t revision = 0;
  int64_t n = 0;
};

absl::StatusOr<Thing> Load(store::Transaction& t, const std::string& name) {
  Thing thing;
  auto s =
      t.Query("SELECT revision, n FROM thing WHERE name = $1", {name}, [&](const store::Row& row) {
        thing = {row.Int(0), row.Int(1)};
        return absl::OkStatus();
      });
  if (!s.ok()) return s;
  return thing;
}

absl::Status Save(store::Transaction& t, const std::string& name, const Thing& thing) {
  return t.Write(
      "INSERT INTO thing (name, revision, n) VALUES ($1, $2, $3) ON CONFLICT (name)"
      " DO UPDATE SET revision = excluded.revision, n = excluded.n",
      {name, thing.revision, thing.n});
}

// The event's data says which change of its thing it is.
absl::Status Change(store::Transaction& t, const StormPlan& plan, const RevisionClock& revisions,
                    int64_t number) {
  const std::string name = absl::StrCat("things/", number % kThings);
  auto thing = Load(t, name);
  if (!thing.ok()) return thing.status();
  thing->revision = revisions.Next(thing->revision);
  ++thing->n;
  if (auto s = Save(t, name, *thing); !s.ok()) return s;
  return AppendToOutbox(t, plan.topic, EventOf(name, thing->revision, absl::StrCat(thing->n)));
}

absl::StatusOr<Outcome> Apply(store::Transaction& t, const Record& record) {
  const Event& event = record.event;
  int64_t revision = 0;
  int64_t n = 0;
  if (!absl::SimpleAtoi(event.id.substr(event.id.rfind('@') + 1), &revision) ||
      !absl::SimpleAtoi(event.data, &n)) {
    return absl::InvalidArgumentError("no change of the storm");
  }
  auto thing = Load(t, event.subject);
  if (!thing.ok()) return thing.status();
  if (revision <= thing->revision) return Outcome::kDuplicate;
  if (n != thing->n + 1) {
    const std::string text = absl::StrCat("change ", n, " came after ", thing->n);
    auto s = t.Write("INSERT INTO fault (id, text) VALUES ($1, $2)", {event.id, text});
    if (!s.ok()) return s;
  }
  if (auto s = Save(t, event.subject, {revision, n}); !s.ok()) return s;
  // An event of its own, as a domain service's.
  if (auto s = AppendToOutbox(t, "public", event); !s.ok()) return s;
  return Outcome::kDelivered;
}

// One transaction's worth; the count of all changes after it.
absl::StatusOr<int64_t> Write(store::Store& store, const StormPlan& plan,
                              const RevisionClock& revisions, int64_t until) {
  int64_t changes = 0;
  const absl::Status status = store.Transact([&](store::Transaction& t) -> absl::Status {
    auto s = t.Query("SELECT changes FROM total", {}, [&](const store::Row& row) {
      changes = row.Int(0);
      return absl::OkStatus();
    });
    const int64_t end = std::min(until, changes + kChangesPerTransaction);
    for (; s.ok() && changes < end; ++changes) s = Change(t, plan, revisions, changes);
    if (!s.ok()) return s;
    return t.Write("UPDATE total SET changes = $1", {changes});
  });
  if (!status.ok()) return status;
  return changes;
}

int64_t Delivered(store::Store& reader) {
  return QueryInt(reader, "SELECT COALESCE(SUM(delivered), 0) FROM consumer_offset");
}

int Fail(const absl::Status& status) {
  std::cerr << "kafka_storm: child: " << observe::StatusText(status) << std::endl;
  return 1;
}

int Work(const StormPlan& plan, int64_t until) {
  auto writer = OpenStore(plan.writer);
  auto reader = OpenStore(plan.reader);
  if (auto s = store::Migrate(*writer, "storm", kWriterTables); !s.ok()) return Fail(s);
  if (auto s = store::Migrate(*reader, "storm", kReaderTables); !s.ok()) return Fail(s);
  RevisionClock revisions(Clock::System());
  auto relay = Relay::Start({.connection = BrokerConnection(),
                             .store = writer.get(),
                             .part = "storm",
                             .topics = {{plan.topic, 3}},
                             .revisions = &revisions});
  if (!relay.ok()) return Fail(relay.status());
  auto consumer = Consumer::Start({.connection = BrokerConnection(),
                                   .group = plan.topic,
                                   .store = reader.get(),
                                   .topics = {plan.topic}},
                                  Apply, nullptr);
  if (!consumer.ok()) return Fail(consumer.status());
  for (int64_t changes = 0; changes < until;) {
    auto written = Write(*writer, plan, revisions, until);
    if (!written.ok()) return Fail(written.status());
    changes = *written;
    (*relay)->Wake();
    Eventually([&] { return (*relay)->counts().pending < kMostPending; }, absl::Seconds(60));
  }
  const absl::Duration limit = absl::Seconds(90 + until / 500);
  return Eventually([&] { return Delivered(*reader) >= until; }, limit) &&
                 Eventually([&] { return (*relay)->counts().pending == 0; }, limit)
             ? 0
             : Fail(absl::DeadlineExceededError("not all changes were applied in time"));
}

bool Expect(const char* what, int64_t found, int64_t wanted) {
  std::cout << "  " << what << ": " << found;
  if (found != wanted) std::cout << ", but " << wanted << " were expected";
  std::cout << std::endl;
  return found == wanted;
}

}  // namespace

std::vector<std::string> StormPlan::ToArguments(int64_t until) const {
  return {writer.url, writer.part, reader.url, reader.part, topic, absl::StrCat(until)};
}

int RunStormChild(const std::vector<std::string>& arguments) {
  int64_t until = 0;
  if (arguments.size() != 6 || !absl::SimpleAtoi(arguments[5], &until)) {
    return Fail(absl::InvalidArgumentError("six arguments, as StormPlan gives them"));
  }
  return Work({{arguments[0], arguments[1]}, {arguments[2], arguments[3]}, arguments[4]}, until);
}

bool CheckStorm(const StormPlan& plan, int64_t changes) {
  auto writer = OpenStore(plan.writer);
  auto reader = OpenStore(plan.reader);
  const auto log = AllIdsOn(BrokerConnection(), plan.topic);
  const auto in_log = static_cast<int64_t>(log.size());
  const int64_t doubles =
      in_log - static_cast<int64_t>(std::set<std::string>(log.begin(), log.end()).size());
  const int64_t delivered = Delivered(*reader);
  const int64_t duplicate = QueryInt(*reader, "SELECT SUM(duplicate) FROM consumer_offset");
  const int64_t rest =
      QueryInt(*reader, "SELECT SUM(parked + filtered + expired) FROM consumer_offset");
  const int64_t in =
      QueryInt(*reader, "SELECT SUM(next_offset - first_offset) FROM consumer_offset");
  bool good = Expect("changes made", QueryInt(*writer, "SELECT changes FROM total"), changes);
  good &= Expect("delivered", delivered, changes);
  good &= Expect("own events recorded", QueryInt(*reader, "SELECT COUNT(*) FROM outbox"), changes);
  good &= Expect("last states", QueryInt(*reader, "SELECT SUM(n) FROM thing"), changes);
  good &= Expect("out of order or missing", QueryInt(*reader, "SELECT COUNT(*) FROM fault"), 0);
  good &= Expect("unsent", QueryInt(*writer, "SELECT COUNT(*) FROM outbox_unsent"), 0);
  good &= Expect("parked, filtered, expired", rest, 0);
  good &= Expect("duplicates seen", duplicate, doubles);
  good &= Expect("in = delivered + duplicate", in, delivered + duplicate);
  good &= Expect("in = records in the log", in, in_log);
  // One broker answers in order, so what a killed relay had on its way is there when the next one
  // looks back.
  good &= Expect("doubles in the log", doubles, 0);
  return good;
}

}  // namespace simpul::kafka
