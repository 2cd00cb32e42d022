#include "services/events/ring.h"

#include <utility>

namespace simpul::events {

std::vector<SharedRecord> Ring::Append(SharedRecord record) {
  bytes_ += record->bytes();
  records_.push_back(std::move(record));
  std::vector<SharedRecord> gone;
  while (bytes_ > max_bytes_ && records_.size() > 1) {
    bytes_ -= records_.front()->bytes();
    gone.push_back(std::move(records_.front()));
    records_.pop_front();
    ++begin_;
  }
  return gone;
}

void Ring::Clear() {
  begin_ = end() + 1;  // past every number in use, even that of a reader who waits at the end
  records_.clear();
  bytes_ = 0;
}

}  // namespace simpul::events
