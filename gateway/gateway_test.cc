// gRPC through a real gateway to a real gRPC part.
#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include "absl/strings/str_format.h"
#include "gateway/testing/gateway_fixture.h"
#include "gmock/gmock.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/impl/codegen/client_unary_call.h"
#include "simpul/bus/v1/bus.pb.h"

namespace simpul::gateway {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class GatewayTest : public GatewayFixture {};

TEST_F(GatewayTest, PassesAUnaryCallAndNamesItsCaller) {
  const RunningPart part = city_.StartPart("a");
  StartWith({&part});
  const grpc::Status status = Get("1", &hotspot_);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(hotspot_.name(), "departments/x/hotspots/1");
  EXPECT_EQ(hotspot_.display_name(), "a");
  EXPECT_EQ(hotspot_.description(), "dinkes/00000001/20");
}

TEST_F(GatewayTest, StripsACallerThatAClientMadeUp) {
  const RunningPart part = city_.StartPart("a");
  StartWith({&part});
  auto context = Context(city_.key());
  bus::v1::Caller forged;
  forged.set_agency("police");
  context->AddMetadata("simpul-caller-bin", forged.SerializeAsString());
  ASSERT_TRUE(Get(*context, "1", &hotspot_).ok());
  EXPECT_EQ(hotspot_.description(), "dinkes/00000001/20");
}

TEST_F(GatewayTest, PassesAMessageLargerThanAnyWindow) {
  const RunningPart part = city_.StartPart("a");
  StartWith({&part});
  ASSERT_TRUE(Get("medium", &hotspot_).ok());
  EXPECT_EQ(hotspot_.description().size(), 300u << 10);
  events::v1::CreateSubscriptionRequest request;
  request.mutable_subscription()->set_name_prefix(std::string(3 << 20, 'y'));
  request.set_subscription_id("s");
  events::v1::Subscription made;
  const grpc::Status status =
      events_->CreateSubscription(Context(city_.key()).get(), request, &made);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(made.name_prefix().size(), 3u << 20);
}

TEST_F(GatewayTest, PassesAnErrorAsThePartSaidIt) {
  const RunningPart part = city_.StartPart("a");
  StartWith({&part});
  const grpc::Status status = Get("missing", &hotspot_);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "tidak ada 100% \"ünique\"");
  EXPECT_EQ(status.error_details(), "");  // a stack is among what may be there
}

TEST_F(GatewayTest, TellsNobodyWhatAPartSaysOfItsOwnFailure) {
  const RunningPart part = city_.StartPart("a", /*extra=*/false, "adapter/dpupr");
  StartWith({&part});
  for (const auto& [id, code] : {std::pair("internal", grpc::StatusCode::INTERNAL),
                                 std::pair("unknown", grpc::StatusCode::UNKNOWN)}) {
    const grpc::Status status = Get(id, &hotspot_);
    EXPECT_EQ(status.error_code(), code);
    EXPECT_EQ(status.error_details(), "");
    EXPECT_THAT(status.error_message(), MatchesRegex("simpul.wifi.v1.HotspotService failed; .* "
                                                     "under request [0-9a-f]{20}"));
  }
}

TEST_F(GatewayTest, PassesWhatAServiceSaysOfAnUnknownOutcome) {
  const RunningPart part = city_.StartPart("a");
  StartWith({&part});
  const grpc::Status status = Get("unknown", &hotspot_);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNKNOWN);
  EXPECT_THAT(status.error_message(), HasSubstr("SELECT"));
  EXPECT_EQ(status.error_details(), "");
}

TEST_F(GatewayTest, TellsAClientThatItsRequestIsNoMessage) {
  const RunningPart part = city_.StartPart("a");
  StartWith({&part});
  grpc::GenericStub stub(channel_);
  for (const auto& [bytes, why] :
       {std::pair("\x0a\x09short", "no simpul.wifi.v1.GetHotspotRequest"),
        std::pair("\x0a\x01\xff", "name: not UTF-8")}) {
    grpc::Slice slice(bytes);
    const grpc::ByteBuffer request(&slice, 1);
    grpc::ByteBuffer response;
    grpc::CompletionQueue queue;
    const auto context = Context(city_.key());
    const auto call = stub.PrepareUnaryCall(
        context.get(), "/simpul.wifi.v1.HotspotService/GetHotspot", request, &queue);
    call->StartCall();
    grpc::Status status;
    call->Finish(&response, &status, nullptr);
    void* tag;
    bool ok;
    ASSERT_TRUE(queue.Next(&tag, &ok));
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << status.error_message();
    EXPECT_THAT(status.error_message(), HasSubstr(why));
  }
}

