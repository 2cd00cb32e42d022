// Which rows of the outbox are on their way.
#ifndef SIMPUL_BUS_KAFKA_SEQ_SET_H_
#define SIMPUL_BUS_KAFKA_SEQ_SET_H_

#include <cstdint>
#include <map>

namespace simpul::kafka {

// A set of numbers that mostly follow each other, kept as runs of them. Thread-compatible.
class SeqSet {
 public:
  void Insert(int64_t seq);
  void Erase(int64_t seq);
  void Clear() { runs_.clear(); }
  bool Contains(int64_t seq) const;

  // The first number of each run with the last. No two runs touch.
  const std::map<int64_t, int64_t>& runs() const { return runs_; }

 private:
  std::map<int64_t, int64_t> runs_;
};

}  // namespace simpul::kafka

#endif  // SIMPUL_BUS_KAFKA_SEQ_SET_H_
