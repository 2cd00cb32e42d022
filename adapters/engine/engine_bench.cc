// List through the engine beside a bare loop on the same driver, and where one Get's CPU goes:
// engine_bench [rows] [rounds]. Needs SIMPUL_TEST_POSTGRES, whose server runs on this machine. The
// loops take turns, since other work on the machine does not.
#include <endian.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "adapters/engine/bench_client.h"
#include "adapters/engine/source_service.h"
#include "adapters/engine/testing/radius_database.h"
#include "bus/rpc/certificate_authority.h"
#include "bus/rpc/server.h"

namespace simpul::engine {
namespace {

using testing::RadiusDatabase;
using testing::TestMapping;

constexpr int kPage = 1000;
constexpr int kGets = 2000;

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
int64_t PlanLoop(const ResourcePlan& plan, sources::Source& source) {
  int64_t rows = 0;
  int64_t after = 0;
  std::string wire;
  while (true) {
    int64_t count = 0;
    wire.clear();
    PlanColumns columns;
    const auto status =
        source.Query(*plan.list.query, {.values = {{"limit", int64_t{kPage}}, {"after", after}}},
                     absl::InfiniteFuture(), [&](const sources::Batch& batch) {
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

// Answers Gets without gRPC.
int64_t DriverLoop(const Adapter& adapter) {
  for (int i = 1; i <= kGets; ++i) {
    wifi::v1::GetSourceSessionRequest request;
    request.set_name(absl::StrFormat("departments/diskominfo/sessions/%d", i));
    auto answer = adapter.reader->Answer(
        "GetSession", request.SerializeAsString(),
        [&](const MappedQuery& query, const sources::Bindings& bindings, sources::EachBatch each) {
          return adapter.source->Query(*query.query, bindings, absl::InfiniteFuture(), each);
        });
    if (!answer.ok()) std::printf("%s\n", std::string(answer.status().message()).c_str());
  }
  return kGets;
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// The rounds of one loop.
class Series {
 public:
  explicit Series(const char* name) : name_(name) {}

  // Our CPU is of this process, which is the engine's.
  template <class Loop>
  void Run(Loop loop) {
    const absl::Time began = absl::Now();
    const double cpu = CpuSeconds();
    const int64_t done = loop();
    Add({.done = done, .seconds = absl::ToDoubleSeconds(absl::Now() - began)}, CpuSeconds() - cpu);
  }
  template <class Call>
  void RunClient(Call call) {
    const double cpu = CpuSeconds();
    const Cost client = call();
    client_micros_.push_back(client.cpu_seconds * 1e6 / static_cast<double>(client.done));
    Add(client, CpuSeconds() - cpu);
  }

  double rate() const { return Median(rates_); }
  double micros() const { return Median(micros_); }
  void Print(const Series& floor) const {
    std::printf("%-34s %9.0f/s (%.0f to %.0f), %3.0f %%; CPU %.2f us", name_, rate(),
                *std::min_element(rates_.begin(), rates_.end()),
                *std::max_element(rates_.begin(), rates_.end()), rate() / floor.rate() * 100,
                micros());
    if (!client_micros_.empty()) std::printf(", the client's %.2f us", Median(client_micros_));
    std::printf("\n");
  }

 private:
  void Add(const Cost& cost, double cpu_seconds) {
    rates_.push_back(static_cast<double>(cost.done) / cost.seconds);
    micros_.push_back(cpu_seconds * 1e6 / static_cast<double>(cost.done));
  }

  const char* name_;
  std::vector<double> rates_;
  std::vector<double> micros_;
  std::vector<double> client_micros_;
};

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

void Fill(RadiusDatabase& database, int rows) {
  database.Run(absl::StrFormat(
      "INSERT INTO radacct (acctsessionid, acctuniqueid, username, nasipaddress, acctstarttime,"
      " acctupdatetime, acctstoptime, acctsessiontime, acctinputoctets, acctoutputoctets,"
      " calledstationid, callingstationid, acctterminatecause, framedipaddress)"
      " SELECT 's'||i, md5(i::text), 'user'||i, '10.36.72.1', now(), now(), now(), 300, i * "
      "7919::bigint,"
      " i * 104729::bigint, '00-11-22-33-44-55:cilegon-wifi', 'A0-B1-C2-D3-E4-29', 'User-Request',"
      " '10.80.0.41' FROM generate_series(1, %d) i; ANALYZE radacct",
      rows));
}

void PrepareBare(PGconn* connection) {
  const std::string sql = absl::StrFormat(
      "SELECT radacctid, acctuniqueid, nasipaddress, acctstarttime, acctupdatetime, acctstoptime,"
      " acctsessiontime, acctinputoctets, acctoutputoctets, acctterminatecause, username,"
      " callingstationid, framedipaddress,"
      " CASE WHEN substr(calledstationid, 18, 1) = ':' THEN substr(calledstationid, 19) END AS ssid"
      " FROM radacct WHERE radacctid > $1 ORDER BY radacctid LIMIT %d",
      kPage);
  PQclear(PQprepare(connection, "bare", sql.c_str(), 0, nullptr));
}

std::unique_ptr<Adapter> MakeAdapter(const RadiusDatabase& database, const TestMapping& mapping,
                                     const rpc::TokenKey& tokens) {
  auto adapter = std::make_unique<Adapter>();
  adapter->mapping = *LoadMapping(mapping.directory());
  adapter->source =
      std::make_unique<sources::sql::Source>(database.dsn(), adapter->mapping->limits);
  adapter->reader = std::make_unique<Reader>(*adapter->mapping, tokens);
  adapter->workers = std::make_unique<Workers>(2, 64);
  return adapter;
}

// Where the CPU of one Get goes.
void PrintGet(const Series& whole, const Series& driver, const std::vector<double>& database) {
  std::printf("one Get: gRPC %.0f us, driver and mapping %.0f us, database %.0f us\n",
              whole.micros() - driver.micros(), driver.micros(), Median(database));
}

int Main(int rows, int rounds) {
  BenchClient client;
  RadiusDatabase database;
  Fill(database, rows);
  const TestMapping mapping({});
  const rpc::TokenKey tokens(std::string(32, 't'));
  std::vector<std::unique_ptr<Adapter>> adapters;
  adapters.push_back(MakeAdapter(database, mapping, tokens));
  SourceService service(adapters);
  service.SetActive(true);
  const auto authority = *rpc::CertificateAuthority::Make("bench");
  const auto credentials = Issue(authority, mapping.directory(), "adapter", "diskominfo");
  Issue(authority, mapping.directory(), "service", "wifi");
  auto server = *rpc::Server::Start({.credentials = credentials, .generic = &service});
  client.Connect(server->address(), mapping.directory() + "/service");

  const auto connection = database.Connect();
  PrepareBare(connection.get());
  Series bare("a bare loop on libpq");
  Series plan("the field plan, to wire bytes");
  Series list("List over gRPC, bytes");
  Series parsed("List over gRPC, parsed by the client");
  Series get("Get over gRPC");
  Series driver("Get without gRPC");
  std::vector<double> in_database;
  for (int round = 0; round < rounds; ++round) {
    bare.Run([&] { return BareLoop(connection.get()); });
    plan.Run([&] { return PlanLoop(mapping.Plan("SourceSession"), *adapters[0]->source); });
    list.RunClient([&] { return client.List(kPage, /*is_parsed=*/false); });
    parsed.RunClient([&] { return client.List(kPage, /*is_parsed=*/true); });
    const double before = database.AdapterCpuSeconds();
    get.RunClient([&] { return client.Get(kGets); });
    in_database.push_back((database.AdapterCpuSeconds() - before) * 1e6 / kGets);
    driver.Run([&] { return DriverLoop(*adapters[0]); });
  }
  for (const Series* series : {&bare, &plan, &list, &parsed}) series->Print(bare);
  for (const Series* series : {&driver, &get}) series->Print(driver);
  PrintGet(get, driver, in_database);
  server->Shutdown(absl::Seconds(1));
  return 0;
}

}  // namespace
}  // namespace simpul::engine

int main(int argc, char** argv) {
  return simpul::engine::Main(argc > 1 ? std::atoi(argv[1]) : 100000,
                              argc > 2 ? std::atoi(argv[2]) : 7);
}
