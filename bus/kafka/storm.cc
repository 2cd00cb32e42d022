// The kill storm: a child process that writes, relays and consumes between two stores over a real
// broker is killed at every fault point and at random times; in the end every change has to be
// applied exactly once, in order, and the accounting has to balance.
//
//   kafka_storm --database sqlite|postgres [--changes N] [--kills N] [--seed N] [--broker-restart
//   CMD]
//
// SIMPUL_STORM_CHANGES and SIMPUL_STORM_KILLS stand in for the flags, for `make soak`. The seed is
// printed. Under tests/with-peers the broker is killed and started again in the middle of the
// random kills.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <iostream>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bus/kafka/storm_child.h"
#include "bus/kafka/test_kafka.h"
#include "bus/observe/log.h"
#include "bus/testing/fault_point.h"

extern char** environ;

namespace simpul::kafka {
namespace {

constexpr absl::Duration kRunLimit = absl::Seconds(120);
// Rounds that end at random get more work, so that most end in the middle of it.
constexpr int64_t kRandomWeight = 8;

struct Flags {
  store::Database database = store::Database::kSqlite;
  int64_t changes = 10'000;
  int64_t kills = 15;
  uint64_t seed = 0;
  std::string broker_restart;
};

[[noreturn]] void Die(const std::string& why) {
  std::cerr << "kafka_storm: " << why << std::endl;
  std::_Exit(1);
}

int64_t NumberOf(absl::string_view name, absl::string_view text) {
  int64_t value = 0;
  if (!absl::SimpleAtoi(text, &value) || value < 0) Die(absl::StrCat(name, " is no number"));
  return value;
}

Flags ParseFlags(const std::vector<std::string>& args) {
  Flags flags;
  flags.seed = std::random_device()();
  if (const char* n = std::getenv("SIMPUL_STORM_CHANGES")) flags.changes = NumberOf("changes", n);
  if (const char* n = std::getenv("SIMPUL_STORM_KILLS")) flags.kills = NumberOf("kills", n);
  for (size_t i = 0; i + 1 < args.size(); i += 2) {
    const std::string& value = args[i + 1];
    if (args[i] == "--database") {
      flags.database = value == "postgres" ? store::Database::kPostgres : store::Database::kSqlite;
    } else if (args[i] == "--changes") {
      flags.changes = NumberOf(args[i], value);
    } else if (args[i] == "--kills") {
      flags.kills = NumberOf(args[i], value);
    } else if (args[i] == "--seed") {
      flags.seed = static_cast<uint64_t>(NumberOf(args[i], value));
    } else if (args[i] == "--broker-restart") {
      flags.broker_restart = value;
    } else {
      Die(absl::StrCat("no such flag: ", args[i]));
    }
  }
  return flags;
}

// Starts this program as the child, with SIMPUL_FAULT=`fault` if that is not empty.
pid_t Spawn(const StormPlan& plan, int64_t until, const std::string& fault) {
  std::vector<std::string> args = plan.ToArguments(until);
  args.insert(args.begin(), {"kafka_storm", "--child"});
  std::vector<char*> argv;
  for (std::string& arg : args) argv.push_back(arg.data());
  argv.push_back(nullptr);
  std::string setting = absl::StrCat("SIMPUL_FAULT=", fault);
  std::vector<char*> env;
  for (char** e = environ; *e != nullptr; ++e) {
    if (!absl::StartsWith(*e, "SIMPUL_FAULT=")) env.push_back(*e);
  }
  if (!fault.empty()) env.push_back(setting.data());
  env.push_back(nullptr);
  pid_t child = 0;
  if (posix_spawn(&child, "/proc/self/exe", nullptr, nullptr, argv.data(), env.data()) != 0) {
    Die("cannot start the child");
  }
  return child;
}

// Whether the child was killed (true) or came to its end with success (false), within `limit`;
// kills it then, if `kill_then`.
bool WaitFor(pid_t child, absl::Duration limit, bool kill_then) {
  const absl::Time deadline = absl::Now() + limit;
  int status = 0;
  while (waitpid(child, &status, WNOHANG) == 0) {
    if (absl::Now() > deadline) {
      kill(child, SIGKILL);
      waitpid(child, &status, 0);
      if (!kill_then) Die("the child hangs; see its log above");
      return true;
    }
    absl::SleepFor(absl::Milliseconds(5));
  }
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return true;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return false;
  Die(absl::StrCat("the child failed by itself, status ", status));
}

class Storm {
 public:
  explicit Storm(Flags flags) : flags_(std::move(flags)), random_(flags_.seed) {
    plan_.writer = store::FreshStore(flags_.database);
    plan_.reader = store::FreshStore(flags_.database);
    plan_.topic = FreshName("storm");
  }

