#include "services/events/kafka_fixture.h"

#include <librdkafka/rdkafka.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/synchronization/notification.h"
#include "bus/kafka/event.h"
#include "bus/kafka/reader.h"
#include "bus/rpc/status.h"
#include "bus/testing/status_matchers.h"
#include "services/events/test_contract.h"
#include "simpul/bus/v1/bus.pb.h"
#include "simpul/catalogue/v1/registry.grpc.pb.h"

namespace simpul::events {

using ::simpul::testing::IsOk;

constexpr int kPartitions = 6;
constexpr std::chrono::seconds kDeadline(60);
constexpr absl::Duration kAnswer = absl::Seconds(30);

// Knows one service with the test's topics, and lets everybody register.
class FakeRegistry final : public catalogue::v1::RegistryService::Service {
 public:
  FakeRegistry(std::vector<std::string> topics, std::string protoset)
      : topics_(std::move(topics)), protoset_(std::move(protoset)) {}

  void Stop() { stopping_.Notify(); }

  grpc::Status WatchParts(grpc::ServerContext*, const catalogue::v1::WatchPartsRequest*,
                          grpc::ServerWriter<catalogue::v1::WatchPartsResponse>* writer) override {
    catalogue::v1::WatchPartsResponse response;
    response.set_version(1);
    response.set_snapshot(true);
    catalogue::v1::Part* part = response.add_parts();
    part->set_name("parts/service/test/instances/1");
    part->set_identity("spiffe://simpul.test/service/test");
    for (const std::string& topic : topics_) part->add_topics(topic);
    part->set_contract_hash("hash");
    writer->Write(response);
    stopping_.WaitForNotification();
    return grpc::Status::OK;
  }
  grpc::Status GetContract(grpc::ServerContext*, const catalogue::v1::GetContractRequest*,
                           catalogue::v1::Contract* contract) override {
    contract->set_protoset(protoset_);
    return grpc::Status::OK;
  }
  grpc::Status Register(grpc::ServerContext*, const catalogue::v1::RegisterRequest* request,
                        catalogue::v1::RegisterResponse* response) override {
    *response->mutable_part() = request->part();
    response->mutable_lease()->set_seconds(30);
    return grpc::Status::OK;
  }
  grpc::Status Deregister(grpc::ServerContext*, const catalogue::v1::DeregisterRequest*,
                          catalogue::v1::DeregisterResponse*) override {
    return grpc::Status::OK;
  }

 private:
  const std::vector<std::string> topics_;
  const std::string protoset_;
  absl::Notification stopping_;
};

struct KafkaFixture::Producer {
  explicit Producer(const kafka::Connection& connection) {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    const std::pair<const char*, std::string> settings[] = {
        {"bootstrap.servers", connection.brokers},
        {"security.protocol", "ssl"},
        {"ssl.ca.location", connection.ca},
        {"ssl.certificate.location", connection.certificate},
        {"ssl.key.location", connection.key},
        {"enable.idempotence", "true"},
        {"linger.ms", "2"},
        {"queue.buffering.max.messages", "1000000"},
        {"partitioner", "murmur2_random"}};
    char error[256];
    for (const auto& [name, value] : settings) {
      if (rd_kafka_conf_set(conf, name, value.c_str(), error, sizeof(error)) != RD_KAFKA_CONF_OK) {
        ADD_FAILURE() << error;
      }
    }
    client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof(error));
  }
  ~Producer() { rd_kafka_destroy(client); }

  rd_kafka_t* client = nullptr;
};

void Prepare(grpc::ClientContext& context, const std::string& agency) {
  context.set_deadline(std::chrono::system_clock::now() + kDeadline);
  bus::v1::Caller caller;
  caller.set_agency(agency);
  context.AddMetadata("simpul-caller-bin", caller.SerializeAsString());
}

Subscriber::Subscriber(v1::EventService::Stub& stub, const std::string& agency,
                       const v1::SubscribeRequest& request) {
  Prepare(context_, agency);
  reader_ = stub.Subscribe(&context_, request);
}

