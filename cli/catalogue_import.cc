#include "cli/catalogue_import.h"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "adapters/sources/file/sheet.h"
#include "cli/json.h"
#include "google/protobuf/struct.pb.h"
#include "grpcpp/client_context.h"
#include "services/catalogue/sheet_import.h"
#include "simpul/catalogue/v1/inventory.grpc.pb.h"

namespace simpul::cli {
namespace {

using catalogue::v1::ImportOutcome;
using catalogue::v1::InventoryImportService;
using catalogue::v1::RowReport;

// How far a long import is: one line that is written over, on a terminal alone. One thread.
class ProgressLine {
 public:
  explicit ProgressLine(bool is_shown) : is_shown_(is_shown && isatty(STDERR_FILENO) == 1) {}
  ~ProgressLine() { Clear(); }

  void Show(int64_t rows) {
    if (!is_shown_) return;
    std::fflush(stdout);
    absl::FPrintF(stderr, "\r%d rows", rows);
    is_there_ = true;
  }
  void Clear() {
    if (std::exchange(is_there_, false)) absl::FPrintF(stderr, "\r\033[K");
  }

 private:
  const bool is_shown_;
  bool is_there_ = false;
};

std::string_view WordOf(ImportOutcome::Result result) {
  switch (result) {
    case ImportOutcome::CREATED:
      return "created";
    case ImportOutcome::CHANGED:
      return "changed";
    case ImportOutcome::UNCHANGED:
      return "unchanged";
    default:
      return "refused";
  }
}

std::string LineOf(const RowReport& report) {
  std::string line = absl::StrFormat("row %d", report.row());
  if (!report.sheet().empty()) line += " of " + report.sheet();
  if (!report.column().empty()) {
    line += absl::StrFormat(", column %s (%s)", report.column(), report.header());
  }
  absl::StrAppendFormat(&line, ": %s", WordOf(report.result()));
  if (!report.reason().empty()) return line + ": " + report.reason();
  line += " " + report.application();
  if (!report.fields().empty()) {
    absl::StrAppendFormat(&line, " (%s)", absl::StrJoin(report.fields(), ", "));
  }
  return line;
}

// Prints what became of each row, and counts. One thread.
class Reporter {
 public:
  explicit Reporter(bool json) : json_(json), progress_(!json) {}

  void Tell(const RowReport& report) {
    ++counts_.at(report.result());
    progress_.Clear();
    absl::PrintF("%s\n", json_ ? ToJsonLine(report) : LineOf(report));
    if (++rows_ % 100 == 0) progress_.Show(rows_);
  }

  void TellSums(bool dry_run) {
    progress_.Clear();
    if (!json_) {
      absl::PrintF("%d created, %d changed, %d unchanged, %d refused%s\n",
                   counts_[ImportOutcome::CREATED], counts_[ImportOutcome::CHANGED],
                   counts_[ImportOutcome::UNCHANGED], refused(),
                   dry_run ? "; nothing was written" : "");
      return;
    }
    google::protobuf::Struct sums;
    for (const auto result : {ImportOutcome::CREATED, ImportOutcome::CHANGED,
                              ImportOutcome::UNCHANGED, ImportOutcome::REFUSED}) {
      (*sums.mutable_fields())[std::string(WordOf(result))].set_number_value(counts_.at(result));
    }
    (*sums.mutable_fields())["dryRun"].set_bool_value(dry_run);
    absl::PrintF("%s\n", ToJsonLine(sums));
  }

  int64_t refused() const { return counts_[ImportOutcome::REFUSED]; }
  int64_t rows() const { return rows_; }

 private:
  const bool json_;
  ProgressLine progress_;
  std::array<int64_t, ImportOutcome::Result_ARRAYSIZE> counts_ = {};
  int64_t rows_ = 0;
};

}  // namespace

absl::StatusOr<catalogue::SheetFamily> FamilyOf(const std::string& path) {
  if (path.empty()) return catalogue::SheetFamily::BuiltIn();
  return catalogue::SheetFamily::Load(path);
}

absl::Status ReadSheetRows(const std::string& path, catalogue::TakeRow take) {
  return file::ReadSheets(
      path, {}, [&](const file::SheetRow& row) { return take(row.sheet, row.number, row.cells); });
}

absl::Status ImportSheets(const ImportFlags& flags, bool json) {
  const auto family = FamilyOf(flags.family);
  if (!family.ok()) return family.status();
  const auto client = OperatorClient::Open(flags.operator_flags);
  if (!client.ok()) return client.status();
  const auto stub = InventoryImportService::NewStub((*client)->CatalogueChannel());

  Reporter reporter(json);
  catalogue::SheetImport import(
      *family, flags.department,
      [&](std::vector<catalogue::v1::Application> applications)
          -> absl::StatusOr<std::vector<ImportOutcome>> {
        catalogue::v1::ImportApplicationsRequest request;
        for (auto& application : applications) {
          *request.add_applications() = std::move(application);
        }
        request.set_validate_only(flags.dry_run);
        grpc::ClientContext context;
        catalogue::v1::ImportApplicationsResponse response;
        const grpc::Status status = stub->ImportApplications(&context, request, &response);
        if (!status.ok()) return (*client)->Explain(status);
        return std::vector<ImportOutcome>(response.outcomes().begin(), response.outcomes().end());
      },
      [&](const RowReport& report) { reporter.Tell(report); });
  auto status = ReadSheetRows(flags.file, [&](const std::string& sheet, int64_t number,
                                              std::span<const std::string> cells) {
    return import.Take(sheet, number, cells);
  });
  if (status.ok()) status = import.Finish();
  if (!status.ok()) return status;
  reporter.TellSums(flags.dry_run);
  if (reporter.refused() == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("%s: %d of %d rows are refused; mend them and import the file again",
                      flags.file, reporter.refused(), reporter.rows()));
}

}  // namespace simpul::cli
