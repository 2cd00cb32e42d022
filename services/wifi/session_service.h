// SessionService: reads from the store.
#ifndef SIMPUL_SERVICES_WIFI_SESSION_SERVICE_H_
#define SIMPUL_SERVICES_WIFI_SESSION_SERVICE_H_

#include "absl/status/statusor.h"
#include "bus/rpc/token.h"
#include "bus/store/store.h"
#include "simpul/wifi/v1/wifi.grpc.pb.h"

namespace simpul::wifi {

// Both arguments outlive it. Thread-safe.
class SessionService final : public v1::SessionService::Service {
 public:
  SessionService(store::Store& store, const rpc::TokenKey& tokens)
      : store_(store), tokens_(tokens) {}

  grpc::Status GetSession(grpc::ServerContext* context, const v1::GetSessionRequest* request,
                          v1::Session* response) override;
  grpc::Status ListSessions(grpc::ServerContext* context, const v1::ListSessionsRequest* request,
                            v1::ListSessionsResponse* response) override;

  // The same without the call.
  absl::StatusOr<v1::Session> Get(const v1::GetSessionRequest& request);
  absl::StatusOr<v1::ListSessionsResponse> List(const v1::ListSessionsRequest& request);

 private:
  store::Store& store_;
  const rpc::TokenKey& tokens_;
};

}  // namespace simpul::wifi

#endif  // SIMPUL_SERVICES_WIFI_SESSION_SERVICE_H_