Subscriber::~Subscriber() {
  if (finished_) return;
  context_.TryCancel();
  v1::SubscribeResponse response;
  while (reader_->Read(&response)) {
  }
  reader_->Finish();
}

absl::StatusOr<v1::SubscribeResponse> Subscriber::Next() {
  if (finished_) return absl::FailedPreconditionError("the stream has ended");
  v1::SubscribeResponse response;
  if (reader_->Read(&response)) {
    token_ = response.resume_token();
    return response;
  }
  finished_ = true;
  const absl::Status status = rpc::FromGrpc(reader_->Finish());
  return status.ok() ? absl::NotFoundError("the stream ended without an error") : status;
}

absl::StatusOr<v1::SubscribeResponse> Subscriber::NextEvent() {
  while (true) {
    absl::StatusOr<v1::SubscribeResponse> next = Next();
    if (!next.ok() || next->has_event()) return next;
  }
}

std::vector<std::string> Subscriber::Ids(size_t count) {
  std::vector<std::string> ids;
  while (ids.size() < count) {
    absl::StatusOr<v1::SubscribeResponse> next = NextEvent();
    EXPECT_THAT(next, IsOk());
    if (!next.ok()) break;
    ids.push_back(next->event().id());
  }
  return ids;
}

KafkaFixture::KafkaFixture() = default;
KafkaFixture::~KafkaFixture() = default;

