// What the tests of every domain service share: its tables on a fresh store, adapters' events to
// apply, and the public events that come of them.
#ifndef SIMPUL_SERVICES_DOMAIN_TESTING_DOMAIN_TEST_H_
#define SIMPUL_SERVICES_DOMAIN_TESTING_DOMAIN_TEST_H_

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bus/kafka/consumer.h"
#include "bus/kafka/outbox.h"
#include "bus/store/test_store.h"
#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "services/domain/observation.h"
#include "services/domain/publisher.h"
#include "services/domain/sources.h"
#include "simpul/type/v1/change.pb.h"

namespace simpul::domain {

// The store of a service whose own tables are `steps`, migrated.
inline std::unique_ptr<store::Store> OpenStore(const store::StoreOptions& options,
                                               const std::string& service,
                                               std::span<const store::Migration> steps) {
  auto opened = store::Store::Open(options);
  EXPECT_THAT(opened, testing::IsOk());
  if (!opened.ok()) return nullptr;
  for (const auto& [name, of] : {std::pair{std::string("outbox"), kafka::OutboxMigrations()},
                                 std::pair{std::string("sources"), SourceMigrations()},
                                 std::pair{std::string("observation"), ObservationMigrations()},
                                 std::pair{service, steps}}) {
    EXPECT_THAT(store::Migrate(**opened, name, of), testing::IsOk());
  }
  return *std::move(opened);
}

class DomainTest : public ::testing::TestWithParam<store::Database> {
 protected:
  // `application`: of the department `department_`, whose adapter speaks.
  DomainTest(std::string service, std::span<const store::Migration> steps, std::string department,
             std::string application)
      : department_(std::move(department)),
        publisher_(clock_, service, "urn:simpul:contract:test"),
        service_(std::move(service)),
        application_(std::move(application)),
        steps_(steps) {}

  void SetUp() override {
    ASSERT_NE(options_.url, "") << store::kNoPostgres;
    store_ = OpenStore(options_, service_, steps_);
    ASSERT_NE(store_, nullptr);
  }

  virtual absl::StatusOr<kafka::Outcome> ApplyIn(store::Transaction& transaction,
                                                 const kafka::Record& record) = 0;

  absl::StatusOr<kafka::Outcome> Apply(const kafka::Record& record) {
    absl::StatusOr<kafka::Outcome> outcome = absl::UnknownError("not applied");
    auto status = store_->Transact([&](store::Transaction& transaction) {
      outcome = ApplyIn(transaction, record);
      return outcome.status();
    });
    if (!status.ok()) return status;
    return outcome;
  }

  std::string NameOf(const std::string& collection, const std::string& id) const {
    return "departments/" + department_ + "/" + collection + "/" + id;
  }

  // The record of an adapter that saw this now, with a greater revision than the one before.
  template <class SourceEvent>
  kafka::Record RecordOf(SourceEvent event, const std::string& name, const std::string& noun) {
    event.set_revision(++source_revision_);
    *event.mutable_observe_time() = ToProto(clock_.Now());
    kafka::Record record;
    record.topic = "simpul.source." + department_ + "." + application_ + "." + noun;
    record.event.id = kafka::EventId(name, event.revision());
    record.event.source = "//simpul/adapter/" + department_;
    record.event.type = SourceEvent::descriptor()->full_name();
    record.event.subject = name;
    record.event.time = clock_.Now();
    record.event.data = event.SerializeAsString();
    return record;
  }

  // Public events recorded since the last call, in order: "CREATED departments/…".
  std::vector<std::string> News() {
    std::vector<std::string> news;
    told_.clear();
    EXPECT_THAT(store_->Read([&](store::Transaction& transaction) {
      return transaction.Query(
          "SELECT seq, topic, id, data FROM outbox WHERE seq > $1 ORDER BY seq", {told_seq_},
          [&](const store::Row& row) {
            told_seq_ = row.Int(0);
            told_.emplace_back(row.Text(1), row.Bytes(3));
            news.push_back(Tell(std::string(row.Text(2))));
            return absl::OkStatus();
          });
    }),
                testing::IsOk());
    return news;
  }

  // The events of one type that the last News() told.
  template <class Event>
  std::vector<Event> Told() const {
    std::vector<Event> events;
    for (const auto& [topic, data] : told_) {
      if (topic != Event::descriptor()->full_name()) continue;
      EXPECT_TRUE(events.emplace_back().ParseFromString(data));
    }
    return events;
  }

  const store::StoreOptions options_ = store::FreshStore(GetParam());
  std::string department_;
  const absl::Time start_ = absl::FromUnixSeconds(1'800'000'000);
  FakeClock clock_{start_};
  std::unique_ptr<store::Store> store_;
  kafka::RevisionClock revisions_{clock_};
  Publisher publisher_;
  int64_t source_revision_ = 1000;

 private:
  // In a line, the last of `told_`: an event of a topic of its type, about the resource that is its
  // second field.
  std::string Tell(const std::string& id) const {
    namespace pb = google::protobuf;
    const auto& [topic, data] = told_.back();
    const pb::Descriptor* type = pb::DescriptorPool::generated_pool()->FindMessageTypeByName(topic);
    if (type == nullptr) return "an unknown " + topic;
    auto* factory = pb::MessageFactory::generated_factory();
    const std::unique_ptr<pb::Message> event(factory->GetPrototype(type)->New());
    EXPECT_TRUE(event->ParseFromString(data));
    const pb::Reflection& read = *event->GetReflection();
    const pb::Message& resource = read.GetMessage(*event, type->FindFieldByNumber(2));
    const std::string name = resource.GetReflection()->GetString(
        resource, resource.GetDescriptor()->FindFieldByName("name"));
    EXPECT_EQ(id, kafka::EventId(name, read.GetInt64(*event, type->FindFieldByName("revision"))));
    const int change = read.GetEnumValue(*event, type->FindFieldByName("change"));
    return type::v1::Change_Name(static_cast<type::v1::Change>(change)) + " " + name;
  }

  const std::string service_;
  const std::string application_;
  const std::span<const store::Migration> steps_;
  int64_t told_seq_ = 0;
  std::vector<std::pair<std::string, std::string>> told_;  // topic and data
};

inline auto BothDatabases() {
  return ::testing::Values(store::Database::kSqlite, store::Database::kPostgres);
}
inline std::string DatabaseName(const ::testing::TestParamInfo<store::Database>& info) {
  return store::NameOf(info.param);
}

}  // namespace simpul::domain

#endif  // SIMPUL_SERVICES_DOMAIN_TESTING_DOMAIN_TEST_H_
