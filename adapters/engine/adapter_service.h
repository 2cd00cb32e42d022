// AdapterService over gRPC: what operators ask of a running engine.
#ifndef SIMPUL_ADAPTERS_ENGINE_ADAPTER_SERVICE_H_
#define SIMPUL_ADAPTERS_ENGINE_ADAPTER_SERVICE_H_

#include <functional>
#include <memory>
#include <vector>

#include "adapters/engine/adapter.h"
#include "bus/store/store.h"
#include "simpul/mapping/v1/adapter.grpc.pb.h"

namespace simpul::engine {

// Thread-safe.
class AdapterService final : public mapping::v1::AdapterService::Service {
 public:
  // `adapters` and `store` outlive the service; `wake` is called when watches have been asked for
  // something.
  AdapterService(const std::vector<std::unique_ptr<Adapter>>& adapters, store::Store& store,
                 std::function<void()> wake)
      : adapters_(adapters), store_(store), wake_(std::move(wake)) {}

  grpc::Status Resync(grpc::ServerContext* context, const mapping::v1::ResyncRequest* request,
                      mapping::v1::ResyncResponse* response) override;
  grpc::Status ListWatches(grpc::ServerContext* context,
                           const mapping::v1::ListWatchesRequest* request,
                           mapping::v1::ListWatchesResponse* response) override;
  grpc::Status ListParkedRows(grpc::ServerContext* context,
                              const mapping::v1::ListParkedRowsRequest* request,
                              mapping::v1::ListParkedRowsResponse* response) override;

 private:
  const std::vector<std::unique_ptr<Adapter>>& adapters_;
  store::Store& store_;
  const std::function<void()> wake_;
};

}  // namespace simpul::engine

#endif  // SIMPUL_ADAPTERS_ENGINE_ADAPTER_SERVICE_H_
