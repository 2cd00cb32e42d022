// KeyService over gRPC: operators make and revoke keys, gateways watch them.
#ifndef SIMPUL_SERVICES_CATALOGUE_KEY_SERVICE_H_
#define SIMPUL_SERVICES_CATALOGUE_KEY_SERVICE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "services/catalogue/feed.h"
#include "services/catalogue/key_store.h"
#include "simpul/catalogue/v1/key.grpc.pb.h"

namespace simpul::catalogue {

// What WatchKeys sends.
struct WatchedKeys {
  using Item = v1::KeyDigest;
  using Response = v1::WatchKeysResponse;
  static void Put(Response& response, const Item& item) { *response.add_keys() = item; }
  static void Remove(Response& response, const std::string& id) { response.add_revoked(id); }
};

// Thread-safe.
class KeyService final
    : public v1::KeyService::WithCallbackMethod_WatchKeys<v1::KeyService::Service> {
 public:
  // `keys` outlives the service.
  explicit KeyService(KeyStore& keys);

  // Tells the feed of the keys that hold. Call once, before it is served.
  absl::Status Load();
  // Ends the watchers' streams.
  void Close() { feed_.Close(); }

  grpc::Status CreateKey(grpc::ServerContext* context, const v1::CreateKeyRequest* request,
                         v1::CreateKeyResponse* response) override;
  grpc::Status ListKeys(grpc::ServerContext* context, const v1::ListKeysRequest* request,
                        v1::ListKeysResponse* response) override;
  grpc::Status RevokeKey(grpc::ServerContext* context, const v1::RevokeKeyRequest* request,
                         v1::Key* response) override;
  grpc::ServerWriteReactor<v1::WatchKeysResponse>* WatchKeys(
      grpc::CallbackServerContext* context, const v1::WatchKeysRequest* request) override;

 private:
  KeyStore& keys_;
  absl::Mutex changes_;  // watchers hear of changes in the order of their transactions
  Feed<WatchedKeys> feed_;
};

}  // namespace simpul::catalogue

#endif  // SIMPUL_SERVICES_CATALOGUE_KEY_SERVICE_H_
