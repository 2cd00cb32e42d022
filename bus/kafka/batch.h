// Records that are applied in one transaction.
#ifndef SIMPUL_BUS_KAFKA_BATCH_H_
#define SIMPUL_BUS_KAFKA_BATCH_H_

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bus/kafka/assignment.h"
#include "bus/kafka/client.h"
#include "bus/kafka/consumer.h"
#include "bus/kafka/consumer_rows.h"

namespace simpul::kafka {

// Applies records to the store. Counts what became of them. One thread.
class Batch {
 public:
  Batch(ConsumerRows& rows, store::Store& store, const Handler& handler)
      : rows_(rows), store_(store), handler_(handler) {}

  void Add(Message message, std::shared_ptr<Partition> partition);
  bool empty() const { return items_.empty(); }
  size_t size() const { return items_.size(); }

  // Applies all, in as few transactions as it takes; what is done is no longer in hand. What cannot
  // be applied is parked. Records of partitions that are not ours any more are dropped, and such a
  // partition is no longer positioned. An error is one that may pass: call again.
  absl::Status Apply(const std::function<void()>& after_commit);

  void Clear();

 private:
  // A record in hand.
  struct Item {
    Message message;
    std::shared_ptr<Partition> partition;
    absl::Status readable;  // an error: it is no CloudEvent
    Record record;
  };
  struct Attempt;

  // Items [0, end) in one transaction.
  absl::Status Try(size_t end, Attempt& attempt);
  absl::Status ApplyItem(store::Transaction& transaction, Item& item, Attempt& attempt);
  absl::Status Park(const absl::Status& why);
  absl::Status AdvanceAll(store::Transaction& transaction, Attempt& attempt);
  void Done(size_t end, const Attempt& attempt);
  void DropLost();
  // Keeps what the item's record can lend to another.
  void Retire(Item& item);

  ConsumerRows& rows_;
  store::Store& store_;
  const Handler& handler_;
  std::vector<Item> items_;
  std::vector<Record> spare_;  // of items that are done, for the room of their strings
};

}  // namespace simpul::kafka

#endif  // SIMPUL_BUS_KAFKA_BATCH_H_
