#include "services/domain/sources.h"

#include <algorithm>
#include <map>
#include <utility>

#include "bus/rpc/identity.h"
#include "services/domain/name.h"

namespace simpul::domain {
using simpul::catalogue::v1::Part;

std::span<const store::Migration> SourceMigrations() {
  static constexpr store::Migration kSteps[] = {
      {1, "CREATE TABLE source_topic (topic TEXT PRIMARY KEY);"},
  };
  return kSteps;
}

std::string AdapterOf(const Part& part, std::string_view service) {
  const auto identity = rpc::Identity::Parse(part.identity());
  const bool serves = std::any_of(part.services().begin(), part.services().end(),
                                  [&](const std::string& name) { return name == service; });
  return identity.ok() && identity->kind == "adapter" && serves ? identity->name : "";
}

bool Sources::IsOurs(const std::string& topic, const std::string& department) const {
  const auto source = ParseSourceTopic(topic);
  return source && source->department == department &&
         std::find(kind_.nouns.begin(), kind_.nouns.end(), source->noun) != kind_.nouns.end();
}

absl::Status Sources::Load() {
  std::set<std::string> topics;
  auto status = store_.Read([&](store::Transaction& transaction) {
    return transaction.Query("SELECT topic FROM source_topic", {}, [&](const store::Row& row) {
      topics.emplace(row.Text(0));
      return absl::OkStatus();
    });
  });
  if (!status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  topics_.merge(topics);
  return absl::OkStatus();
}

absl::Status Sources::Update(const std::vector<Part>& parts) {
  std::set<std::string> present;
  std::set<std::string> named;
  for (const Part& part : parts) {
    const std::string department = AdapterOf(part, kind_.service);
    if (department.empty()) continue;
    present.insert(department);
    for (const std::string& topic : part.topics()) {
      if (IsOurs(topic, department)) named.insert(topic);
    }
  }
  std::vector<std::string> fresh;
  {
    absl::MutexLock lock(&mutex_);
    for (const std::string& topic : named) {
      if (topics_.insert(topic).second) fresh.push_back(topic);
    }
    present_ = std::move(present);
    std::erase_if(listening_, [&](const auto& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return !present_.contains(entry.first);
    });
    std::erase_if(backlog_, [&](const auto& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return !present_.contains(entry.first);
    });
  }
  if (fresh.empty()) return absl::OkStatus();
  return store_.Transact([&](store::Transaction& transaction) -> absl::Status {
    for (const std::string& topic : fresh) {
      auto written = transaction.Execute(
          "INSERT INTO source_topic (topic) VALUES ($1) ON CONFLICT (topic) DO NOTHING", {topic});
      if (!written.ok()) return written.status();
    }
    return absl::OkStatus();
  });
}

std::vector<std::string> Sources::topics() const {
  absl::MutexLock lock(&mutex_);
  return {topics_.begin(), topics_.end()};
}

Listening Sources::Listen(const std::vector<kafka::Accounting>& accounting, absl::Time now) {
  absl::MutexLock lock(&mutex_);
  std::map<std::string, bool> is_applied;
  for (const kafka::Accounting& partition : accounting) {
    const auto source = ParseSourceTopic(partition.topic);
    if (!source || !present_.contains(source->department) ||
        listening_.contains(source->department))
      continue;
    // A busy city has always something pending, so it is the backlog alone that is waited for.
    const int64_t backlog =
        backlog_[source->department]
            .emplace(std::pair(partition.topic, partition.partition), partition.in)
            .first->second;
    const bool done = partition.pending == 0 || partition.in - partition.pending >= backlog;
    const auto [entry, is_first] = is_applied.emplace(source->department, done);
    if (!is_first) entry->second = entry->second && done;
  }
  for (const auto& [department, done] : is_applied) {
    if (!done) continue;
    listening_.emplace(department, now);
    backlog_.erase(department);
  }
  return listening_;
}

}  // namespace simpul::domain
