// RegistryService over gRPC: who may ask what, and the Registry behind it.
#ifndef SIMPUL_SERVICES_CATALOGUE_REGISTRY_SERVICE_H_
#define SIMPUL_SERVICES_CATALOGUE_REGISTRY_SERVICE_H_

#include "services/catalogue/feed.h"
#include "services/catalogue/registry.h"
#include "simpul/catalogue/v1/registry.grpc.pb.h"

namespace simpul::catalogue {

// What WatchParts sends.
struct WatchedParts {
  using Item = v1::Part;
  using Response = v1::WatchPartsResponse;
  static void Put(Response& response, const Item& item) { *response.add_parts() = item; }
  static void Remove(Response& response, const std::string& name) { response.add_removed(name); }
};
using PartsFeed = Feed<WatchedParts>;

// Thread-safe.
class RegistryService final
    : public v1::RegistryService::WithCallbackMethod_WatchParts<v1::RegistryService::Service> {
 public:
  // Both outlive the service.
  RegistryService(Registry& registry, PartsFeed& feed) : registry_(registry), feed_(feed) {}

  grpc::Status Register(grpc::ServerContext* context, const v1::RegisterRequest* request,
                        v1::RegisterResponse* response) override;
  grpc::Status Deregister(grpc::ServerContext* context, const v1::DeregisterRequest* request,
                          v1::DeregisterResponse* response) override;
  grpc::Status ListParts(grpc::ServerContext* context, const v1::ListPartsRequest* request,
                         v1::ListPartsResponse* response) override;
  grpc::Status GetContract(grpc::ServerContext* context, const v1::GetContractRequest* request,
                           v1::Contract* response) override;
  grpc::Status ReleaseRoutes(grpc::ServerContext* context, const v1::ReleaseRoutesRequest* request,
                             v1::ReleaseRoutesResponse* response) override;
  grpc::ServerWriteReactor<v1::WatchPartsResponse>* WatchParts(
      grpc::CallbackServerContext* context, const v1::WatchPartsRequest* request) override;

 private:
  Registry& registry_;
  PartsFeed& feed_;
};

}  // namespace simpul::catalogue

#endif  // SIMPUL_SERVICES_CATALOGUE_REGISTRY_SERVICE_H_
