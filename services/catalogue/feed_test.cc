#include "services/catalogue/feed.h"

#include <memory>
#include <set>
#include <string>

#include "gmock/gmock.h"
#include "grpcpp/grpcpp.h"
#include "services/catalogue/key_service.h"
#include "simpul/catalogue/v1/key.grpc.pb.h"

namespace simpul::catalogue {
namespace {

using KeysFeed = Feed<WatchedKeys>;

// A feed behind a server without certificates, in this process.
class FeedTest : public ::testing::Test {
 protected:
  class Service : public v1::KeyService::WithCallbackMethod_WatchKeys<v1::KeyService::Service> {
   public:
    explicit Service(KeysFeed& feed) : feed_(feed) {}
    grpc::ServerWriteReactor<v1::WatchKeysResponse>* WatchKeys(
        grpc::CallbackServerContext*, const v1::WatchKeysRequest*) override {
      return feed_.Watch();
    }

   private:
    KeysFeed& feed_;
  };

  FeedTest() : service_(feed_) {
    grpc::ServerBuilder builder;
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    stub_ = v1::KeyService::NewStub(server_->InProcessChannel({}));
  }
  ~FeedTest() override {
    feed_.Close();
    server_->Shutdown();
  }

  static v1::KeyDigest Key(const std::string& id, size_t size) {
    v1::KeyDigest key;
    key.set_key_id(id);
    key.set_agency(std::string(size, 'a'));
    return key;
  }

  KeysFeed feed_;
  Service service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::KeyService::Stub> stub_;
};

TEST_F(FeedTest, ASlowWatcherGetsANewSnapshotAndMissesNothing) {
  grpc::ClientContext context;
  auto stream = stub_->WatchKeys(&context, {});
  v1::WatchKeysResponse answer;
  ASSERT_TRUE(stream->Read(&answer));
  ASSERT_TRUE(answer.snapshot());

  // More than is kept; in one process a write waits for its reader.
  const int changes = 3 * static_cast<int>(KeysFeed::kKeptDeltas);
  feed_.Publish({{"gone", Key("gone", 1)}}, {});
  for (int i = 0; i < changes; ++i) {
    const std::string id = std::to_string(i);
    feed_.Publish({{id, Key(id, 1000)}}, {});
  }
  feed_.Publish({}, {"gone"});
  feed_.Publish({{"last", Key("last", 1)}}, {});

  std::set<std::string> keys;
  int64_t version = answer.version();
  int snapshots = 0;
  while (!keys.contains("last")) {
    ASSERT_TRUE(stream->Read(&answer));
    EXPECT_EQ(answer.version(), ++version);
    if (answer.snapshot()) {
      ++snapshots;
      keys.clear();
    }
    for (const auto& key : answer.keys()) keys.insert(key.key_id());
    for (const std::string& id : answer.revoked()) keys.erase(id);
  }
  EXPECT_GE(snapshots, 1);
  EXPECT_LT(version, changes);
  EXPECT_EQ(keys.size(), static_cast<size_t>(changes) + 1);
  EXPECT_FALSE(keys.contains("gone"));
}

TEST_F(FeedTest, AWatcherThatLeavesIsForgotten) {
  {
    grpc::ClientContext context;
    auto stream = stub_->WatchKeys(&context, {});
    v1::WatchKeysResponse answer;
    ASSERT_TRUE(stream->Read(&answer));
    context.TryCancel();
    EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  feed_.Publish({{"a", Key("a", 1)}}, {});
  grpc::ClientContext context;
  auto stream = stub_->WatchKeys(&context, {});
  v1::WatchKeysResponse answer;
  ASSERT_TRUE(stream->Read(&answer));
  EXPECT_EQ(answer.keys_size(), 1);
}

}  // namespace
}  // namespace simpul::catalogue
