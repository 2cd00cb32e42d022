// A Part on a real Kafka, a catalogue that stands in for the real one, and clients of it.
#ifndef SIMPUL_SERVICES_EVENTS_KAFKA_FIXTURE_H_
#define SIMPUL_SERVICES_EVENTS_KAFKA_FIXTURE_H_

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bus/kafka/connection.h"
#include "bus/rpc/identity.h"
#include "bus/rpc/server.h"
#include "grpcpp/client_context.h"
#include "gtest/gtest.h"
#include "services/events/part.h"
#include "simpul/events/v1/events.grpc.pb.h"

namespace simpul::events {

class FakeRegistry;

// One stream of a client. One thread.
class Subscriber {
 public:
  Subscriber(v1::EventService::Stub& stub, const std::string& agency,
             const v1::SubscribeRequest& request);
  ~Subscriber();  // ends the stream as a client does that goes away

  // The next answer, or how the stream ended.
  absl::StatusOr<v1::SubscribeResponse> Next();
  // The next answer with an event.
  absl::StatusOr<v1::SubscribeResponse> NextEvent();
  // The ids of so many events; fewer if the stream ends.
  std::vector<std::string> Ids(size_t count);
  // Of the last answer.
  const std::string& token() const { return token_; }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::SubscribeResponse>> reader_;
  std::string token_;
  bool finished_ = false;
};

// Needs SIMPUL_TEST_KAFKA and SIMPUL_TEST_CERTS. Types, topics and store are each test's own.
class KafkaFixture : public ::testing::Test {
 protected:
  KafkaFixture();
  ~KafkaFixture() override;
  void SetUp() override;
  void TearDown() override;

  // Starts the part, or starts it again on its store.
  void StartPart(const std::function<void(Options&)>& change = [](Options&) {});
  void StopPart() { part_.reset(); }
  void StopCatalogue();

  // Writes an event "<subject>@<revision>" to the test's first type, or to another topic.
  void Produce(const std::string& subject, int64_t revision, const std::string& data = "");
  void ProduceTo(const std::string& topic, int32_t partition, const std::string& subject,
                 int64_t revision, const std::string& data);
  // A record that is no CloudEvent.
  void ProduceGarbage(int32_t partition);
  // Waits until Kafka has all.
  void Flush();
  // Lets Kafka forget all that the first type has had so far.
  void DeleteRecords();

  const std::string& type() const { return types_[0]; }
  const std::string& other_type() const { return types_[1]; }
  v1::EventService::Stub& stub() { return *stub_; }
  std::unique_ptr<Subscriber> Subscribe(const v1::SubscribeRequest& request,
                                        const std::string& agency = "dinkes");
  v1::SubscribeRequest From(v1::Start start, const std::string& prefix = "") const;
  v1::SubscribeRequest Resume(const std::string& token, const std::string& prefix = "") const;
  v1::SubscribeRequest Durable(const std::string& id) const;
  // How a stream with this request ends before it gives anything.
  absl::Status Refused(const v1::SubscribeRequest& request, const std::string& agency = "dinkes");

  absl::StatusOr<v1::Subscription> Create(const std::string& id, v1::Start start,
                                          const std::string& agency = "dinkes");
  absl::StatusOr<v1::Subscription> Acknowledge(const std::string& id, const std::string& token,
                                               const std::string& agency = "dinkes");

 private:
  struct Producer;

  void WaitForGrants();
  kafka::Connection Operator() const;
  std::shared_ptr<const rpc::Credentials> Load(const std::string& path) const;

  std::string kafka_;
  std::string certificates_;
  std::string directory_;
  std::string package_;
  std::vector<std::string> types_;
  std::unique_ptr<Producer> producer_;
  std::unique_ptr<FakeRegistry> registry_;
  std::unique_ptr<rpc::Server> catalogue_;
  std::string catalogue_address_;
  std::unique_ptr<Part> part_;
  std::unique_ptr<v1::EventService::Stub> stub_;
};

// Puts `agency` into the call as the gateway does, and bounds it in time.
void Prepare(grpc::ClientContext& context, const std::string& agency);

}  // namespace simpul::events

#endif  // SIMPUL_SERVICES_EVENTS_KAFKA_FIXTURE_H_
