#include "adapters/engine/adapter_service.h"

#include <algorithm>
#include <string>

#include "bus/rpc/access.h"
#include "bus/rpc/status.h"

namespace simpul::engine {
namespace {

constexpr int kMostRows = 1000;

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
    if (standing.reconciled > absl::UnixEpoch()) {
      watched->mutable_reconcile_time()->set_seconds(absl::ToUnixSeconds(standing.reconciled));
    }
  });
  return grpc::Status::OK;
}

grpc::Status AdapterService::ListParkedRows(grpc::ServerContext* context,
                                            const mapping::v1::ListParkedRowsRequest* request,
                                            mapping::v1::ListParkedRowsResponse* response) {
  if (auto peer = rpc::Admit(*context, rpc::kOperators); !peer.ok()) {
    return rpc::ToGrpc(peer.status());
  }
  const std::string& wanted = request->adapter();
  const bool is_known =
      wanted.empty() || std::any_of(adapters_.begin(), adapters_.end(), [&](const auto& adapter) {
        return adapter->mapping->adapter == wanted;
      });
  if (!is_known) return {grpc::StatusCode::NOT_FOUND, "this engine has no such adapter"};
  const std::string department = adapters_.front()->mapping->department;
  return rpc::ToGrpc(store_.Read([&](store::Transaction& transaction) {
    response->Clear();
    return transaction.Query(
        "SELECT resource, row_key, field, reason, park_time FROM watch_parked"
        " ORDER BY resource, park_time, row_key",
        {}, [&](const store::Row& row) {
          const std::string resource(row.Text(0));  // "<app>/<message>"
          const size_t slash = resource.find('/');
          const std::string adapter = department + "/" + resource.substr(0, slash);
          if (response->rows_size() == kMostRows) return absl::OkStatus();
          if (!wanted.empty() && adapter != wanted) return absl::OkStatus();
          mapping::v1::ParkedRow& parked = *response->add_rows();
          parked.set_adapter(adapter);
          parked.set_resource(resource.substr(slash + 1));
          parked.set_key(std::string(row.Text(1)));
          parked.set_field(std::string(row.Text(2)));
          parked.set_reason(std::string(row.Text(3)));
          parked.mutable_park_time()->set_seconds(row.Int(4) / 1'000'000);
          return absl::OkStatus();
        });
  }));
}

}  // namespace simpul::engine
