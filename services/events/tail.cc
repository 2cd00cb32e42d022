#include "services/events/tail.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace simpul::events {
std::vector<int> Tail::Demand(const std::vector<std::string>& types, const Position& high) {
  absl::MutexLock lock(&mutex_);
  std::vector<int> numbers;
  for (size_t i = 0; i < types.size(); ++i) {
    auto [entry, is_new] = numbers_.emplace(types[i], static_cast<int>(topics_.size()));
    if (is_new) topics_.emplace_back().type = types[i];
    Topic& topic = topics_[static_cast<size_t>(entry->second)];
    ++topic.demand;
    if (!topic.read) {
      topic.read = true;
      topic.floor = topic.next = high[i];
      plan_.fetch_add(1, std::memory_order_release);
    } else if (high[i].size() > topic.next.size()) {
      // Partitions that were added since: all that is in them is new to everyone.
      topic.floor.resize(high[i].size(), 0);
      topic.next.resize(high[i].size(), 0);
      plan_.fetch_add(1, std::memory_order_release);
    }
    numbers.push_back(entry->second);
  }
  return numbers;
}

void Tail::Release(const std::vector<int>& topics, absl::Time now) {
  absl::MutexLock lock(&mutex_);
  for (int number : topics) {
    Topic& topic = topics_[static_cast<size_t>(number)];
    if (--topic.demand == 0) topic.idle_since = now;
  }
}

void Tail::Forget(absl::Time before) {
  absl::MutexLock lock(&mutex_);
  for (Topic& topic : topics_) {
    if (!topic.read || topic.demand > 0 || topic.idle_since > before) continue;
    topic.read = false;
    plan_.fetch_add(1, std::memory_order_release);
  }
}

Tail::Outcome Tail::Next(Cursor& cursor, SharedRecord* record) {
  absl::MutexLock lock(&mutex_);
  if (cursor.waiting) {
    MoveToNow(cursor);
    StopWaiting(cursor);
  }
  if (!cursor.joined || cursor.number < ring_.begin()) {
    const std::optional<std::pair<size_t, size_t>> lag = LagLocked(cursor);
    cursor.joined = !lag.has_value();
    if (!cursor.joined) {
      At(cursor.position[lag->first], lag->second);
      return Outcome::kBehind;
    }
    cursor.number = ring_.begin();
  }
  while (cursor.number < ring_.end()) {
    const SharedRecord& at = ring_.at(cursor.number++);
    auto type = std::find(cursor.topics.begin(), cursor.topics.end(), at->topic);
    if (type == cursor.topics.end()) continue;
    int64_t& next = At(cursor.position[static_cast<size_t>(type - cursor.topics.begin())],
                       static_cast<size_t>(at->partition));
    if (at->offset < next) continue;
    next = at->offset + 1;
    if (!at->subject.starts_with(cursor.prefix)) continue;
    *record = at;
    return Outcome::kRecord;
  }
  MoveToNow(cursor);
  Wait(cursor);
  return Outcome::kWaiting;
}

bool Tail::Reaches(const Cursor& cursor) const { return !Lag(cursor).has_value(); }

std::optional<std::pair<size_t, size_t>> Tail::Lag(const Cursor& cursor) const {
  absl::MutexLock lock(&mutex_);
  return LagLocked(cursor);
}

std::optional<std::pair<size_t, size_t>> Tail::LagLocked(const Cursor& cursor) const {
  for (size_t i = 0; i < cursor.topics.size(); ++i) {
    const Topic& topic = topics_[static_cast<size_t>(cursor.topics[i])];
    const std::vector<int64_t>& position = cursor.position[i];
    for (size_t partition = 0; partition < topic.floor.size(); ++partition) {
      const int64_t next = partition < position.size() ? position[partition] : 0;
      if (next < topic.floor[partition]) return std::pair(i, partition);
    }
  }
  return std::nullopt;
}

Position Tail::Refresh(Cursor& cursor) {
  absl::MutexLock lock(&mutex_);
  if (cursor.waiting) MoveToNow(cursor);
  return cursor.position;
}

void Tail::Leave(Cursor& cursor) {
  absl::MutexLock lock(&mutex_);
  StopWaiting(cursor);
}

void Tail::MoveToNow(Cursor& cursor) {
  for (size_t i = 0; i < cursor.topics.size(); ++i) {
    const Topic& topic = topics_[static_cast<size_t>(cursor.topics[i])];
    std::vector<int64_t>& position = cursor.position[i];
    for (size_t partition = 0; partition < topic.next.size(); ++partition) {
      int64_t& next = At(position, partition);
      next = std::max(next, topic.next[partition]);
    }
  }
  cursor.number = ring_.end();
}

