// What a gateway does while parts and the catalogue come, go and are replaced.
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_format.h"
#include "gateway/snapshot.h"
#include "gateway/testing/gateway_fixture.h"
#include "gmock/gmock.h"

namespace simpul::gateway {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

class PartsTest : public GatewayFixture {};

TEST_F(PartsTest, SaysThatAPartIsAwayAndFindsItAgain) {
  RunningPart part = city_.StartPart("a");
  StartWith({&part});
  ASSERT_TRUE(Get("1", &hotspot_).ok());
  std::thread killer([&] {
    EXPECT_TRUE(Eventually([&] { return part.service->slow_calls == 1; }));
    part.server.reset();
  });
  const absl::Time begin = absl::Now();
  grpc::Status status = Get("slow", &hotspot_);
  killer.join();
  EXPECT_THAT(status.error_code(),
              AnyOf(grpc::StatusCode::UNAVAILABLE, grpc::StatusCode::CANCELLED));
  EXPECT_LT(absl::Now() - begin, absl::Seconds(15));
  status = Get("1", &hotspot_);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE) << status.error_message();
  const RunningPart next = city_.StartPart("b");
  SetParts({&next});
  EXPECT_TRUE(Eventually([&] { return Get("1", &hotspot_).ok(); }));
  EXPECT_EQ(hotspot_.display_name(), "b");
}

TEST_F(PartsTest, GivesCallsToAnotherInstanceWhenOneIsGone) {
  RunningPart a = city_.StartPart("a");
  const RunningPart b = city_.StartPart("b");
  StartWith({&a, &b});
  std::set<std::string> seen;
  ASSERT_TRUE(Eventually([&] {
    EXPECT_TRUE(Get("1", &hotspot_).ok());
    seen.insert(hotspot_.display_name());
    return seen.size() == 2;
  }));
  a.server.reset();  // and the catalogue does not know yet
  for (int i = 0; i < 20; ++i) {
    const grpc::Status status = Get("1", &hotspot_);
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(hotspot_.display_name(), "b");
  }
}

TEST_F(PartsTest, AsksAnotherInstanceWhenOneBreaksOffARead) {
  RunningPart a = city_.StartPart("a");
  const RunningPart b = city_.StartPart("b");
  a.service->breaks_off = true;
  StartWith({&a, &b});
  for (int i = 0; i < 20; ++i) {
    const grpc::Status status = Get("1", &hotspot_);
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(hotspot_.display_name(), "b");
  }
  EXPECT_GT(a.service->calls, 0);
}

TEST_F(PartsTest, AsksForAReadThatIsBrokenOffOnlyTwice) {
  RunningPart a = city_.StartPart("a");
  RunningPart b = city_.StartPart("b");
  a.service->breaks_off = b.service->breaks_off = true;
  StartWith({&a, &b});
  const grpc::Status status = Get("1", &hotspot_);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE) << status.error_message();
  EXPECT_EQ(a.service->calls + b.service->calls, 2);
}

TEST_F(PartsTest, NeverRepeatsAWriteThatIsBrokenOff) {
  RunningPart a = city_.StartPart("a");
  RunningPart b = city_.StartPart("b");
  a.service->breaks_off = b.service->breaks_off = true;
  StartWith({&a, &b});
  events::v1::CreateSubscriptionRequest request;
  events::v1::Subscription subscription;
  const grpc::Status status =
      events_->CreateSubscription(Context(city_.key()).get(), request, &subscription);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(status.error_message(), HasSubstr("whether it did anything is not known"));
  EXPECT_EQ(a.service->calls + b.service->calls, 1);
}

TEST_F(PartsTest, BelievesNoPartWithAnothersCertificate) {
  RunningPart part = city_.StartPart("a");
  part.part.set_identity(city_.credentials().IdentityOf("service/events").Uri());
  StartWith({&part});
  EXPECT_EQ(Get("1", &hotspot_).error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(PartsTest, FailsNoCallWhilePartsAndContractsAreReplaced) {
  auto current = std::make_unique<RunningPart>(city_.StartPart("0"));
  StartWith({current.get()});
  std::atomic<bool> stop = false;
  std::atomic<int> calls = 0, failures = 0;
  std::mutex mutex;
  std::string failure;
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      while (!stop) {
        wifi::v1::Hotspot hotspot;
        const grpc::Status status = Get("1", &hotspot);
        ++calls;
        if (status.ok()) continue;
        ++failures;
        std::lock_guard lock(mutex);
        failure = absl::StrFormat("%d %s", status.error_code(), status.error_message());
      }
    });
  }
  for (int round = 1; round <= 20; ++round) {
    auto next = std::make_unique<RunningPart>(
        city_.StartPart(std::to_string(round), /*extra=*/round % 2 == 1));
    SetParts({current.get(), next.get()});
    EXPECT_TRUE(Eventually([&] { return next->service->calls > 0; }));
    // At once, so that calls reach a server that ends already.
    SetParts({next.get()});
    current->server->Shutdown(absl::Seconds(5));
    current = std::move(next);
    const int after = calls;
    EXPECT_TRUE(Eventually([&] { return calls > after + 50; }));
  }
  stop = true;
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(failures, 0) << failure << " of " << calls;
}

