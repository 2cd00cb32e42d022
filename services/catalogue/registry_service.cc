#include "services/catalogue/registry_service.h"

#include <utility>

#include "bus/rpc/access.h"
#include "bus/rpc/status.h"

namespace simpul::catalogue {

grpc::Status RegistryService::Register(grpc::ServerContext* context,
                                       const v1::RegisterRequest* request,
                                       v1::RegisterResponse* response) {
  auto peer = rpc::Admit(*context, rpc::kOnTheBus);
  if (!peer.ok()) return rpc::ToGrpc(peer.status());
  auto part = registry_.Register(*peer, request->part(), request->protoset());
  if (!part.ok()) return rpc::ToGrpc(part.status());
  *response->mutable_part() = *std::move(part);
  const int64_t lease_ns = absl::ToInt64Nanoseconds(registry_.lease());
  response->mutable_lease()->set_seconds(lease_ns / 1000000000);
  response->mutable_lease()->set_nanos(static_cast<int32_t>(lease_ns % 1000000000));
  return grpc::Status::OK;
}

grpc::Status RegistryService::Deregister(grpc::ServerContext* context,
                                         const v1::DeregisterRequest* request,
                                         v1::DeregisterResponse*) {
  auto peer = rpc::Admit(*context, rpc::kOnTheBus);
  if (!peer.ok()) return rpc::ToGrpc(peer.status());
  return rpc::ToGrpc(registry_.Deregister(*peer, request->instance()));
}

grpc::Status RegistryService::ListParts(grpc::ServerContext* context, const v1::ListPartsRequest*,
                                        v1::ListPartsResponse* response) {
  if (auto peer = rpc::Admit(*context, rpc::kOnTheBus); !peer.ok())
    return rpc::ToGrpc(peer.status());
  for (v1::Part& part : registry_.parts()) *response->add_parts() = std::move(part);
  return grpc::Status::OK;
}

grpc::Status RegistryService::GetContract(grpc::ServerContext* context,
                                          const v1::GetContractRequest* request,
                                          v1::Contract* response) {
  if (auto peer = rpc::Admit(*context, rpc::kOnTheBus); !peer.ok())
    return rpc::ToGrpc(peer.status());
  auto protoset = registry_.Protoset(request->hash());
  if (!protoset.ok()) return rpc::ToGrpc(protoset.status());
  response->set_hash(request->hash());
  response->set_protoset(*std::move(protoset));
  return grpc::Status::OK;
}

grpc::Status RegistryService::ReleaseRoutes(grpc::ServerContext* context,
                                            const v1::ReleaseRoutesRequest* request,
                                            v1::ReleaseRoutesResponse* response) {
  if (auto peer = rpc::Admit(*context, rpc::kOperators); !peer.ok())
    return rpc::ToGrpc(peer.status());
  auto routes = registry_.ReleaseRoutes(request->identity());
  if (!routes.ok()) return rpc::ToGrpc(routes.status());
  for (std::string& route : *routes) response->add_routes(std::move(route));
  return grpc::Status::OK;
}

grpc::ServerWriteReactor<v1::WatchPartsResponse>* RegistryService::WatchParts(
    grpc::CallbackServerContext* context, const v1::WatchPartsRequest*) {
  if (auto peer = rpc::Admit(*context, rpc::kOnTheBus); !peer.ok()) {
    return rpc::Refuse<v1::WatchPartsResponse>(peer.status());
  }
  return feed_.Watch();
}

}  // namespace simpul::catalogue
