// The newest records, bounded by bytes.
#ifndef SIMPUL_SERVICES_EVENTS_RING_H_
#define SIMPUL_SERVICES_EVENTS_RING_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "services/events/record.h"

namespace simpul::events {

using SharedRecord = std::shared_ptr<const EncodedRecord>;

// Records in the order they were read, each under a number that is never used again.
// Thread-compatible.
class Ring {
 public:
  explicit Ring(size_t max_bytes) : max_bytes_(max_bytes) {}

  // Appends a record and returns those that had to go. At least the newest one stays.
  std::vector<SharedRecord> Append(SharedRecord record);
  // Empties it; whoever read at a number before must look anew where he stands.
  void Clear();

  uint64_t begin() const { return begin_; }
  uint64_t end() const { return begin_ + records_.size(); }
  const SharedRecord& at(uint64_t number) const { return records_[number - begin_]; }
  size_t bytes() const { return bytes_; }

 private:
  const size_t max_bytes_;
  std::deque<SharedRecord> records_;
  uint64_t begin_ = 1;
  size_t bytes_ = 0;
};

}  // namespace simpul::events

#endif  // SIMPUL_SERVICES_EVENTS_RING_H_
