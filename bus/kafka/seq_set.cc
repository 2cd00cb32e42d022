#include "bus/kafka/seq_set.h"

#include <iterator>

namespace simpul::kafka {

void SeqSet::Insert(int64_t seq) {
  auto after = runs_.upper_bound(seq);
  const bool touches_after = after != runs_.end() && after->first == seq + 1;
  if (after != runs_.begin()) {
    const auto before = std::prev(after);
    if (before->second >= seq) return;
    if (before->second + 1 == seq) {
      before->second = touches_after ? after->second : seq;
      if (touches_after) runs_.erase(after);
      return;
    }
  }
  const int64_t last = touches_after ? after->second : seq;
  if (touches_after) after = runs_.erase(after);
  runs_.emplace_hint(after, seq, last);
}

void SeqSet::Erase(int64_t seq) {
  const auto after = runs_.upper_bound(seq);
  if (after == runs_.begin()) return;
  const auto run = std::prev(after);
  const int64_t last = run->second;
  if (last < seq) return;
  if (run->first < seq) {
    run->second = seq - 1;
  } else if (last > seq) {
    auto node = runs_.extract(run);  // the usual one: no new node for a new beginning
    node.key() = seq + 1;
    runs_.insert(after, std::move(node));
    return;
  } else {
    runs_.erase(run);
  }
  if (last > seq) runs_.emplace_hint(after, seq + 1, last);
}

bool SeqSet::Contains(int64_t seq) const {
  const auto after = runs_.upper_bound(seq);
  return after != runs_.begin() && std::prev(after)->second >= seq;
}

}  // namespace simpul::kafka