void Tail::Wait(Cursor& cursor) {
  cursor.waiting = true;
  for (int number : cursor.topics) {
    Topic& topic = topics_[static_cast<size_t>(number)];
    topic.waiting[cursor.prefix].insert(&cursor);
    ++topic.prefix_lengths[cursor.prefix.size()];
  }
}

void Tail::StopWaiting(Cursor& cursor) {
  if (!cursor.waiting) return;
  cursor.waiting = false;
  for (int number : cursor.topics) {
    Topic& topic = topics_[static_cast<size_t>(number)];
    auto group = topic.waiting.find(cursor.prefix);
    group->second.erase(&cursor);
    if (group->second.empty()) topic.waiting.erase(group);
    auto length = topic.prefix_lengths.find(cursor.prefix.size());
    if (--length->second == 0) topic.prefix_lengths.erase(length);
  }
}

std::vector<std::shared_ptr<Follower>> Tail::StopWaitingAll(const std::set<Cursor*>& cursors) {
  std::vector<std::shared_ptr<Follower>> woken;
  for (Cursor* cursor : cursors) {
    MoveToNow(*cursor);
    StopWaiting(*cursor);
    std::shared_ptr<Follower> follower = cursor->follower.lock();
    if (follower != nullptr) woken.push_back(std::move(follower));
  }
  return woken;
}

std::vector<std::shared_ptr<Follower>> Tail::Append(SharedRecord record) {
  absl::MutexLock lock(&mutex_);
  Topic& topic = topics_[static_cast<size_t>(record->topic)];
  const size_t partition = static_cast<size_t>(record->partition);
  if (!topic.read || partition >= topic.next.size() || record->offset < topic.next[partition]) {
    return {};
  }
  // Who waits has read all before this record: his place is made explicit before it comes in.
  std::set<Cursor*> matching;
  for (const auto& [length, count] : topic.prefix_lengths) {
    if (length > record->subject.size()) break;
    auto group = topic.waiting.find(std::string_view(record->subject).substr(0, length));
    if (group != topic.waiting.end()) matching.insert(group->second.begin(), group->second.end());
  }
  std::vector<std::shared_ptr<Follower>> woken = StopWaitingAll(matching);
  topic.next[partition] = record->offset + 1;
  for (const SharedRecord& gone : ring_.Append(std::move(record))) {
    Topic& of = topics_[static_cast<size_t>(gone->topic)];
    int64_t& floor = of.floor[static_cast<size_t>(gone->partition)];
    floor = std::max(floor, gone->offset + 1);
  }
  return woken;
}

void Tail::Skip(int number, int32_t partition, int64_t offset) {
  absl::MutexLock lock(&mutex_);
  Topic& topic = topics_[static_cast<size_t>(number)];
  if (static_cast<size_t>(partition) >= topic.next.size()) return;
  int64_t& next = topic.next[static_cast<size_t>(partition)];
  next = std::max(next, offset + 1);
}

std::vector<std::shared_ptr<Follower>> Tail::Reset(const std::string& type,
                                                   const std::vector<int64_t>& high) {
  absl::MutexLock lock(&mutex_);
  auto number = numbers_.find(type);
  if (number == numbers_.end()) return {};
  std::set<Cursor*> everyone;
  for (const Topic& topic : topics_) {
    for (const auto& [prefix, cursors] : topic.waiting) {
      everyone.insert(cursors.begin(), cursors.end());
    }
  }
  std::vector<std::shared_ptr<Follower>> woken = StopWaitingAll(everyone);
  ring_.Clear();
  for (Topic& topic : topics_) topic.floor = topic.next;
  Topic& topic = topics_[static_cast<size_t>(number->second)];
  topic.floor = topic.next = high;
  plan_.fetch_add(1, std::memory_order_release);
  return woken;
}

std::vector<kafka::Reader::Position> Tail::Wanted() const {
  absl::MutexLock lock(&mutex_);
  std::vector<kafka::Reader::Position> positions;
  for (const Topic& topic : topics_) {
    if (!topic.read) continue;
    for (size_t partition = 0; partition < topic.next.size(); ++partition) {
      positions.push_back({topic.type, static_cast<int32_t>(partition), topic.next[partition]});
    }
  }
  return positions;
}

int Tail::TopicNumber(const std::string& type) const {
  absl::MutexLock lock(&mutex_);
  auto number = numbers_.find(type);
  if (number == numbers_.end() || !topics_[static_cast<size_t>(number->second)].read) return -1;
  return number->second;
}

size_t Tail::ring_bytes() const {
  absl::MutexLock lock(&mutex_);
  return ring_.bytes();
}

}  // namespace simpul::events
