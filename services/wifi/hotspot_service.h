// HotspotService: reads from the store.
#ifndef SIMPUL_SERVICES_WIFI_HOTSPOT_SERVICE_H_
#define SIMPUL_SERVICES_WIFI_HOTSPOT_SERVICE_H_

#include "absl/status/statusor.h"
#include "bus/rpc/token.h"
#include "bus/store/store.h"
#include "simpul/wifi/v1/wifi.grpc.pb.h"

namespace simpul::wifi {

// Both arguments outlive it. Thread-safe.
class HotspotService final : public v1::HotspotService::Service {
 public:
  HotspotService(store::Store& store, const rpc::TokenKey& tokens)
      : store_(store), tokens_(tokens) {}

  grpc::Status GetHotspot(grpc::ServerContext* context, const v1::GetHotspotRequest* request,
                          v1::Hotspot* response) override;
  grpc::Status ListHotspots(grpc::ServerContext* context, const v1::ListHotspotsRequest* request,
                            v1::ListHotspotsResponse* response) override;

  // The same without the call.
  absl::StatusOr<v1::Hotspot> Get(const v1::GetHotspotRequest& request);
  absl::StatusOr<v1::ListHotspotsResponse> List(const v1::ListHotspotsRequest& request);

 private:
  store::Store& store_;
  const rpc::TokenKey& tokens_;
};

}  // namespace simpul::wifi

#endif  // SIMPUL_SERVICES_WIFI_HOTSPOT_SERVICE_H_
