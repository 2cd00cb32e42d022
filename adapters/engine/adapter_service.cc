#include "adapters/engine/adapter_service.h"

#include <string>

#include "bus/rpc/access.h"
#include "bus/rpc/status.h"

namespace simpul::engine {
namespace {

// The watches of an adapter stand in the order of its watched resources.
template <class Each>
void ForEachWatch(const std::vector<std::unique_ptr<Adapter>>& adapters, Each each) {
  for (const auto& adapter : adapters) {
    size_t next = 0;
    for (const ResourcePlan& plan : adapter->mapping->resources) {
      if (plan.watched) each(*adapter, plan, *adapter->watches[next++]);
    }
  }
}

}  // namespace

grpc::Status AdapterService::Resync(grpc::ServerContext* context,
                                    const mapping::v1::ResyncRequest* request,
                                    mapping::v1::ResyncResponse* response) {
  if (auto peer = rpc::Admit(*context, rpc::kOperators); !peer.ok()) {
    return rpc::ToGrpc(peer.status());
  }
  int count = 0;
  ForEachWatch(adapters_, [&](const Adapter& adapter, const ResourcePlan& plan, Watch& watch) {
    if (!request->adapter().empty() && request->adapter() != adapter.mapping->adapter) return;
    if (!request->resource().empty() && request->resource() != plan.message) return;
    request->accept_deletes() ? watch.RequestAcceptDeletes() : watch.RequestResync();
    ++count;
  });
  if (count == 0) {
    return {grpc::StatusCode::NOT_FOUND, "this engine watches no such adapter or resource"};
  }
  wake_();
  response->set_watches(count);
  return grpc::Status::OK;
}

grpc::Status AdapterService::ListWatches(grpc::ServerContext* context,
                                         const mapping::v1::ListWatchesRequest*,
                                         mapping::v1::ListWatchesResponse* response) {
  if (auto peer = rpc::Admit(*context, rpc::kOperators); !peer.ok()) {
    return rpc::ToGrpc(peer.status());
  }
  ForEachWatch(adapters_, [&](const Adapter& adapter, const ResourcePlan& plan, Watch& watch) {
    const WatchStanding standing = watch.standing();
    auto* watched = response->add_watches();
    watched->set_adapter(adapter.mapping->adapter);
    watched->set_resource(plan.message);
    watched->set_synced(standing.is_synced);
    watched->set_rows(standing.rows);
    watched->set_parked(standing.parked);
    watched->set_held_deletes(standing.held_deletes);
    watched->set_error(standing.error);
  });
  return grpc::Status::OK;
}

}  // namespace simpul::engine
