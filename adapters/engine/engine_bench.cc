// List through the engine beside a bare loop on the same driver: engine_bench [rows]. Needs
// SIMPUL_TEST_POSTGRES. Pairs are interleaved, since other work on the machine is not.
#include <endian.h>
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "adapters/engine/source_service.h"
#include "adapters/engine/testing/radius_database.h"
#include "bus/rpc/certificate_authority.h"
#include "bus/rpc/server.h"
#include "grpcpp/grpcpp.h"
#include "simpul/wifi/v1/source.grpc.pb.h"

namespace simpul::engine {
namespace {

using testing::RadiusDatabase;
using testing::TestMapping;

constexpr int64_t kPage = 1000;

double CpuSeconds() {
  rusage used;
  getrusage(RUSAGE_SELF, &used);
  return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
         static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6;
}

// The columns and pages of List, read and thrown away.
int64_t BareLoop(PGconn* connection) {
  int64_t rows = 0;
  int64_t after = 0;
  while (true) {
    const std::string text = std::to_string(after);
    const char* values[] = {text.c_str()};
    PGresult* result = PQexecPrepared(connection, "bare", 1, values, nullptr, nullptr, 1);
    const int count = PQntuples(result);
    for (int row = 0; row < count; ++row) {
      for (int column = 0; column < PQnfields(result); ++column) {
        if (!PQgetisnull(result, row, column)) after += PQgetvalue(result, row, column) == nullptr;
      }
    }
    if (count > 0) {
      uint64_t key;
      std::memcpy(&key, PQgetvalue(result, count - 1, 0), sizeof key);
      after = static_cast<int64_t>(be64toh(key));
    }
    PQclear(result);
    rows += count;
    if (count < kPage) return rows;
  }
}

// The same through the mapping and the field plan, without gRPC.
int64_t PlanLoop(const ResourcePlan& plan, sources::sql::Source& source) {
  int64_t rows = 0;
  int64_t after = 0;
  std::string wire;
  while (true) {
    int64_t count = 0;
    wire.clear();
    PlanColumns columns;
    const auto status =
        source.Query(plan.list.statement, {.values = {{"limit", kPage}, {"after", after}}},
                     absl::InfiniteFuture(), [&](const sources::sql::Batch& batch) {
                       if (columns.columns.empty()) columns = plan.fields.Bind(*batch.columns);
                       Misfit misfit;
                       for (size_t i = 0; i < batch.rows; ++i) {
                         if (!plan.fields.Encode(columns, batch.row(i), wire, misfit)) {
                           return absl::DataLossError(misfit.field);
                         }
                       }
                       count += static_cast<int64_t>(batch.rows);
                       after = batch.row(batch.rows - 1)[columns.key].integer;
                       return absl::OkStatus();
                     });
    if (!status.ok()) std::printf("%s\n", std::string(status.message()).c_str());
    rows += count;
    if (count < kPage) return rows;
  }
}

// The same by a client over mutual TLS, which does not parse the answers.
int64_t GrpcLoop(wifi::v1::WifiSourceService::Stub& stub) {
  int64_t rows = 0;
  wifi::v1::ListSourceSessionsRequest request;
  request.set_page_size(kPage);
  do {
    grpc::ClientContext context;
    wifi::v1::ListSourceSessionsResponse response;
    const grpc::Status status = stub.ListSessions(&context, request, &response);
    if (!status.ok()) std::printf("%s\n", status.error_message().c_str());
    rows += response.sessions_size();
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  return rows;
}

template <class Loop>
void Measure(const char* name, Loop loop) {
  const absl::Time began = absl::Now();
  const double cpu = CpuSeconds();
  const int64_t rows = loop();
  const double wall = absl::ToDoubleSeconds(absl::Now() - began);
  std::printf("%-28s %9.0f rows/s  %6.2f us of our CPU a row\n", name,
              static_cast<double>(rows) / wall,
              (CpuSeconds() - cpu) * 1e6 / static_cast<double>(rows));
}

std::shared_ptr<const rpc::Credentials> Issue(const rpc::CertificateAuthority& authority,
                                              const std::filesystem::path& directory,
                                              const std::string& kind, const std::string& name) {
  const auto folder = directory / kind;
  std::filesystem::create_directories(folder);
  const auto issued = *authority.Issue({"simpul.local", kind, name}, absl::Hours(1));
  std::ofstream(folder / "ca.crt") << authority.pem().certificate;
  std::ofstream(folder / "tls.crt") << issued.certificate;
  std::ofstream(folder / "tls.key") << issued.key;
  std::filesystem::permissions(folder / "tls.key", std::filesystem::perms::owner_read);
  return *rpc::Credentials::Load(rpc::CertificateFiles::In(folder.string()));
}

int Main(int rows) {
  RadiusDatabase database;
  database.Run(absl::StrFormat(
      "INSERT INTO radacct (acctsessionid, acctuniqueid, username, nasipaddress, acctstarttime,"
      " acctupdatetime, acctstoptime, acctsessiontime, acctinputoctets, acctoutputoctets,"
      " calledstationid, callingstationid, acctterminatecause, framedipaddress)"
      " SELECT 's'||i, md5(i::text), 'user'||i, '10.36.72.1', now(), now(), now(), 300, i * "
      "7919::bigint,"
      " i * 104729::bigint, '00-11-22-33-44-55:cilegon-wifi', 'A0-B1-C2-D3-E4-29', 'User-Request',"
      " '10.80.0.41' FROM generate_series(1, %d) i; ANALYZE radacct",
      rows));
  const TestMapping mapping({});
  const ResourcePlan& plan = mapping.Plan("SourceSession");

  std::vector<std::unique_ptr<Adapter>> adapters;
  const rpc::TokenKey tokens(std::string(32, 't'));
  adapters.push_back(std::make_unique<Adapter>());
  adapters[0]->mapping = *LoadMapping(mapping.directory());
  adapters[0]->source =
      std::make_unique<sources::sql::Source>(database.dsn(), adapters[0]->mapping->limits);
  adapters[0]->reader = std::make_unique<Reader>(*adapters[0]->mapping, tokens);
  adapters[0]->workers = std::make_unique<Workers>(2, 64);
  SourceService service(adapters);
  service.SetActive(true);
  const auto authority = *rpc::CertificateAuthority::Make("bench");
  const auto adapter = Issue(authority, mapping.directory(), "adapter", "diskominfo");
  const auto client = Issue(authority, mapping.directory(), "service", "wifi");
  auto server = *rpc::Server::Start({.credentials = adapter, .generic = &service});
  wifi::v1::WifiSourceService::Stub stub(
      rpc::Connect(server->address(), *client, adapter->identity()));

  auto bare = database.Connect();
  const std::string sql = absl::StrFormat(
      "SELECT radacctid, acctuniqueid, nasipaddress, acctstarttime, acctupdatetime, acctstoptime,"
      " acctsessiontime, acctinputoctets, acctoutputoctets, acctterminatecause, username,"
      " callingstationid, framedipaddress,"
      " CASE WHEN substr(calledstationid, 18, 1) = ':' THEN substr(calledstationid, 19) END AS ssid"
      " FROM radacct WHERE radacctid > $1 ORDER BY radacctid LIMIT %d",
      kPage);
  PQclear(PQprepare(bare.get(), "bare", sql.c_str(), 0, nullptr));
  for (int pair = 0; pair < 3; ++pair) {
    Measure("libpq, bare loop", [&] { return BareLoop(bare.get()); });
    Measure("field plan", [&] { return PlanLoop(plan, *adapters[0]->source); });
    Measure("List over gRPC, with client", [&] { return GrpcLoop(stub); });
  }
  server->Shutdown(absl::Seconds(1));
  return 0;
}

}  // namespace
}  // namespace simpul::engine

int main(int argc, char** argv) {
  return simpul::engine::Main(argc > 1 ? std::atoi(argv[1]) : 100000);
}