TEST_F(GatewayTest, StreamsEventsToTheirEnd) {
  const RunningPart part = city_.StartPart("a");
  StartWith({&part});
  events::v1::SubscribeRequest request;
  for (int i = 0; i < 1000; ++i) request.add_types("type" + std::to_string(i));
  auto context = Context(city_.key());
  auto reader = events_->Subscribe(context.get(), request);
  events::v1::SubscribeResponse response;
  int count = 0;
  while (reader->Read(&response)) {
    EXPECT_EQ(response.event().type(), "type" + std::to_string(count));
    ++count;
  }
  EXPECT_EQ(count, 1000);
  EXPECT_TRUE(reader->Finish().ok());
}

TEST_F(GatewayTest, HoldsBackAPartWhoseClientDoesNotRead) {
  const RunningPart part = city_.StartPart("a");
  StartWith({&part});
  events::v1::SubscribeRequest request;
  request.set_name_prefix("flood");
  auto context = Context(city_.key());
  auto reader = events_->Subscribe(context.get(), request);
  events::v1::SubscribeResponse response;
  ASSERT_TRUE(reader->Read(&response));
  // It goes on until windows and socket buffers are full, and then stands still.
  int64_t last = -1;
  absl::Time since = absl::Now();
  ASSERT_TRUE(Eventually(
      [&] {
        const int64_t now = part.service->flood_bytes;
        if (now != last) since = absl::Now();
        last = now;
        return now > 0 && absl::Now() - since > absl::Milliseconds(700);
      },
      absl::Seconds(20)));
  EXPECT_LT(last, 16 << 20);
  for (int64_t read = 0; read < last + (1 << 20); read += 32 << 10) {
    ASSERT_TRUE(reader->Read(&response));
  }
  EXPECT_GT(part.service->flood_bytes, last);
  context->TryCancel();
  reader->Finish();
}

TEST_F(GatewayTest, EndsACallWhoseTimeIsOverAndTellsThePart) {
  const RunningPart part = city_.StartPart("a");
  city_.options().limits.default_deadline = absl::Milliseconds(200);
  StartWith({&part});
  grpc::ClientContext context;  // no deadline of its own
  context.AddMetadata("x-api-key", city_.key());
  const grpc::Status status = Get(context, "slow", &hotspot_);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_TRUE(Eventually([&] { return part.service->cancelled_calls == 1; }));
}