TEST_F(PartsTest, StartsFromWhatItKnewWhileTheCatalogueHasNoContracts) {
  const RunningPart part = city_.StartPart("a");
  StartWith({&part});
  ASSERT_TRUE(Get("1", &hotspot_).ok());
  ASSERT_TRUE(Eventually([&] { return std::filesystem::exists(city_.data() + "/parts"); }));
  city_.StopGateway();
  city_.catalogue().HideContracts(true);
  city_.StartGateway();
  Connect();
  EXPECT_TRUE(Eventually([&] { return Get("1", &hotspot_).ok(); }));
}

TEST_F(PartsTest, StartsFromWhatItKnewWhileTheCatalogueIsAway) {
  const RunningPart part = city_.StartPart("a");
  StartWith({&part});
  city_.catalogue().AddKey("bapenda", KeyText(2));
  ASSERT_TRUE(Eventually([&] { return Get(*Context(KeyText(2)), "1", &hotspot_).ok(); }));
  const std::string file = city_.data() + "/keys";
  ASSERT_TRUE(Eventually([&] { return LoadKeys(city_.data()).keys.keys_size() == 2; }));
  ASSERT_TRUE(Eventually([&] { return std::filesystem::exists(city_.data() + "/parts"); }));
  city_.StopGateway();
  city_.StopCatalogue();
  city_.StartGateway();
  Connect();
  EXPECT_TRUE(city_.gateway().ready().ok()) << city_.gateway().ready();
  EXPECT_TRUE(Eventually([&] { return Get("1", &hotspot_).ok(); }));
  EXPECT_TRUE(Get(*Context(KeyText(2)), "1", &hotspot_).ok());
  EXPECT_EQ(Get(*Context(KeyText(3)), "1", &hotspot_).error_code(),
            grpc::StatusCode::UNAUTHENTICATED);

  struct stat status;
  ASSERT_EQ(stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  std::ifstream stream(file, std::ios::binary);
  const std::string content(std::istreambuf_iterator<char>(stream), {});
  EXPECT_THAT(content, Not(HasSubstr(KeyText(2).substr(13))));

  // What was revoked meanwhile ends with the first word of the catalogue.
  city_.catalogue().RevokeKeyOf(KeyText(2));
  city_.StartCatalogue();
  EXPECT_TRUE(Eventually([&] {
    return Get(*Context(KeyText(2)), "1", &hotspot_).error_code() ==
           grpc::StatusCode::UNAUTHENTICATED;
  }));
  EXPECT_TRUE(Get("1", &hotspot_).ok());
}

TEST_F(PartsTest, StartsWithNoKeysThatAreTooOld) {
  const RunningPart part = city_.StartPart("a");
  StartWith({&part});
  ASSERT_TRUE(Eventually([&] { return LoadKeys(city_.data()).keys.keys_size() == 1; }));
  city_.StopGateway();
  city_.StopCatalogue();
  const SavedKeys saved = LoadKeys(city_.data());
  EXPECT_LT(absl::Now() - saved.time, absl::Minutes(1));
  for (const auto& [age, ready] :
       {std::pair(absl::Hours(23), true), std::pair(absl::Hours(25), false)}) {
    ASSERT_TRUE(SaveKeys(city_.data(), saved.keys, absl::Now() - age).ok());
    city_.StartGateway();
    EXPECT_EQ(city_.gateway().ready().ok(), ready) << age;
    city_.StopGateway();
  }
}

TEST_F(PartsTest, FindsTheOneThatLivesAmongManyThatDied) {
  std::vector<RunningPart> died;
  std::vector<const RunningPart*> parts;
  for (int i = 0; i < 20; ++i) {
    died.push_back(city_.StartPart(absl::StrFormat("dead%d", i)));
    died.back().server.reset();  // and the catalogue does not know before its lease runs out
  }
  const RunningPart alive = city_.StartPart("the-living");
  for (const RunningPart& part : died) parts.push_back(&part);
  parts.push_back(&alive);
  StartWith(parts);
  const grpc::Status status = Get("1", &hotspot_);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(hotspot_.display_name(), "the-living");
}

TEST_F(PartsTest, SaysToWhomItHasRoutes) {
  const RunningPart a = city_.StartPart("a");
  const RunningPart b = city_.StartPart("b");
  StartWith({&a});
  ASSERT_TRUE(Get("1", &hotspot_).ok());
  EXPECT_TRUE(city_.gateway().has_routes_to(a.server->address()));
  EXPECT_FALSE(city_.gateway().has_routes_to(b.server->address()));
  SetParts({&b});
  EXPECT_TRUE(Eventually([&] { return city_.gateway().has_routes_to(b.server->address()); }));
  EXPECT_FALSE(city_.gateway().has_routes_to(a.server->address()));
}

TEST_F(PartsTest, GoesOnWhileTheCatalogueIsAway) {
  const RunningPart part = city_.StartPart("a");
  StartWith({&part});
  city_.StopCatalogue();
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(Get("1", &hotspot_).ok());
  EXPECT_TRUE(city_.gateway().ready().ok());
  city_.StartCatalogue();
  const RunningPart next = city_.StartPart("b");
  SetParts({&next});
  EXPECT_TRUE(
      Eventually([&] { return Get("1", &hotspot_).ok() && hotspot_.display_name() == "b"; }));
}

}  // namespace
}  // namespace simpul::gateway