void KafkaFixture::SetUp() {
  const char* kafka = std::getenv("SIMPUL_TEST_KAFKA");
  const char* certificates = std::getenv("SIMPUL_TEST_CERTS");
  ASSERT_TRUE(kafka != nullptr && certificates != nullptr)
      << "SIMPUL_TEST_KAFKA, SIMPUL_TEST_CERTS are missing: run it by tests/with-peers";
  kafka_ = kafka;
  certificates_ = certificates;
  std::string directory = ::testing::TempDir() + "/events.XXXXXX";
  ASSERT_NE(mkdtemp(directory.data()), nullptr);
  directory_ = directory;
  package_ = absl::StrFormat("simpul.eventstest%d_%d.v1", getpid(),
                             absl::ToUnixMicros(absl::Now()) % 1'000'000'000);
  types_ = {package_ + ".ThingEvent", package_ + ".OtherEvent"};
  ASSERT_THAT(kafka::EnsureTopics(Operator(), {{types_[0], kPartitions}, {types_[1], kPartitions}},
                                  kAnswer),
              IsOk());
  using Operation = kafka::Grant::Operation;
  std::vector<kafka::Grant> grants;
  for (Operation operation : {Operation::kRead, Operation::kDescribe}) {
    grants.push_back(
        {"User:service/events", kafka::Grant::Resource::kTopic, package_, true, operation});
  }
  ASSERT_THAT(kafka::EnsureGrants(Operator(), grants, kAnswer), IsOk());
  WaitForGrants();
  producer_ = std::make_unique<Producer>(Operator());
  std::vector<std::string> topics = types_;
  topics.push_back("simpul.source.test.app.thing");
  registry_ =
      std::make_unique<FakeRegistry>(topics, TestProtoset(package_, {"ThingEvent", "OtherEvent"}));
  rpc::ServerOptions options;
  options.credentials = Load("service/catalogue");
  options.services = {registry_.get()};
  absl::StatusOr<std::unique_ptr<rpc::Server>> server = rpc::Server::Start(options);
  ASSERT_THAT(server, IsOk());
  catalogue_ = *std::move(server);
  catalogue_address_ = catalogue_->address();
}

// The broker takes grants up a little after it has accepted them.
void KafkaFixture::WaitForGrants() {
  const rpc::CertificateFiles files = Load("service/events")->files();
  absl::StatusOr<std::unique_ptr<kafka::Reader>> reader =
      kafka::Reader::Open({kafka_, files.ca, files.certificate, files.key, "events-test"});
  ASSERT_THAT(reader, IsOk());
  for (const std::string& topic : types_) {
    const absl::Time end = absl::Now() + kAnswer;
    absl::Status status;
    do {
      status = (*reader)->Partitions(topic, kAnswer).status();
      for (int32_t partition = 0; status.ok() && partition < kPartitions; ++partition) {
        status = (*reader)->GetWatermarks(topic, partition, kAnswer).status();
      }
    } while (!status.ok() && absl::Now() < end);
    ASSERT_THAT(status, IsOk());
  }
}

void KafkaFixture::TearDown() {
  part_.reset();
  if (catalogue_ != nullptr) StopCatalogue();
  producer_.reset();
  if (!directory_.empty()) std::filesystem::remove_all(directory_);
}

void KafkaFixture::StopCatalogue() {
  registry_->Stop();
  catalogue_.reset();
}

void KafkaFixture::StartPart(const std::function<void(Options&)>& change) {
  part_.reset();
  Options options;
  options.credentials = Load("service/events");
  options.catalogue = catalogue_address_;
  options.kafka = kafka_;
  options.store = "sqlite:" + directory_;
  options.secrets = directory_;
  change(options);
  absl::StatusOr<std::unique_ptr<Part>> part = Part::Start(options);
  ASSERT_THAT(part, IsOk());
  part_ = *std::move(part);
  const std::shared_ptr<const rpc::Credentials> gateway = Load("gateway");
  stub_ = v1::EventService::NewStub(
      rpc::Connect(part_->address(), *gateway, Load("service/events")->identity()));
  // Until the catalogue has told the types; each try waits for the part's answer.
  const absl::Time end = absl::Now() + kAnswer;
  v1::SubscribeRequest nothing = From(v1::LATEST);
  nothing.set_resume_token("none");
  while (absl::IsUnavailable(Refused(nothing)) && absl::Now() < end) {
  }
}

std::shared_ptr<const rpc::Credentials> KafkaFixture::Load(const std::string& path) const {
  absl::StatusOr<std::shared_ptr<const rpc::Credentials>> credentials =
      rpc::Credentials::Load(rpc::CertificateFiles::In(certificates_ + "/" + path));
  EXPECT_THAT(credentials, IsOk());
  return *credentials;
}

kafka::Connection KafkaFixture::Operator() const {
  const rpc::CertificateFiles files = rpc::CertificateFiles::In(certificates_ + "/operator/admin");
  return {kafka_, files.ca, files.certificate, files.key, "events-test"};
}

void KafkaFixture::Produce(const std::string& subject, int64_t revision, const std::string& data) {
  ProduceTo(type(), RD_KAFKA_PARTITION_UA, subject, revision, data);
}

void KafkaFixture::ProduceTo(const std::string& topic, int32_t partition,
                             const std::string& subject, int64_t revision,
                             const std::string& data) {
  kafka::Event event;
  event.id = kafka::EventId(subject, revision);
  event.source = "//simpul/service/test";
  event.type = topic;
  event.subject = subject;
  event.time = absl::FromUnixMicros(1'700'000'000'123'456);
  event.dataschema = "urn:simpul:contract:0";
  rd_kafka_headers_t* headers = rd_kafka_headers_new(8);
  for (const auto& [name, value] : kafka::ToHeaders(event)) {
    rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                        static_cast<ssize_t>(value.size()));
  }
  const rd_kafka_resp_err_t error = rd_kafka_producev(
      producer_->client, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(partition),
      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(subject.data(), subject.size()),
      RD_KAFKA_V_VALUE(const_cast<char*>(data.data()), data.size()), RD_KAFKA_V_HEADERS(headers),
      RD_KAFKA_V_END);
  ASSERT_EQ(error, RD_KAFKA_RESP_ERR_NO_ERROR);
}

void KafkaFixture::ProduceGarbage(int32_t partition) {
  ASSERT_EQ(
      rd_kafka_producev(producer_->client, RD_KAFKA_V_TOPIC(type().c_str()),
                        RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                        RD_KAFKA_V_VALUE(const_cast<char*>("garbage"), 7), RD_KAFKA_V_END),
      RD_KAFKA_RESP_ERR_NO_ERROR);
}

void KafkaFixture::Flush() {
  ASSERT_EQ(rd_kafka_flush(producer_->client, 30'000), RD_KAFKA_RESP_ERR_NO_ERROR);
}

void KafkaFixture::DeleteRecords() {
  rd_kafka_topic_partition_list_t* offsets = rd_kafka_topic_partition_list_new(kPartitions);
  for (int32_t partition = 0; partition < kPartitions; ++partition) {
    rd_kafka_topic_partition_list_add(offsets, type().c_str(), partition)->offset =
        RD_KAFKA_OFFSET_END;
  }
  rd_kafka_DeleteRecords_t* request = rd_kafka_DeleteRecords_new(offsets);
  rd_kafka_topic_partition_list_destroy(offsets);
  rd_kafka_queue_t* queue = rd_kafka_queue_new(producer_->client);
  rd_kafka_DeleteRecords(producer_->client, &request, 1, nullptr, queue);
  rd_kafka_event_t* answer = rd_kafka_queue_poll(queue, 30'000);
  ASSERT_NE(answer, nullptr);
  EXPECT_EQ(rd_kafka_event_error(answer), RD_KAFKA_RESP_ERR_NO_ERROR);
  rd_kafka_event_destroy(answer);
  rd_kafka_queue_destroy(queue);
  rd_kafka_DeleteRecords_destroy(request);
}

std::unique_ptr<Subscriber> KafkaFixture::Subscribe(const v1::SubscribeRequest& request,
                                                    const std::string& agency) {
  return std::make_unique<Subscriber>(stub(), agency, request);
}

v1::SubscribeRequest KafkaFixture::From(v1::Start start, const std::string& prefix) const {
  v1::SubscribeRequest request;
  request.add_types(type());
  request.set_name_prefix(prefix);
  request.set_start(start);
  return request;
}

v1::SubscribeRequest KafkaFixture::Resume(const std::string& token,
                                          const std::string& prefix) const {
  v1::SubscribeRequest request = From(v1::LATEST, prefix);
  request.set_resume_token(token);
  return request;
}

v1::SubscribeRequest KafkaFixture::Durable(const std::string& id) const {
  v1::SubscribeRequest request;
  request.set_subscription("subscriptions/" + id);
  return request;
}

absl::Status KafkaFixture::Refused(const v1::SubscribeRequest& request, const std::string& agency) {
  return Subscribe(request, agency)->Next().status();
}

absl::StatusOr<v1::Subscription> KafkaFixture::Create(const std::string& id, v1::Start start,
                                                      const std::string& agency) {
  grpc::ClientContext context;
  Prepare(context, agency);
  v1::CreateSubscriptionRequest request;
  request.set_subscription_id(id);
  request.mutable_subscription()->add_types(type());
  request.mutable_subscription()->set_start(start);
  v1::Subscription subscription;
  const grpc::Status status = stub().CreateSubscription(&context, request, &subscription);
  if (!status.ok()) return rpc::FromGrpc(status);
  return subscription;
}

absl::StatusOr<v1::Subscription> KafkaFixture::Acknowledge(const std::string& id,
                                                           const std::string& token,
                                                           const std::string& agency) {
  grpc::ClientContext context;
  Prepare(context, agency);
  v1::AcknowledgeRequest request;
  request.set_subscription("subscriptions/" + id);
  request.set_resume_token(token);
  v1::Subscription subscription;
  const grpc::Status status = stub().Acknowledge(&context, request, &subscription);
  if (!status.ok()) return rpc::FromGrpc(status);
  return subscription;
}

}  // namespace simpul::events