TEST_F(GatewayTest, GivesThePartTheClientsDeadline) {
  const RunningPart part = city_.StartPart("a");
  StartWith({&part});
  grpc::ClientContext context;
  context.AddMetadata("x-api-key", city_.key());
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(7));
  ASSERT_TRUE(Get(context, "1", &hotspot_).ok());
  EXPECT_GT(part.service->deadline_ms, 5'000);
  EXPECT_LE(part.service->deadline_ms, 7'300);
}

TEST_F(GatewayTest, AStreamOutlivesTheDefaultDeadline) {
  const RunningPart part = city_.StartPart("a");
  city_.options().limits.default_deadline = absl::Milliseconds(200);
  StartWith({&part});
  grpc::ClientContext context;
  context.AddMetadata("x-api-key", city_.key());
  events::v1::SubscribeRequest request;
  request.set_name_prefix("endless");
  auto reader = events_->Subscribe(&context, request);
  ASSERT_TRUE(Eventually([&] { return part.service->slow_calls == 1; }));
  EXPECT_FALSE(Eventually([&] { return part.service->cancelled_calls > 0; }, absl::Seconds(1)));
  context.TryCancel();
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(Eventually([&] { return part.service->cancelled_calls == 1; }));
}

TEST_F(GatewayTest, CutsAClientThatDoesNotAnswerAndKeepsOneThatDoes) {
  const RunningPart part = city_.StartPart("a");
  city_.options().limits.ping_after = absl::Milliseconds(200);
  StartWith({&part});
  auto context = Context(city_.key());
  events::v1::SubscribeRequest request;
  request.set_name_prefix("endless");
  auto reader = events_->Subscribe(context.get(), request);
  ASSERT_TRUE(Eventually([&] { return part.service->slow_calls == 1; }));
  // Its host is gone: it says no more, not even that it ends.
  const std::string path = "/v1/departments/x/hotspots/slow";
  std::string head =
      "\x82\x86\x01\x01x\x04" + std::string(1, static_cast<char>(path.size())) + path;
  head += std::string("\0\x09x-api-key", 11) + static_cast<char>(city_.key().size()) + city_.key();
  Wire vanished(city_.gateway().address());
  vanished.Send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + std::string("\0\0\0\4\0\0\0\0\0", 9));
  vanished.Send(std::string("\0\0", 2) + static_cast<char>(head.size()) +
                std::string("\1\5\0\0\0\1", 6) + head);
  ASSERT_TRUE(Eventually([&] { return part.service->slow_calls == 2; }));
  EXPECT_TRUE(vanished.ClosedByPeer());
  EXPECT_TRUE(Eventually([&] { return part.service->cancelled_calls == 1; }));
  EXPECT_FALSE(Eventually([&] { return part.service->cancelled_calls > 1; }, absl::Seconds(1)));
  context->TryCancel();
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(GatewayTest, TellsThePartThatTheClientIsGone) {
  const RunningPart part = city_.StartPart("a");
  StartWith({&part});
  auto context = Context(city_.key());
  std::thread caller([&] { Get(*context, "slow", &hotspot_); });
  EXPECT_TRUE(Eventually([&] { return part.service->slow_calls == 1; }));
  context->TryCancel();
  caller.join();
  EXPECT_TRUE(Eventually([&] { return part.service->cancelled_calls == 1; }));
}

TEST_F(GatewayTest, DemandsAKey) {
  const RunningPart part = city_.StartPart("a");
  StartWith({&part});
  grpc::Status status = Get(*Context(""), "1", &hotspot_);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(status.error_message(), HasSubstr("x-api-key"));
  EXPECT_THAT(status.error_message(), HasSubstr("simpul key create"));
  status = Get(*Context(KeyText(2)), "1", &hotspot_);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(GatewayTest, LearnsOfNewAndRevokedKeysOnAnOpenConnection) {
  const RunningPart part = city_.StartPart("a");
  StartWith({&part});
  ASSERT_TRUE(Get("1", &hotspot_).ok());
  city_.catalogue().AddKey("bapenda", KeyText(2));
  EXPECT_TRUE(Eventually([&] { return Get(*Context(KeyText(2)), "1", &hotspot_).ok(); }));
  city_.catalogue().RevokeKeyOf(city_.key());
  EXPECT_TRUE(Eventually(
      [&] { return Get("1", &hotspot_).error_code() == grpc::StatusCode::UNAUTHENTICATED; }));
  EXPECT_TRUE(Get(*Context(KeyText(2)), "1", &hotspot_).ok());
  EXPECT_EQ(hotspot_.description(), "bapenda/00000002/20");
}

TEST_F(GatewayTest, EndsTheCallsInHandOfAKeyThatIsRevoked) {
  const RunningPart part = city_.StartPart("a");
  StartWith({&part});
  city_.catalogue().AddKey("bapenda", KeyText(2));
  ASSERT_TRUE(Eventually([&] { return Get(*Context(KeyText(2)), "1", &hotspot_).ok(); }));
  events::v1::SubscribeRequest request;
  request.set_name_prefix("endless");
  request.add_types("first");
  const auto revoked_context = Context(KeyText(2));
  const auto revoked = events_->Subscribe(revoked_context.get(), request);
  const auto other_context = Context(city_.key());
  const auto other = events_->Subscribe(other_context.get(), request);
  events::v1::SubscribeResponse response;
  ASSERT_TRUE(revoked->Read(&response));
  ASSERT_TRUE(other->Read(&response));
  Wire rest(city_.gateway().address());
  rest.Send("GET /v1/departments/x/hotspots/slow HTTP/1.1\r\nhost: x\r\nx-api-key: " + KeyText(2) +
            "\r\n\r\n");
  ASSERT_TRUE(Eventually([&] { return part.service->slow_calls == 3; }));

  const absl::Time begin = absl::Now();
  city_.catalogue().RevokeKeyOf(KeyText(2));
  EXPECT_FALSE(revoked->Read(&response));
  EXPECT_EQ(revoked->Finish().error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(StatusOf(rest.ReadAnswer()), 401);
  EXPECT_LT(absl::Now() - begin, absl::Seconds(2));
  EXPECT_TRUE(Eventually([&] { return part.service->cancelled_calls == 2; }));
  other_context->TryCancel();
  EXPECT_EQ(other->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(GatewayTest, ServesNoUnknownOrInternalMethod) {
  const RunningPart part = city_.StartPart("a", /*extra=*/true);
  StartWith({&part});
  for (const char* path : {"/simpul.wifi.v1.HotspotService/Nothing", "/nothing", "/a/b",
                           "/simpul.catalogue.v1.KeyService/ListKeys"}) {
    grpc::internal::RpcMethod method(path, grpc::internal::RpcMethod::NORMAL_RPC);
    wifi::v1::GetHotspotRequest request;
    const grpc::Status status =
        grpc::internal::BlockingUnaryCall<wifi::v1::GetHotspotRequest, wifi::v1::Hotspot,
                                          google::protobuf::MessageLite,
                                          google::protobuf::MessageLite>(
            channel_.get(), method, Context(city_.key()).get(), request, &hotspot_);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED) << path;
  }
}

TEST_F(GatewayTest, AnswersReflectionOfBothVersions) {
  const RunningPart part = city_.StartPart("a");
  StartWith({&part});
  for (const char* version : {"v1", "v1alpha"}) {
    // list_services: field 7, an empty text.
    Wire wire(city_.gateway().address());
    const std::string path =
        absl::StrFormat("/grpc.reflection.%s.ServerReflection/ServerReflectionInfo", version);
    const std::string command = absl::StrFormat(
        "printf '\\000\\000\\000\\000\\002\\072\\000' | curl -s --http2-prior-knowledge "
        "--data-binary @- "
        "-H 'content-type: application/grpc' -H 'te: trailers' -H 'x-api-key: %s' http://%s%s",
        city_.key(), city_.gateway().address(), path);
    FILE* curl = popen(command.c_str(), "r");
    std::string out(4096, '\0');
    out.resize(fread(out.data(), 1, out.size(), curl));
    pclose(curl);
    EXPECT_THAT(out, HasSubstr("simpul.events.v1.EventService"));
    EXPECT_THAT(out, HasSubstr("simpul.wifi.v1.HotspotService"));
  }
}

TEST_F(GatewayTest, FinishesCallsInHandWhenItStops) {
  const RunningPart part = city_.StartPart("a");
  StartWith({&part});
  ASSERT_TRUE(Get("1", &hotspot_).ok());
  std::atomic<bool> stop = false;
  std::atomic<int> wrong = 0;
  std::thread caller([&] {
    while (!stop) {
      wifi::v1::Hotspot hotspot;
      const grpc::Status status = Get("1", &hotspot);
      // Refused while it is away, but never cut in the middle.
      if (!status.ok() && status.error_code() != grpc::StatusCode::UNAVAILABLE) ++wrong;
    }
  });
  city_.StopGateway();
  stop = true;
  caller.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(GatewayTest, NamesAnAddressThatIsInUse) {
  const RunningPart part = city_.StartPart("a");
  StartWith({&part});
  Options second = city_.options();
  second.listen_plain = city_.gateway().address();
  const auto refused = Part::Start(second);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr(second.listen_plain));
}

}  // namespace
}  // namespace simpul::gateway
