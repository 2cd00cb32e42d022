// Durable subscriptions, on a real Kafka.
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bus/rpc/status.h"
#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "services/events/kafka_fixture.h"

namespace simpul::events {
namespace {

using ::simpul::testing::IsOk;
using ::simpul::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kNotFound = absl::StatusCode::kNotFound;

class DurableSubscription : public KafkaFixture {
 protected:
  // Events of one thing, so that all come in one order.
  void ProduceRevisions(int64_t first, int64_t last) {
    for (int64_t revision = first; revision <= last; ++revision) Produce("things/1", revision);
    Flush();
  }
  std::vector<std::string> Revisions(int64_t first, int64_t last) {
    std::vector<std::string> ids;
    for (int64_t revision = first; revision <= last; ++revision) {
      ids.push_back(absl::StrCat("things/1@", revision));
    }
    return ids;
  }
};

TEST_F(DurableSubscription, BeginsWhereItWasMadeAndGoesOnAfterTheLastAcknowledgement) {
  StartPart();
  ProduceRevisions(1, 5);
  ASSERT_THAT(Create("app", v1::LATEST), IsOk());
  ProduceRevisions(6, 10);
  {
    std::unique_ptr<Subscriber> first = Subscribe(Durable("app"));
    EXPECT_EQ(first->Ids(3), Revisions(6, 8));
    absl::StatusOr<v1::Subscription> acknowledged = Acknowledge("app", first->token());
    ASSERT_THAT(acknowledged, IsOk());
    EXPECT_TRUE(acknowledged->has_acknowledge_time());
    EXPECT_EQ(first->Ids(2), Revisions(9, 10));
  }
  EXPECT_EQ(Subscribe(Durable("app"))->Ids(2), Revisions(9, 10))
      << "9 and 10 were not acknowledged";
  StartPart();
  std::unique_ptr<Subscriber> after = Subscribe(Durable("app"));
  EXPECT_EQ(after->Ids(2), Revisions(9, 10));
  ProduceRevisions(11, 12);
  EXPECT_EQ(after->Ids(2), Revisions(11, 12));
}

TEST_F(DurableSubscription, AcknowledgeNeverMovesBackAndTheSameTwiceIsNoError) {
  StartPart();
  ASSERT_THAT(Create("app", v1::EARLIEST), IsOk());
  ProduceRevisions(1, 6);
  std::unique_ptr<Subscriber> reader = Subscribe(Durable("app"));
  ASSERT_THAT(reader->Next(), IsOk());
  std::vector<std::string> tokens = {reader->token()};
  for (int i = 0; i < 6; ++i) {
    ASSERT_EQ(reader->Ids(1).size(), 1u);
    tokens.push_back(reader->token());
  }
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&, i] { EXPECT_THAT(Acknowledge("app", tokens[i]), IsOk()); });
  }
  for (std::thread& thread : threads) thread.join();
  absl::StatusOr<v1::Subscription> furthest = Acknowledge("app", tokens[5]);
  absl::StatusOr<v1::Subscription> older = Acknowledge("app", tokens[2]);
  ASSERT_THAT(furthest, IsOk());
  ASSERT_THAT(older, IsOk());
  EXPECT_EQ(older->acknowledge_time().nanos(), furthest->acknowledge_time().nanos());
  EXPECT_EQ(Subscribe(Durable("app"))->Ids(1), Revisions(6, 6));
}

TEST_F(DurableSubscription, BelongsToItsAgency) {
  StartPart();
  ASSERT_THAT(Create("app", v1::EARLIEST), IsOk());
  ASSERT_THAT(Create("app", v1::EARLIEST, "dpupr"), IsOk());
  ASSERT_THAT(Create("own", v1::EARLIEST), IsOk());
  ProduceRevisions(1, 1);
  std::unique_ptr<Subscriber> reader = Subscribe(Durable("app"));
  reader->Ids(1);
  EXPECT_THAT(Acknowledge("app", reader->token(), "dpupr"), StatusIs(kInvalid));
  EXPECT_THAT(Acknowledge("own", reader->token()), StatusIs(kInvalid));
  EXPECT_THAT(Acknowledge("app", "forged"), StatusIs(kInvalid));
  EXPECT_THAT(Acknowledge("own", reader->token(), "dpupr"), StatusIs(kNotFound));
  EXPECT_THAT(Refused(Durable("own"), "dpupr"), StatusIs(kNotFound));
  EXPECT_THAT(Refused(Durable("own"), ""), StatusIs(absl::StatusCode::kUnauthenticated));
  EXPECT_THAT(Create("app", v1::EARLIEST, ""), StatusIs(absl::StatusCode::kUnauthenticated));
  EXPECT_THAT(Refused(Resume(reader->token())), StatusIs(kInvalid)) << "not of a stateless stream";
  v1::SubscribeRequest both = Durable("app");
  both.add_types(type());
  EXPECT_THAT(Refused(both), StatusIs(kInvalid, HasSubstr("leave them empty")));
}

TEST_F(DurableSubscription, IsOutOfRangeOnceRetentionHasPassedItAndSaysHowToGoOn) {
  StartPart();
  ASSERT_THAT(Create("app", v1::LATEST), IsOk());
  ProduceRevisions(1, 5);
  DeleteRecords();
  EXPECT_THAT(Refused(Durable("app")),
              StatusIs(absl::StatusCode::kOutOfRange, HasSubstr("Delete it and create it anew")));
  grpc::ClientContext context;
  Prepare(context, "dinkes");
  v1::DeleteSubscriptionRequest request;
  request.set_name("subscriptions/app");
  v1::DeleteSubscriptionResponse response;
  ASSERT_THAT(rpc::FromGrpc(stub().DeleteSubscription(&context, request, &response)), IsOk());
  EXPECT_THAT(Refused(Durable("app")), StatusIs(kNotFound));
  ASSERT_THAT(Create("app", v1::LATEST), IsOk());
  ProduceRevisions(6, 6);
  EXPECT_EQ(Subscribe(Durable("app"))->Ids(1), Revisions(6, 6));
}

TEST_F(DurableSubscription, IsListedInPages) {
  StartPart();
  for (const char* id : {"c", "a", "b"}) ASSERT_THAT(Create(id, v1::LATEST), IsOk());
  std::vector<std::string> names;
  v1::ListSubscriptionsRequest request;
  request.set_page_size(2);
  int pages = 0;
  do {
    grpc::ClientContext context;
    Prepare(context, "dinkes");
    v1::ListSubscriptionsResponse response;
    ASSERT_THAT(rpc::FromGrpc(stub().ListSubscriptions(&context, request, &response)), IsOk());
    for (const v1::Subscription& subscription : response.subscriptions()) {
      names.push_back(subscription.name());
    }
    request.set_page_token(response.next_page_token());
    ++pages;
  } while (!request.page_token().empty());
  EXPECT_THAT(names, ElementsAre("subscriptions/a", "subscriptions/b", "subscriptions/c"));
  EXPECT_EQ(pages, 2);
  for (const auto& [size, token] : {std::pair(-1, ""), std::pair(1, "forged")}) {
    grpc::ClientContext context;
    Prepare(context, "dinkes");
    request.set_page_size(size);
    request.set_page_token(token);
    v1::ListSubscriptionsResponse response;
    EXPECT_THAT(rpc::FromGrpc(stub().ListSubscriptions(&context, request, &response)),
                StatusIs(kInvalid));
  }
}

}  // namespace
}  // namespace simpul::events