  int Run() {
    std::cout << "kafka_storm: " << store::NameOf(flags_.database) << ", " << flags_.changes
              << " changes, seed " << flags_.seed << std::endl;
    if (plan_.writer.url.empty()) Die(store::kNoPostgres);
    std::vector<std::string> points;
    for (const std::string_view name : FaultPoint::All()) {
      points.emplace_back(name);
    }
    weights_ = static_cast<int64_t>(points.size()) * 2 + flags_.kills * kRandomWeight;
    for (const std::string& point : points) AtPoint(point);
    for (int64_t i = 0; i < flags_.kills; ++i) AtRandom(i);
    const absl::Time begun = absl::Now();
    if (WaitFor(Spawn(plan_, flags_.changes, ""), kRunLimit + absl::Seconds(flags_.changes / 500),
                false)) {
      Die("the last child was killed by somebody else");
    }
    std::cout << "kafka_storm: " << kills_ << " kills; the rest took "
              << absl::FormatDuration(absl::Now() - begun) << std::endl;
    return CheckStorm(plan_, flags_.changes) ? 0 : 1;
  }

 private:
  // The child gets new work for each round, so that every point comes by.
  int64_t NextGoal(int64_t weight) {
    done_ += weight;
    return flags_.changes * done_ / weights_;
  }

  void AtPoint(const std::string& point) {
    for (const int pass : {1, std::uniform_int_distribution<int>(2, 12)(random_)}) {
      const bool killed =
          WaitFor(Spawn(plan_, NextGoal(1), absl::StrCat(point, ":", pass)), kRunLimit, false);
      kills_ += killed ? 1 : 0;
      if (!killed && pass == 1) Die(absl::StrCat("the fault point ", point, " was never passed"));
    }
  }

  void AtRandom(int64_t i) {
    const pid_t child = Spawn(plan_, NextGoal(kRandomWeight), "");
    if (i == flags_.kills / 2 && !flags_.broker_restart.empty()) {
      absl::SleepFor(absl::Milliseconds(500));
      if (std::system(flags_.broker_restart.c_str()) != 0) Die("the broker did not start again");
      std::cout << "kafka_storm: the broker was restarted" << std::endl;
    }
    // Long enough for most of the round's work, or all changes would come after the last kill.
    const int64_t longest = 600 + flags_.changes * kRandomWeight / weights_ / 2;
    const absl::Duration time =
        absl::Milliseconds(std::uniform_int_distribution<int64_t>(20, longest)(random_));
    kills_ += WaitFor(child, time, true) ? 1 : 0;
  }

  const Flags flags_;
  std::mt19937_64 random_;
  StormPlan plan_;
  int64_t weights_ = 0;
  int64_t done_ = 0;
  int kills_ = 0;
};

}  // namespace
}  // namespace simpul::kafka

int main(int argc, char** argv) {
  ::testing::GTEST_FLAG(throw_on_failure) = true;  // the shared pieces speak GoogleTest
  ::testing::InitGoogleTest();
  const std::vector<std::string> args(argv + 1, argv + argc);
  simpul::observe::SetMinimumSeverity(simpul::observe::Severity::kError);
  if (!args.empty() && args[0] == "--child") {
    return simpul::kafka::RunStormChild({args.begin() + 1, args.end()});
  }
  return simpul::kafka::Storm(simpul::kafka::ParseFlags(args)).Run();
}
