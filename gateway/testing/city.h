// A small bus for the gateway's tests: a catalogue and parts that are real gRPC servers over mutual
// TLS, with answers that a test chooses by the name it asks for.
#ifndef SIMPUL_GATEWAY_TESTING_CITY_H_
#define SIMPUL_GATEWAY_TESTING_CITY_H_

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "bus/rpc/server.h"
#include "bus/rpc/test_credentials.h"
#include "gateway/part.h"
#include "simpul/catalogue/v1/key.grpc.pb.h"
#include "simpul/catalogue/v1/registry.grpc.pb.h"
#include "simpul/events/v1/events.grpc.pb.h"
#include "simpul/wifi/v1/wifi.grpc.pb.h"

namespace simpul::gateway {

// Key texts of the right shape; the number makes them differ.
std::string KeyText(int number);

// Tells watchers what a test sets. Thread-safe.
class FakeCatalogue : public catalogue::v1::RegistryService::Service,
                      public catalogue::v1::KeyService::Service {
 public:
  void SetParts(std::vector<catalogue::v1::Part> parts);
  void AddContract(const std::string& hash, const std::string& protoset);
  // While true GetContract is UNAVAILABLE.
  void HideContracts(bool hide);
  void AddKey(const std::string& agency, const std::string& text);
  void RevokeKeyOf(const std::string& text);
  // Ends the watches, so that a server can stop, and lets them begin again.
  void SetStopped(bool stopped);

  grpc::Status WatchParts(grpc::ServerContext* context, const catalogue::v1::WatchPartsRequest*,
                          grpc::ServerWriter<catalogue::v1::WatchPartsResponse>* writer) override;
  grpc::Status GetContract(grpc::ServerContext*, const catalogue::v1::GetContractRequest* request,
                           catalogue::v1::Contract* contract) override;
  grpc::Status WatchKeys(grpc::ServerContext* context, const catalogue::v1::WatchKeysRequest*,
                         grpc::ServerWriter<catalogue::v1::WatchKeysResponse>* writer) override;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ = false;
  bool hidden_ = false;
  int64_t parts_version_ = 1;
  std::vector<catalogue::v1::Part> parts_;
  std::map<std::string, std::string> contracts_;
  std::vector<catalogue::v1::WatchKeysResponse> key_changes_;  // from the first on
};

// Hotspots: "…/slow" answers only when its call is cancelled, "…/missing" is NOT_FOUND,
// "…/internal" and "…/unknown" are errors with SQL in text and details, "…/large" is 20 MiB; any
// other comes back with the instance as display_name and its caller in the description.
// Subscriptions to the prefix "flood" never end; others send one event for each type asked for.
class FakePart : public wifi::v1::HotspotService::Service,
                 public events::v1::EventService::Service {
 public:
  explicit FakePart(std::string instance) : instance_(std::move(instance)) {}

  grpc::Status GetHotspot(grpc::ServerContext* context, const wifi::v1::GetHotspotRequest* request,
                          wifi::v1::Hotspot* hotspot) override;
  grpc::Status ListHotspots(grpc::ServerContext*, const wifi::v1::ListHotspotsRequest* request,
                            wifi::v1::ListHotspotsResponse* response) override;
  grpc::Status Subscribe(grpc::ServerContext* context, const events::v1::SubscribeRequest* request,
                         grpc::ServerWriter<events::v1::SubscribeResponse>* writer) override;
  grpc::Status CreateSubscription(grpc::ServerContext* context,
                                  const events::v1::CreateSubscriptionRequest* request,
                                  events::v1::Subscription* subscription) override;

  std::atomic<bool> breaks_off = false;  // GetHotspot and CreateSubscription, as if it shut down
  std::atomic<int> calls = 0;            // of GetHotspot and CreateSubscription
  std::atomic<int> slow_calls = 0;       // begun
  std::atomic<int> cancelled_calls = 0;  // of those, ended by the client
  std::atomic<int64_t> flood_bytes = 0;  // written so far
  std::atomic<int64_t> deadline_ms = 0;  // what the last GetHotspot was given

 private:
  const std::string instance_;
};

// One running instance of a part with its contract.
struct RunningPart {
  std::unique_ptr<FakePart> service;
  std::unique_ptr<rpc::Server> server;
  catalogue::v1::Part part;
};

// The bus. One per test.
class City {
 public:
  City();
  ~City();

  // An instance on the bus's certificates, known to nobody yet. `extra`: one more service in its
  // contract, which gives it another hash. `who`: its certificate's.
  RunningPart StartPart(const std::string& instance, bool extra = false,
                        const std::string& who = "service/wifi");
  // What the gateway is started with; change it before StartGateway.
  Options& options() { return options_; }
  void StartGateway();
  void StopGateway() { gateway_.reset(); }
  void StopCatalogue();
  void StartCatalogue();  // at the same address

  FakeCatalogue& catalogue() { return *catalogue_; }
  Part& gateway() { return *gateway_; }
  rpc::TestCredentials& credentials() { return credentials_; }
  const std::string& data() const { return data_; }
  const std::string& key() const { return key_; }

 private:
  rpc::TestCredentials credentials_;
  std::unique_ptr<FakeCatalogue> catalogue_;
  std::unique_ptr<rpc::Server> catalogue_server_;
  std::string catalogue_address_;
  std::string data_;
  std::string key_;
  Options options_;
  std::unique_ptr<Part> gateway_;
};

// Waits until `condition` holds, at most `limit`; returns whether it does.
template <class Condition>
bool Eventually(Condition condition, absl::Duration limit = absl::Seconds(10)) {
  static std::mutex mutex;
  static std::condition_variable never;
  const absl::Time end = absl::Now() + limit;
  while (!condition()) {
    if (absl::Now() > end) return false;
    std::unique_lock lock(mutex);
    never.wait_for(lock, std::chrono::milliseconds(5));
  }
  return true;
}

// A client's TCP connection, blocking with a limit of 10 s.
class Wire {
 public:
  Wire();  // not connected yet
  explicit Wire(const std::string& address);
  ~Wire();
  Wire(const Wire&) = delete;

  void Connect(const std::string& address);
  void Send(std::string_view bytes);
  // Until `ends` holds for what has come, the peer closes or the time is up; returns all of it.
  template <class Ends>
  std::string ReadUntil(Ends ends) {
    while (!ends(read_) && ReadSome()) {
    }
    return std::exchange(read_, "");
  }
  // One HTTP/1.1 answer with a content-length.
  std::string ReadAnswer();
  // Whether the peer closes within 10 s.
  bool ClosedByPeer();

 private:
  bool ReadSome();
  int fd_;
  std::string read_;
};

// The status and the body of an HTTP/1.1 answer.
int StatusOf(const std::string& answer);
std::string BodyOf(const std::string& answer);

}  // namespace simpul::gateway

#endif  // SIMPUL_GATEWAY_TESTING_CITY_H_
