#include "bus/kafka/batch.h"

#include <algorithm>
#include <utility>

#include "bus/observe/log.h"
#include "bus/testing/fault_point.h"

namespace simpul::kafka {
namespace {

const FaultPoint kBeforeCommit("consumer.before_commit");
const FaultPoint kAfterCommit("consumer.after_commit");

bool MayPass(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsAborted(status);
}

void GiveUp(Partition& partition) {
  partition.lost = true;
  partition.positioned = false;
}

}  // namespace

// What one transaction did, should it be committed.
struct Batch::Attempt {
  std::map<Partition*, Progress> after;
  size_t at = 0;              // the item in hand; all of them: behind the last
  Partition* lost = nullptr;  // the store has another place for it

  Progress& Of(const Item& item) {
    Partition* partition = item.partition.get();
    const auto [found, fresh] = after.try_emplace(partition);
    if (fresh && partition->stored.has_value()) {
      found->second = *partition->stored;
    } else if (fresh) {
      found->second.first = found->second.next = item.message->offset;
    }
    return found->second;
  }
};

void Batch::Add(Message message, std::shared_ptr<Partition> partition) {
  Item& item = items_.emplace_back();
  if (!spare_.empty()) {
    item.record = std::move(spare_.back());
    spare_.pop_back();
  }
  item.readable = ReadRecord(*message, item.record);
  item.message = std::move(message);
  item.partition = std::move(partition);
}

void Batch::Retire(Item& item) {
  constexpr size_t kLargest = 16'384;
  if (item.record.event.data.capacity() <= kLargest) spare_.push_back(std::move(item.record));
}

void Batch::Clear() {
  for (Item& item : items_) Retire(item);
  items_.clear();
}

absl::Status Batch::Apply(const std::function<void()>& after_commit) {
  size_t end = items_.size();
  while (true) {
    DropLost();
    if (items_.empty()) return absl::OkStatus();
    end = std::clamp<size_t>(end, 1, items_.size());
    Attempt attempt;
    const absl::Status status = Try(end, attempt);
    if (status.ok()) {
      Done(end, attempt);
      kAfterCommit.Pass();
      if (after_commit) after_commit();
      end = items_.size();
    } else if (attempt.lost != nullptr) {
      GiveUp(*attempt.lost);
    } else if (MayPass(status)) {
      return status;
    } else if (attempt.at > 0 && attempt.at < end) {
      end = attempt.at;  // those before it first
    } else if (attempt.at > 1) {
      end = attempt.at / 2;  // a write that failed late: one of them
    } else if (auto s = Park(status); !s.ok()) {
      return s;
    } else {
      end = items_.size();
    }
  }
}

absl::Status Batch::Try(size_t end, Attempt& attempt) {
  return store_.Transact([&](store::Transaction& t) -> absl::Status {
    for (attempt.at = 0; attempt.at < end; ++attempt.at) {
      if (auto s = ApplyItem(t, items_[attempt.at], attempt); !s.ok()) return s;
    }
    if (auto s = AdvanceAll(t, attempt); !s.ok()) return s;
    kBeforeCommit.Pass();
    return absl::OkStatus();
  });
}

absl::Status Batch::ApplyItem(store::Transaction& transaction, Item& item, Attempt& attempt) {
  Progress& progress = attempt.Of(item);
  progress.next = item.message->offset + 1;
  if (!item.readable.ok()) {
    ++progress.parked;
    return rows_.Park(transaction, *item.message, std::string(item.readable.message()));
  }
  const absl::StatusOr<Outcome> outcome = handler_(transaction, item.record);
  if (!outcome.ok()) return outcome.status();
  switch (*outcome) {
    case Outcome::kDelivered:
      ++progress.delivered;
      break;
    case Outcome::kFiltered:
      ++progress.filtered;
      break;
    case Outcome::kDuplicate:
      ++progress.duplicate;
      break;
  }
  return absl::OkStatus();
}

absl::Status Batch::AdvanceAll(store::Transaction& transaction, Attempt& attempt) {
  for (const auto& [partition, after] : attempt.after) {
    auto ours =
        rows_.Advance(transaction, partition->topic, partition->id, partition->stored, after);
    if (!ours.ok()) return ours.status();
    if (!*ours) {
      attempt.lost = partition;
      return absl::AbortedError("the stored offset is not the expected one");
    }
  }
  return absl::OkStatus();
}

// The first item, which the handler refused when nothing stood before it.
absl::Status Batch::Park(const absl::Status& why) {
  const Item& item = items_.front();
  Attempt attempt;
  const absl::Status status = store_.Transact([&](store::Transaction& t) -> absl::Status {
    Progress& progress = attempt.Of(item);
    progress.next = item.message->offset + 1;
    ++progress.parked;
    if (auto s = rows_.Park(t, *item.message, observe::StatusText(why)); !s.ok()) return s;
    return AdvanceAll(t, attempt);
  });
  if (attempt.lost != nullptr) {
    GiveUp(*attempt.lost);
    return absl::OkStatus();
  }
  if (status.ok()) Done(1, attempt);
  return status;
}

void Batch::Done(size_t end, const Attempt& attempt) {
  for (const auto& [partition, after] : attempt.after) partition->stored = after;
  const auto rest = items_.begin() + static_cast<std::ptrdiff_t>(end);
  for (auto item = items_.begin(); item != rest; ++item) Retire(*item);
  items_.erase(items_.begin(), rest);
}

void Batch::DropLost() {
  std::erase_if(items_,
                [](const Item& item) { return !item.partition->ours || item.partition->lost; });
}

}  // namespace simpul::kafka
