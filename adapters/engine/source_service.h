// Serves the source contracts of all mappings over gRPC, by descriptor: no generated code.
#ifndef SIMPUL_ADAPTERS_ENGINE_SOURCE_SERVICE_H_
#define SIMPUL_ADAPTERS_ENGINE_SOURCE_SERVICE_H_

#include <atomic>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "adapters/engine/adapter.h"
#include "grpcpp/generic/async_generic_service.h"
#include "grpcpp/grpcpp.h"

namespace simpul::engine {

// Answers every call of an adapter's service on the adapter's workers. `:authority`,
// "<app>.<department>", chooses the adapter where several serve one contract. Callers are services
// and operators, and the gateway for contracts of departments: source contracts hold personal data.
//
// UNIMPLEMENTED: no adapter here serves this. NOT_FOUND: several do and `:authority` names none.
// PERMISSION_DENIED: the caller is none of those. UNAVAILABLE: another engine of the department is
// active. RESOURCE_EXHAUSTED: too many calls wait. Else as Reader::Answer. Thread-safe.
class SourceService final : public grpc::CallbackGenericService {
 public:
  // `adapters` outlive the service.
  explicit SourceService(const std::vector<std::unique_ptr<Adapter>>& adapters)
      : adapters_(adapters) {}

  // Whether this engine is the active one of its department.
  void SetActive(bool is_active) { is_active_ = is_active; }

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override;

 private:
  class Call;

  absl::Status Admit(const grpc::GenericCallbackServerContext& context) const;
  absl::StatusOr<Adapter*> Choose(std::string_view service, std::string_view authority) const;

  const std::vector<std::unique_ptr<Adapter>>& adapters_;
  std::atomic<bool> is_active_{false};
};

}  // namespace simpul::engine

#endif  // SIMPUL_ADAPTERS_ENGINE_SOURCE_SERVICE_H_
