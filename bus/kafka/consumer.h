// The consumer: applies each event once, its effect and its offset in one transaction.
#ifndef SIMPUL_BUS_KAFKA_CONSUMER_H_
#define SIMPUL_BUS_KAFKA_CONSUMER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bus/kafka/connection.h"
#include "bus/kafka/event.h"
#include "bus/store/store.h"

namespace simpul::kafka {

// Tables "consumer_offset" and "parked". Apply with
// store::Migrate(store, "consumer", ConsumerMigrations()).
std::span<const store::Migration> ConsumerMigrations();

// What became of an event that was applied.
enum class Outcome {
  kDelivered,  // it had an effect
  kFiltered,   // not for this consumer
  kDuplicate,  // a revision that is not greater than the one applied
};

struct Record {
  std::string topic;
  int32_t partition = 0;
  int64_t offset = 0;
  absl::Time timestamp = absl::UnixEpoch();  // the broker's: when the record was produced
  Event event;
};

// Per topic and partition: in = delivered + parked + filtered + duplicate + expired + pending. All
// but `expired` as promised; more than 0 there is a loss, which the log and a metric tell too.
struct Accounting {
  std::string topic;
  int32_t partition = 0;
  int64_t in = 0;  // offsets from the first one ever read to the end of the log
  int64_t delivered = 0;
  int64_t parked = 0;
  int64_t filtered = 0;
  int64_t duplicate = 0;
  int64_t expired = 0;  // offsets whose record was gone when their turn came: retention passed them
  int64_t pending = 0;
};

struct ConsumerOptions {
  Connection connection;
  std::string group;              // the part's name
  store::Store* store = nullptr;  // outlives the consumer; migrated with ConsumerMigrations()
  std::vector<std::string> topics;
  // A name that only this process has in the group and keeps when it starts again: then it gets its
  // partitions back at once, also after kill -9. Empty: the group's name with the host's.
  std::string instance;
};

// Called inside the transaction, for one partition in order; puts its effects, and outbox rows of
// its own, into it. May be called again with the same record after a roll back. UNAVAILABLE and
// ABORTED: roll back and try again, later and later. Any other error: the record is parked with the
// error's text and the offset moves on.
using Handler = std::function<absl::StatusOr<Outcome>(store::Transaction&, const Record&)>;

// Owns one thread. Joins its group once there are topics. On assignment of a partition it goes to
// the stored offset; a commit whose stored offset is not the expected one means that the partition
// has a new owner, and is rolled back. Records are applied in batches, one transaction each.
// Thread-safe.
class Consumer {
 public:
  virtual ~Consumer() = default;  // stops after the transaction in hand

  static absl::StatusOr<std::unique_ptr<Consumer>> Start(ConsumerOptions options, Handler handler,
                                                         std::function<void()> after_commit);

  // Reads these topics from now on; topics that do not exist yet are read once they do.
  virtual void SetTopics(std::vector<std::string> topics) = 0;

  virtual absl::StatusOr<std::vector<Accounting>> accounting() = 0;
};

}  // namespace simpul::kafka

#endif  // SIMPUL_BUS_KAFKA_CONSUMER_H_
