// A holder signs with the machine's boot, the PID namespace, its PID, the start time of its process
// and a number in it. Whoever has the same boot and namespace can see whether the process still
// runs.
#include "bus/kafka/lease.h"

#include <unistd.h>

#include <fstream>
#include <iterator>
#include <mutex>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace simpul::kafka {
namespace {

std::string ReadAll(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string PidNamespace() {
  char target[64];
  const ssize_t size = readlink("/proc/self/ns/pid", target, sizeof(target));
  return size < 0 ? "?" : std::string(target, static_cast<size_t>(size));
}

// Field 22 of proc(5)'s stat; empty if there is no such process. The command, field 2, may hold
// spaces and ends with the last ')'.
std::string StartTimeOf(absl::string_view pid) {
  const std::string stat = ReadAll(absl::StrCat("/proc/", pid, "/stat"));
  const size_t command_end = stat.rfind(')');
  if (command_end == stat.npos) return "";
  const std::vector<std::string> fields =
      absl::StrSplit(stat.substr(command_end + 1), ' ', absl::SkipEmpty());
  constexpr size_t kStartTime = 22 - 3;
  return fields.size() > kStartTime ? fields[kStartTime] : "";
}

// "<boot>|<namespace>".
const std::string& Machine() {
  static const std::string& machine = *new std::string(absl::StrCat(
      absl::StripAsciiWhitespace(ReadAll("/proc/sys/kernel/random/boot_id")), "|", PidNamespace()));
  return machine;
}

// The leases that live in this process, by number.
struct Living {
  std::mutex mutex;
  std::set<int> numbers;
  int next = 1;
};
Living& AllLiving() {
  static Living& living = *new Living;
  return living;
}

int Enter() {
  Living& living = AllLiving();
  std::lock_guard lock(living.mutex);
  living.numbers.insert(living.next);
  return living.next++;
}

std::string Sign(int number) {
  const std::string pid = absl::StrCat(getpid());
  return absl::StrCat(Machine(), "|", pid, "|", StartTimeOf(pid), "|", number);
}

// Whether the holder who signed so cannot come back. False where we cannot see it.
bool IsGone(const std::string& owner) {
  const std::vector<std::string> parts = absl::StrSplit(owner, '|');
  if (parts.size() != 5 || absl::StrCat(parts[0], "|", parts[1]) != Machine()) return false;
  if (StartTimeOf(parts[2]) != parts[3]) return true;
  if (parts[2] != absl::StrCat(getpid())) return false;
  int number = 0;
  if (!absl::SimpleAtoi(parts[4], &number)) return false;
  Living& living = AllLiving();
  std::lock_guard lock(living.mutex);
  return !living.numbers.contains(number);
}

}  // namespace

Lease::Lease(store::Store& store, std::string part, absl::Duration length, Clock& clock)
    : store_(store),
      part_(std::move(part)),
      length_(length),
      clock_(clock),
      number_(Enter()),
      owner_(Sign(number_)) {}

Lease::~Lease() {
  Living& living = AllLiving();
  std::lock_guard lock(living.mutex);
  living.numbers.erase(number_);
}

absl::StatusOr<bool> Lease::Take() {
  auto taken = TakeFrom("");
  if (!taken.ok() || *taken) return taken;
  std::string holder;
  const absl::Status status = store_.Read([&](store::Transaction& t) {
    return t.Query("SELECT owner FROM outbox_lease WHERE part = $1", {part_},
                   [&](const store::Row& row) {
                     holder = std::string(row.Text(0));
                     return absl::OkStatus();
                   });
  });
  if (!status.ok()) return status;
  if (!IsGone(holder)) return false;
  return TakeFrom(holder);
}

absl::StatusOr<bool> Lease::TakeFrom(const std::string& gone) {
  bool taken = false;
  const absl::Time now = clock_.Now();
  const absl::Status status = store_.Transact([&](store::Transaction& t) {
    auto changed = t.Execute(
        "INSERT INTO outbox_lease (part, owner, expires_at) VALUES ($1, $2, $3)"
        " ON CONFLICT (part) DO UPDATE SET owner = excluded.owner, expires_at = excluded.expires_at"
        " WHERE outbox_lease.owner = excluded.owner OR outbox_lease.expires_at < $4"
        " OR outbox_lease.owner = $5",
        {part_, owner_, absl::ToUnixMicros(now + length_), absl::ToUnixMicros(now), gone});
    taken = changed.ok() && *changed == 1;
    return changed.status();
  });
  if (absl::IsAborted(status)) return false;  // somebody else took it just now
  if (!status.ok()) return status;
  return taken;
}

void Lease::Release() {
  store_
      .Transact([&](store::Transaction& t) {
        return t.Write("UPDATE outbox_lease SET expires_at = 0 WHERE part = $1 AND owner = $2",
                       {part_, owner_});
      })
      .IgnoreError();
}

}  // namespace simpul::kafka
