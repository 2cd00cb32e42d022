// Follows the API keys that the catalogue tells, and remembers them over a restart.
#ifndef SIMPUL_GATEWAY_KEYS_WATCH_H_
#define SIMPUL_GATEWAY_KEYS_WATCH_H_

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bus/rpc/retry.h"
#include "gateway/keys.h"
#include "simpul/catalogue/v1/key.grpc.pb.h"

namespace grpc {
class Channel;
}

namespace simpul::gateway {

// Reads WatchKeys on a thread of its own, over and over. Thread-safe.
class KeysWatch {
 public:
  // `directory`: where they are kept (snapshot.h); empty: nowhere. `changed` is called on the
  // watch's thread with all keys that hold.
  KeysWatch(std::shared_ptr<grpc::Channel> channel, std::string directory,
            std::function<void(std::shared_ptr<const KeySet>)> changed);
  ~KeysWatch();

  // Says on disk that the keys known still hold, if the catalogue is there to say so and it was not
  // said for a while. To be called now and then.
  void Refresh();

 private:
  void Run();
  absl::Status Follow();
  void Apply(const catalogue::v1::WatchKeysResponse& response);
  void Save() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::unique_ptr<catalogue::v1::KeyService::Stub> stub_;
  const std::string directory_;
  const std::function<void(std::shared_ptr<const KeySet>)> changed_;
  rpc::Stop stop_;
  rpc::Backoff backoff_;  // of the thread alone

  std::mutex mutex_;
  catalogue::v1::WatchKeysResponse all_ ABSL_GUARDED_BY(mutex_);
  bool connected_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Time saved_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  std::thread thread_;
};

// The keys of a WatchKeysResponse that has all of them.
std::shared_ptr<const KeySet> KeySetOf(const catalogue::v1::WatchKeysResponse& all);

}  // namespace simpul::gateway

#endif  // SIMPUL_GATEWAY_KEYS_WATCH_H_
