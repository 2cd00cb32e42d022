#include "services/wifi/hotspot_service.h"

#include <map>
#include <utility>

#include "bus/rpc/access.h"
#include "bus/rpc/privacy.h"
#include "bus/rpc/status.h"
#include "services/domain/name.h"
#include "services/domain/observation.h"
#include "services/domain/page.h"
#include "services/domain/row.h"
#include "services/wifi/table.h"

namespace simpul::wifi {
namespace {

using domain::DepartmentOfParent;
using domain::Page;
using domain::ReadPage;

// Sessions that are ACTIVE, per hotspot, of the hotspots from `first` to `last` by name. Counted
// when asked, over an index of the open sessions alone: no counter that could go wrong.
absl::StatusOr<std::map<std::string, int32_t>> CountActive(store::Transaction& transaction,
                                                           const std::string& first,
                                                           const std::string& last) {
  std::map<std::string, int32_t> counts;
  auto status = transaction.Query(
      "SELECT hotspot, COUNT(*) FROM wifi_session "
      "WHERE visible = 1 AND state = 1 AND hotspot >= $1 AND hotspot <= $2 GROUP BY hotspot",
      {first, last}, [&](const store::Row& row) {
        counts.emplace(row.Text(0), static_cast<int32_t>(row.Int(1)));
        return absl::OkStatus();
      });
  if (!status.ok()) return status;
  return counts;
}

constexpr std::string_view kListAll =
    "SELECT resource FROM wifi_hotspot WHERE visible = 1 AND name > $1 ORDER BY name LIMIT $2";
constexpr std::string_view kListDepartment =
    "SELECT resource FROM wifi_hotspot WHERE visible = 1 AND name > $1 AND department = $3 "
    "ORDER BY name LIMIT $2";

absl::Status ReadPageOf(store::Transaction& transaction, const std::string& department,
                        const Page& page, v1::ListHotspotsResponse& response) {
  const auto each = [&](const store::Row& row) {
    return domain::ReadResource(row.Bytes(0), *response.add_hotspots());
  };
  auto status =
      department.empty()
          ? transaction.Query(kListAll, {page.after, page.limit()}, each)
          : transaction.Query(kListDepartment, {page.after, page.limit(), department}, each);
  if (!status.ok() || response.hotspots().empty()) return status;
  auto counts = CountActive(transaction, response.hotspots(0).name(),
                            response.hotspots(response.hotspots_size() - 1).name());
  if (!counts.ok()) return counts.status();
  auto observed = domain::Observed::Read(transaction, "hotspot");
  if (!observed.ok()) return observed.status();
  for (v1::Hotspot& hotspot : *response.mutable_hotspots()) {
    observed->Show(hotspot);
    hotspot.set_active_session_count((*counts)[hotspot.name()]);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::Hotspot> HotspotService::Get(const v1::GetHotspotRequest& request) {
  v1::Hotspot hotspot;
  auto status = store_.Read([&](store::Transaction& transaction) -> absl::Status {
    if (!domain::DepartmentOf(request.name(), "hotspots")) return absl::OkStatus();
    auto row = LoadHotspot(transaction, request.name());
    if (!row.ok()) return row.status();
    if (!row->is_visible) return absl::OkStatus();
    hotspot = std::move(row->resource);
    auto counts = CountActive(transaction, hotspot.name(), hotspot.name());
    if (!counts.ok()) return counts.status();
    hotspot.set_active_session_count((*counts)[hotspot.name()]);
    auto observed = domain::Observed::Read(transaction, "hotspot");
    if (!observed.ok()) return observed.status();
    observed->Show(hotspot);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  if (hotspot.name().empty()) {
    return absl::NotFoundError("name: no hotspot has it; ListHotspots gives those that there are");
  }
  rpc::ClearPersonalFields(hotspot);
  return hotspot;
}

absl::StatusOr<v1::ListHotspotsResponse> HotspotService::List(
    const v1::ListHotspotsRequest& request) {
  const auto department = DepartmentOfParent(request.parent());
  if (!department) {
    return absl::InvalidArgumentError("parent: neither empty nor departments/{department}");
  }
  const std::string scope = "ListHotspots\n" + *department;
  auto page = ReadPage(tokens_, scope, request.page_size(), request.page_token());
  if (!page.ok()) return page.status();
  v1::ListHotspotsResponse response;
  auto status = store_.Read([&](store::Transaction& transaction) {
    return ReadPageOf(transaction, *department, *page, response);
  });
  if (!status.ok()) return status;
  response.set_next_page_token(
      domain::CutToPage(tokens_, scope, *page, *response.mutable_hotspots()));
  rpc::ClearPersonalFields(response);
  return response;
}

grpc::Status HotspotService::GetHotspot(grpc::ServerContext* context,
                                        const v1::GetHotspotRequest* request,
                                        v1::Hotspot* response) {
  if (auto peer = rpc::Admit(*context, rpc::kReaders); !peer.ok())
    return rpc::ToGrpc(peer.status());
  auto hotspot = Get(*request);
  if (!hotspot.ok()) return rpc::ToGrpc(hotspot.status());
  *response = *std::move(hotspot);
  return grpc::Status::OK;
}

grpc::Status HotspotService::ListHotspots(grpc::ServerContext* context,
                                          const v1::ListHotspotsRequest* request,
                                          v1::ListHotspotsResponse* response) {
  if (auto peer = rpc::Admit(*context, rpc::kReaders); !peer.ok())
    return rpc::ToGrpc(peer.status());
  auto hotspots = List(*request);
  if (!hotspots.ok()) return rpc::ToGrpc(hotspots.status());
  *response = *std::move(hotspots);
  return grpc::Status::OK;
}

}  // namespace simpul::wifi
