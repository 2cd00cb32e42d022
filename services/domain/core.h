// What every domain service runs on: its store, the sources it reads, its topics, its place on the
// bus.
#ifndef SIMPUL_SERVICES_DOMAIN_CORE_H_
#define SIMPUL_SERVICES_DOMAIN_CORE_H_

#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "bus/kafka/consumer.h"
#include "bus/kafka/outbox.h"
#include "bus/kafka/part_service.h"
#include "bus/kafka/relay.h"
#include "bus/rpc/part_options.h"
#include "bus/rpc/registration.h"
#include "bus/rpc/server.h"
#include "bus/rpc/token.h"
#include "bus/store/store.h"
#include "bus/testing/clock.h"
#include "services/domain/publisher.h"
#include "services/domain/sources.h"

namespace simpul::domain {

// Which domain it is.
struct Domain {
  std::string name;                              // "wifi": part, group, schema
  std::span<const store::Migration> migrations;  // of the domain's own tables
  std::vector<std::string> services;             // public, full names
  std::vector<std::string> topics;               // its own: full names of its event types
  SourceKind sources;
};

// What the domain does; outlives Stop().
struct Work {
  kafka::Handler apply;
  // With the catalogue's list, after each change of it; may be empty.
  std::function<void(const std::vector<simpul::catalogue::v1::Part>&)> parts_changed;
  // Once Kafka is joined: soon after each commit of the consumer (`is_due` false), and every
  // `every` (`is_due` true). On one thread.
  std::function<void(bool is_due)> upkeep;
  absl::Duration every = absl::Seconds(5);
};

// One part's. Reads do not wait for Kafka, nor for its return: it is joined by a thread of its own,
// the relay first, since it reads the tail below which no revision may be given. Thread-safe.
class Core {
 public:
  // Opens and migrates the store, makes the secret of page tokens if it is missing. As for
  // Store::Open, Migrate and LoadOrMakeSecret.
  static absl::StatusOr<std::unique_ptr<Core>> Open(const rpc::PartOptions& options, Clock& clock,
                                                    Domain domain);
  ~Core() { Stop(); }

  // Serves, registers, and joins Kafka in time. `services` live until Stop(). As for Server::Start.
  absl::Status Serve(std::vector<grpc::Service*> services, Work work);

  // Off the bus first, then no more calls, then no more work. May be called twice.
  void Stop();

  store::Store& store() { return *store_; }
  const kafka::RevisionClock& revisions() const { return revisions_; }
  const rpc::TokenKey& tokens() const { return *tokens_; }
  const Publisher& publisher() const { return *publisher_; }
  // That are read now; also of adapters that left.
  std::vector<std::string> source_topics() const { return sources_->topics(); }
  std::string address() const { return server_->address(); }

  // For the upkeep alone.
  void WakeRelay() { relay_->Wake(); }
  // Who is listened to now; nobody while Kafka is away.
  absl::StatusOr<Listening> Listen(absl::Time now);

  // Logs an error in the part's name.
  void LogError(std::string_view what, const absl::Status& status) const;

 private:
  Core(const rpc::PartOptions& options, Clock& clock, Domain domain);
  absl::Status Open();
  absl::Status StartRelay();
  absl::Status StartConsumer();
  void TakeIn(const std::vector<simpul::catalogue::v1::Part>& parts);
  void ReadTopics();
  bool JoinKafka();
  void Run();

  const rpc::PartOptions options_;
  Clock& clock_;
  const Domain domain_;
  Work work_;
  std::string protoset_;
  // What is used stands above its user.
  std::unique_ptr<store::Store> store_;
  kafka::RevisionClock revisions_;
  std::unique_ptr<rpc::TokenKey> tokens_;
  std::unique_ptr<Publisher> publisher_;
  std::unique_ptr<Sources> sources_;
  std::unique_ptr<kafka::Relay> relay_;
  absl::Mutex topics_mutex_;  // so that the newest topics are set last
  std::unique_ptr<kafka::Consumer> consumer_ ABSL_GUARDED_BY(topics_mutex_);
  std::unique_ptr<rpc::PartsWatch> parts_;
  std::unique_ptr<kafka::PartService> part_service_;
  std::unique_ptr<rpc::Server> server_;
  std::shared_ptr<rpc::Registration> registration_;

  std::stop_source stopping_kafka_;  // for what waits for it
  absl::Mutex mutex_;
  bool is_stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool has_commits_ ABSL_GUARDED_BY(mutex_) = true;  // what an earlier run left too
  std::thread worker_;
};

}  // namespace simpul::domain

#endif  // SIMPUL_SERVICES_DOMAIN_CORE_H_
