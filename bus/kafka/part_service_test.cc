#include "bus/kafka/part_service.h"

#include <memory>
#include <string>
#include <vector>

#include "bus/kafka/consumer.h"
#include "bus/kafka/outbox.h"
#include "bus/rpc/server.h"
#include "bus/rpc/status.h"
#include "bus/rpc/test_credentials.h"
#include "bus/store/test_store.h"
#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "grpcpp/grpcpp.h"

namespace simpul::kafka {
namespace {

using ::simpul::testing::IsOk;
using ::simpul::testing::StatusIs;
using ::testing::ElementsAre;

class PartServiceTest : public ::testing::TestWithParam<store::Database> {
 protected:
  void SetUp() override {
    auto store = store::Store::Open(store::FreshStore(GetParam()));
    ASSERT_THAT(store, IsOk());
    store_ = *std::move(store);
    ASSERT_THAT(store::Migrate(*store_, "outbox", OutboxMigrations()), IsOk());
    ASSERT_THAT(store::Migrate(*store_, "consumer", ConsumerMigrations()), IsOk());
    service_ = std::make_unique<PartService>(*store_, PartService::Reads::kEvents);
    auto server = rpc::Server::Start(
        {.credentials = certificates_.For("service/wifi"), .services = {service_.get()}});
    ASSERT_THAT(server, IsOk());
    server_ = *std::move(server);
  }

  std::unique_ptr<bus::v1::PartService::Stub> As(const std::string& path) {
    return bus::v1::PartService::NewStub(rpc::Connect(server_->address(), *certificates_.For(path),
                                                      certificates_.IdentityOf("service/wifi")));
  }

  absl::StatusOr<int64_t> Resend(const std::string& path, absl::Time since) {
    grpc::ClientContext context;
    bus::v1::ResendEventsRequest request;
    request.mutable_since()->set_seconds(absl::ToUnixSeconds(since));
    bus::v1::ResendEventsResponse response;
    const auto status = As(path)->ResendEvents(&context, request, &response);
    if (!status.ok()) return rpc::FromGrpc(status);
    return response.events();
  }

  void Execute(const std::string& sql) {
    ASSERT_THAT(
        store_->Transact([&](store::Transaction& t) { return t.Execute(sql, {}).status(); }),
        IsOk());
  }

  void Append(const std::string& id) {
    ASSERT_THAT(store_->Transact([&](store::Transaction& t) {
      return AppendToOutbox(t, "simpul.test.v1.Event",
                            {.id = id, .type = "simpul.test.v1.Event", .subject = "things/" + id});
    }),
                IsOk());
  }

  rpc::TestCredentials certificates_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<PartService> service_;
  std::unique_ptr<rpc::Server> server_;
};

INSTANTIATE_TEST_SUITE_P(Databases, PartServiceTest,
                         ::testing::Values(store::Database::kSqlite, store::Database::kPostgres),
                         [](const auto& info) { return store::NameOf(info.param); });

TEST_P(PartServiceTest, MarksWhatWasSentSinceThen) {
  Append("1");
  Append("2");
  Execute("DELETE FROM outbox_unsent");
  Append("3");  // not sent yet: it goes anyway
  EXPECT_THAT(Resend("operator/admin", absl::Now() + absl::Minutes(1)), IsOk());
  const auto count = Resend("operator/admin", absl::Now() - absl::Hours(1));
  ASSERT_THAT(count, IsOk());
  EXPECT_EQ(*count, 2);
}

TEST_P(PartServiceTest, IsForOperatorsAlone) {
  for (const char* path : {"service/events", "adapter/diskominfo", "gateway"}) {
    EXPECT_THAT(Resend(path, absl::Now() - absl::Hours(1)),
                StatusIs(absl::StatusCode::kPermissionDenied))
        << path;
    grpc::ClientContext context;
    bus::v1::ListParkedEventsResponse response;
    EXPECT_EQ(As(path)->ListParkedEvents(&context, {}, &response).error_code(),
              grpc::StatusCode::PERMISSION_DENIED);
  }
}

TEST_P(PartServiceTest, RefusesNoTime) {
  grpc::ClientContext context;
  bus::v1::ResendEventsResponse response;
  EXPECT_EQ(As("operator/admin")->ResendEvents(&context, {}, &response).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_P(PartServiceTest, ListsWhatIsParkedWithoutItsData) {
  Append("1");
  Execute("INSERT INTO outbox_parked (seq, reason) SELECT seq, 'too large' FROM outbox");
  Execute(
      "INSERT INTO parked (consumer_group, topic, partition_id, record_offset, record_key, headers,"
      " payload, reason, parked_at) VALUES ('wifi', 'simpul.source.a.b.c', 3, 42, NULL, 'secret',"
      " 'secret', 'DATA_LOSS: no CloudEvent', 1700000000000000)");
  grpc::ClientContext context;
  bus::v1::ListParkedEventsResponse response;
  ASSERT_TRUE(As("operator/admin")->ListParkedEvents(&context, {}, &response).ok());
  ASSERT_EQ(response.events_size(), 2);
  EXPECT_EQ(response.events(0).event_id(), "1");
  EXPECT_EQ(response.events(0).key(), "things/1");
  EXPECT_EQ(response.events(0).reason(), "too large");
  EXPECT_EQ(response.events(1).topic(), "simpul.source.a.b.c");
  EXPECT_EQ(response.events(1).partition(), 3);
  EXPECT_EQ(response.events(1).offset(), 42);
  EXPECT_EQ(response.events(1).park_time().seconds(), 1'700'000'000);
  EXPECT_EQ(response.DebugString().find("secret"), std::string::npos);
}

}  // namespace
}  // namespace simpul::kafka
