#include "services/catalogue/inventory_service.h"

#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "bus/rpc/access.h"
#include "bus/rpc/status.h"

namespace simpul::catalogue {
namespace {

constexpr int kMostApplications = 1000;
constexpr absl::Duration kSilentFor = absl::Hours(7 * 24);

}  // namespace

grpc::Status InventoryService::GetApplication(grpc::ServerContext* context,
                                              const v1::GetApplicationRequest* request,
                                              v1::Application* response) {
  if (auto peer = rpc::Admit(*context, rpc::kReaders); !peer.ok())
    return rpc::ToGrpc(peer.status());
  auto application = inventory_.Get(*request);
  if (!application.ok()) return rpc::ToGrpc(application.status());
  *response = *std::move(application);
  return grpc::Status::OK;
}

grpc::Status InventoryService::ListApplications(grpc::ServerContext* context,
                                                const v1::ListApplicationsRequest* request,
                                                v1::ListApplicationsResponse* response) {
  if (auto peer = rpc::Admit(*context, rpc::kReaders); !peer.ok())
    return rpc::ToGrpc(peer.status());
  auto applications = inventory_.List(*request);
  if (!applications.ok()) return rpc::ToGrpc(applications.status());
  *response = *std::move(applications);
  return grpc::Status::OK;
}

grpc::Status InventoryImportService::ImportApplications(
    grpc::ServerContext* context, const v1::ImportApplicationsRequest* request,
    v1::ImportApplicationsResponse* response) {
  if (auto peer = rpc::Admit(*context, rpc::kOperators); !peer.ok())
    return rpc::ToGrpc(peer.status());
  if (request->applications_size() > kMostApplications) {
    return rpc::ToGrpc(
        absl::InvalidArgumentError("applications: more than 1000; send them in several requests"));
  }
  std::vector<const v1::Application*> applications;
  for (const v1::Application& application : request->applications()) {
    applications.push_back(&application);
  }
  auto outcomes = inventory_.Import(applications, request->validate_only());
  if (!outcomes.ok()) return rpc::ToGrpc(outcomes.status());
  for (v1::ImportOutcome& outcome : *outcomes) *response->add_outcomes() = std::move(outcome);
  return grpc::Status::OK;
}

grpc::Status InventoryImportService::ListDrift(grpc::ServerContext* context,
                                               const v1::ListDriftRequest* request,
                                               v1::ListDriftResponse* response) {
  if (auto peer = rpc::Admit(*context, rpc::kOperators); !peer.ok())
    return rpc::ToGrpc(peer.status());
  absl::Duration silent_for = kSilentFor;
  if (request->has_silent_for()) {
    silent_for = absl::Seconds(request->silent_for().seconds()) +
                 absl::Nanoseconds(request->silent_for().nanos());
  }
  if (silent_for < absl::ZeroDuration()) {
    return rpc::ToGrpc(absl::InvalidArgumentError("silent_for: negative; such as 604800s"));
  }
  auto drifts = sightings_.FindDrift(inventory_, silent_for);
  if (!drifts.ok()) return rpc::ToGrpc(drifts.status());
  for (v1::Drift& drift : *drifts) *response->add_drifts() = std::move(drift);
  return grpc::Status::OK;
}

}  // namespace simpul::catalogue
