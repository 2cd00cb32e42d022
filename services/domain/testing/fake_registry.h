// A catalogue for tests of domain services: it knows the adapters it was given, and lets everybody
// register.
#ifndef SIMPUL_SERVICES_DOMAIN_TESTING_FAKE_REGISTRY_H_
#define SIMPUL_SERVICES_DOMAIN_TESTING_FAKE_REGISTRY_H_

#include <utility>

#include "absl/synchronization/notification.h"
#include "grpcpp/grpcpp.h"
#include "simpul/catalogue/v1/registry.grpc.pb.h"

namespace simpul::domain {

// Thread-safe. Stop() before the server that has it is destroyed.
class FakeRegistry final : public catalogue::v1::RegistryService::Service {
 public:
  explicit FakeRegistry(catalogue::v1::Part adapter) : adapter_(std::move(adapter)) {}
  void Stop() { stopping_.Notify(); }

  grpc::Status WatchParts(grpc::ServerContext*, const catalogue::v1::WatchPartsRequest*,
                          grpc::ServerWriter<catalogue::v1::WatchPartsResponse>* writer) override {
    catalogue::v1::WatchPartsResponse response;
    response.set_version(1);
    response.set_snapshot(true);
    *response.add_parts() = adapter_;
    writer->Write(response);
    stopping_.WaitForNotification();
    return grpc::Status::OK;
  }
  grpc::Status Register(grpc::ServerContext*, const catalogue::v1::RegisterRequest* request,
                        catalogue::v1::RegisterResponse* response) override {
    *response->mutable_part() = request->part();
    response->mutable_lease()->set_seconds(30);
    return grpc::Status::OK;
  }
  grpc::Status Deregister(grpc::ServerContext*, const catalogue::v1::DeregisterRequest*,
                          catalogue::v1::DeregisterResponse*) override {
    return grpc::Status::OK;
  }

 private:
  const catalogue::v1::Part adapter_;
  absl::Notification stopping_;
};

}  // namespace simpul::domain

#endif  // SIMPUL_SERVICES_DOMAIN_TESTING_FAKE_REGISTRY_H_
