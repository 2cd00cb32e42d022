// The inventory over gRPC: everybody reads it, operators import and look for drift.
#ifndef SIMPUL_SERVICES_CATALOGUE_INVENTORY_SERVICE_H_
#define SIMPUL_SERVICES_CATALOGUE_INVENTORY_SERVICE_H_

#include "services/catalogue/inventory.h"
#include "services/catalogue/sightings.h"
#include "simpul/catalogue/v1/inventory.grpc.pb.h"

namespace simpul::catalogue {

// Thread-safe. `inventory` outlives it.
class InventoryService final : public v1::InventoryService::Service {
 public:
  explicit InventoryService(const Inventory& inventory) : inventory_(inventory) {}

  grpc::Status GetApplication(grpc::ServerContext* context,
                              const v1::GetApplicationRequest* request,
                              v1::Application* response) override;
  grpc::Status ListApplications(grpc::ServerContext* context,
                                const v1::ListApplicationsRequest* request,
                                v1::ListApplicationsResponse* response) override;

 private:
  const Inventory& inventory_;
};

// Thread-safe. `inventory` and `sightings` outlive it.
class InventoryImportService final : public v1::InventoryImportService::Service {
 public:
  InventoryImportService(Inventory& inventory, const Sightings& sightings)
      : inventory_(inventory), sightings_(sightings) {}

  grpc::Status ImportApplications(grpc::ServerContext* context,
                                  const v1::ImportApplicationsRequest* request,
                                  v1::ImportApplicationsResponse* response) override;
  grpc::Status ListDrift(grpc::ServerContext* context, const v1::ListDriftRequest* request,
                         v1::ListDriftResponse* response) override;

 private:
  Inventory& inventory_;
  const Sightings& sightings_;
};

}  // namespace simpul::catalogue

#endif  // SIMPUL_SERVICES_CATALOGUE_INVENTORY_SERVICE_H_
