// A paged list through the source beside a bare loop of libcurl and nlohmann::json on the same
// server: rest_bench [rows]. Pairs are interleaved, since other work on the machine is not.
#include <curl/curl.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "adapters/sources/rest/source.h"
#include "adapters/sources/rest/testing/hostile_server.h"
#include "nlohmann/json.hpp"

namespace simpul::sources::rest {
namespace {

constexpr int kPage = 1000;
constexpr const char* kColumns[] = {"id",     "title",    "pelapor", "kontak", "nik",
                                    "lokasi", "activity", "lintang", "bujur",  "uraian"};

// A page as a tracker gives it, with links for the status.
std::string PageOf(int begin, int end, int total) {
  std::string out = "{\"data\": {\"collection\": [";
  for (int i = begin; i < end; ++i) {
    absl::StrAppendFormat(
        &out,
        R"(%s{"id": "%d", "link": "http://127.0.0.1/lapor/rest/data/issue/%d", "title": "Jalan berlubang di Jl. Raya Merak %d", "status": {"id": "2", "link": "http://127.0.0.1/lapor/rest/data/status/2", "name": "diverifikasi"}, "pelapor": "Warga Contoh %d", "kontak": "0800-0000-%04d", "nik": "36729901019%05d", "lokasi": "Jl. Raya Merak km %d", "activity": "2026-11-24.12:07:38", "lintang": -6.0%03d, "bujur": 106.0%03d, "uraian": "Lubang selebar satu meter di lajur kiri, sudah seminggu."})",
        i == begin ? "" : ",", i, i, i, i, i % 10000, i % 100000, i % 90, i % 1000, i % 1000);
  }
  return out + absl::StrFormat("], \"@total_size\": %d}}", total);
}

double ThreadCpu() {
  timespec used;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

size_t Take(char* data, size_t, size_t size, void* out) {
  static_cast<std::string*>(out)->append(data, size);
  return size;
}

int64_t BareLoop(CURL* curl, const std::string& url, int rows) {
  int64_t bytes = 0;
  for (int begin = 0; begin < rows; begin += kPage) {
    std::string body;
    curl_easy_setopt(curl, CURLOPT_URL,
                     absl::StrFormat("%s/list?offset=%d&size=%d", url, begin, kPage).c_str());
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &Take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    if (curl_easy_perform(curl) != CURLE_OK) std::abort();
    const auto answer = nlohmann::json::parse(body);
    for (const auto& row : answer.at("data").at("collection")) {
      for (const char* column : kColumns) {
        const auto& value = row.at(column);
        bytes += value.is_string()
                     ? static_cast<int64_t>(value.get_ref<const std::string&>().size())
                     : static_cast<int64_t>(value.get<double>());
      }
      bytes +=
          static_cast<int64_t>(row.at("status").at("name").get_ref<const std::string&>().size());
    }
  }
  return bytes;
}

int64_t SourceLoop(Source& source, const Query& query) {
  int64_t bytes = 0;
  const auto status = source.Read(query, {}, absl::InfiniteFuture(), [&](const Batch& batch) {
    for (size_t i = 0; i < batch.rows * batch.width(); ++i) {
      const Cell& cell = batch.cells[i];
      bytes += cell.type == CellType::kText ? static_cast<int64_t>(cell.text.size())
                                            : static_cast<int64_t>(cell.real);
    }
    return absl::OkStatus();
  });
  if (!status.ok()) {
    std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
    std::abort();
  }
  return bytes;
}

Query List() {
  QueryText text{.request = {.path = "/list"},
                 .rows = {.pointer = "/data/collection", .columns = {{"status", "/status/name"}}},
                 .paging = {.by = PageBy::kOffset,
                            .position = "offset",
                            .size_name = "size",
                            .size = kPage,
                            .total = "/data/@total_size",
                            .key = "id"}};
  for (const char* column : kColumns)
    text.rows.columns.push_back({column, std::string("/") + column});
  return *Query::Parse(text);
}

int Run(int rows) {
  testing::HostileServer server([&](const testing::SeenRequest& request) {
    int offset = 0;
    const std::string target = request.target();
    const size_t at = target.find("offset=") + 7;
    if (!absl::SimpleAtoi(target.substr(at, target.find('&', at) - at), &offset)) std::abort();
    return testing::Json(PageOf(offset + 1, std::min(offset + kPage, rows) + 1, rows));
  });
  auto source =
      *Source::Create({.base_url = server.url()}, {.rows = rows, .timeout = absl::Seconds(60)});
  const Query query = List();
  CURL* curl = curl_easy_init();
  std::printf("%12s %12s %12s %12s   (rows/s of CPU; rows/s)\n", "bare", "source", "bare",
              "source");
  for (int turn = 0; turn < 5; ++turn) {
    double cpu[2];
    double wall[2];
    int64_t bytes[2];
    for (const int which : {0, 1}) {
      const double before = ThreadCpu();
      const absl::Time begin = absl::Now();
      bytes[which] = which == 0 ? BareLoop(curl, server.url(), rows) : SourceLoop(*source, query);
      cpu[which] = rows / (ThreadCpu() - before);
      wall[which] = rows / absl::ToDoubleSeconds(absl::Now() - begin);
    }
    if (bytes[0] != bytes[1]) std::abort();
    std::printf("%12.0f %12.0f %12.0f %12.0f\n", cpu[0], cpu[1], wall[0], wall[1]);
  }
  curl_easy_cleanup(curl);
  return 0;
}

}  // namespace
}  // namespace simpul::sources::rest

int main(int argc, char** argv) {
  return simpul::sources::rest::Run(argc > 1 ? std::atoi(argv[1]) : 50'000);
}
