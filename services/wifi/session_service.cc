#include "services/wifi/session_service.h"

#include <array>
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

using domain::DepartmentOf;
using domain::DepartmentOfParent;
using domain::Page;
using domain::ReadPage;

// What narrows a List: at most one of department and hotspot, since a hotspot has one department.
enum class Place { kAnywhere, kDepartment, kHotspot };

// One statement per way to ask: each is answered by an index of its own
// (services/wifi/migrations.cc), and a partial index is used only for a literal.
const std::string& ListSql(Place place, v1::Session::State state) {
  static const auto* const kSql = [] {
    auto* sql = new std::array<std::array<std::string, 3>, 3>;
    const std::string places[] = {"", "AND department = $3 ", "AND hotspot = $3 "};
    const std::string states[] = {"", "AND state = 1 ", "AND state = 2 "};
    for (size_t i = 0; i < 3; ++i) {
      for (size_t j = 0; j < 3; ++j) {
        (*sql)[i][j] = "SELECT resource FROM wifi_session WHERE visible = 1 AND name > $1 " +
                       places[i] + states[j] + "ORDER BY name LIMIT $2";
      }
    }
    return sql;
  }();
  return (*kSql)[static_cast<size_t>(place)][static_cast<size_t>(state)];
}

struct Filter {
  Place place = Place::kAnywhere;
  std::string where;  // the department or the hotspot
  v1::Session::State state = v1::Session::STATE_UNSPECIFIED;
  bool is_empty = false;  // a hotspot of another department than the parent: no session is both
  std::string scope;
};

absl::StatusOr<Filter> ReadFilter(const v1::ListSessionsRequest& request) {
  const auto department = DepartmentOfParent(request.parent());
  if (!department) {
    return absl::InvalidArgumentError("parent: neither empty nor departments/{department}");
  }
  Filter filter;
  if (!v1::Session::State_IsValid(request.state())) {
    return absl::InvalidArgumentError("state: unknown; ask for ACTIVE or ENDED, or leave it out");
  }
  filter.state = request.state();
  if (!department->empty()) {
    filter.place = Place::kDepartment;
    filter.where = *department;
  }
  if (!request.hotspot().empty()) {
    const auto of = DepartmentOf(request.hotspot(), "hotspots");
    if (!of) {
      return absl::InvalidArgumentError("hotspot: not departments/{department}/hotspots/{id}");
    }
    filter.place = Place::kHotspot;
    filter.where = request.hotspot();
    filter.is_empty = !department->empty() && *department != *of;
  }
  filter.scope = "ListSessions\n" + *department + "\n" + request.hotspot() + "\n" +
                 std::to_string(request.state());
  return filter;
}

// What is over may be older than the adapter looks back.
void ShowObserved(const domain::Observed& observed, v1::Session& session) {
  if (session.state() == v1::Session::ACTIVE) observed.Show(session);
}

absl::Status ReadPageOf(store::Transaction& transaction, const Filter& filter, const Page& page,
                        v1::ListSessionsResponse& response) {
  const auto each = [&](const store::Row& row) {
    return domain::ReadResource(row.Bytes(0), *response.add_sessions());
  };
  const std::string& sql = ListSql(filter.place, filter.state);
  auto status = filter.place == Place::kAnywhere
                    ? transaction.Query(sql, {page.after, page.limit()}, each)
                    : transaction.Query(sql, {page.after, page.limit(), filter.where}, each);
  if (!status.ok()) return status;
  auto observed = domain::Observed::Read(transaction, "session");
  if (!observed.ok()) return observed.status();
  for (v1::Session& session : *response.mutable_sessions()) ShowObserved(*observed, session);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::Session> SessionService::Get(const v1::GetSessionRequest& request) {
  v1::Session session;
  auto status = store_.Read([&](store::Transaction& transaction) -> absl::Status {
    if (!DepartmentOf(request.name(), "sessions")) return absl::OkStatus();
    auto row = LoadSession(transaction, request.name());
    if (!row.ok()) return row.status();
    if (!row->is_visible) return absl::OkStatus();
    session = std::move(row->resource);
    auto observed = domain::Observed::Read(transaction, "session");
    if (!observed.ok()) return observed.status();
    ShowObserved(*observed, session);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  if (session.name().empty()) {
    return absl::NotFoundError("name: no session has it; ListSessions gives those that there are");
  }
  rpc::ClearPersonalFields(session);
  return session;
}

absl::StatusOr<v1::ListSessionsResponse> SessionService::List(
    const v1::ListSessionsRequest& request) {
  auto filter = ReadFilter(request);
  if (!filter.ok()) return filter.status();
  auto page = ReadPage(tokens_, filter->scope, request.page_size(), request.page_token());
  if (!page.ok()) return page.status();
  v1::ListSessionsResponse response;
  if (filter->is_empty) return response;
  auto status = store_.Read([&](store::Transaction& transaction) {
    return ReadPageOf(transaction, *filter, *page, response);
  });
  if (!status.ok()) return status;
  response.set_next_page_token(
      domain::CutToPage(tokens_, filter->scope, *page, *response.mutable_sessions()));
  rpc::ClearPersonalFields(response);
  return response;
}

grpc::Status SessionService::GetSession(grpc::ServerContext* context,
                                        const v1::GetSessionRequest* request,
                                        v1::Session* response) {
  if (auto peer = rpc::Admit(*context, rpc::kReaders); !peer.ok())
    return rpc::ToGrpc(peer.status());
  auto session = Get(*request);
  if (!session.ok()) return rpc::ToGrpc(session.status());
  *response = *std::move(session);
  return grpc::Status::OK;
}

grpc::Status SessionService::ListSessions(grpc::ServerContext* context,
                                          const v1::ListSessionsRequest* request,
                                          v1::ListSessionsResponse* response) {
  if (auto peer = rpc::Admit(*context, rpc::kReaders); !peer.ok())
    return rpc::ToGrpc(peer.status());
  auto sessions = List(*request);
  if (!sessions.ok()) return rpc::ToGrpc(sessions.status());
  *response = *std::move(sessions);
  return grpc::Status::OK;
}

}  // namespace simpul::wifi
