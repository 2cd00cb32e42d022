#include "cli/catalogue_commands.h"

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "adapters/sources/file/sheet.h"
#include "bus/config/yaml.h"
#include "cli/catalogue_import.h"
#include "cli/json.h"
#include "cli/operator_client.h"
#include "cli/part_commands.h"
#include "grpcpp/client_context.h"
#include "simpul/catalogue/v1/inventory.grpc.pb.h"

namespace simpul::cli {
namespace {

using catalogue::v1::Application;
using catalogue::v1::Drift;

struct ListFlags {
  OperatorFlags operator_flags;
  std::string department;
  std::string family;
  std::string file;
  bool drift = false;
  std::string silent_for = "7d";
};

// Reads the inventory page by page, one application at a time. One thread.
class Applications {
 public:
  Applications(OperatorClient& client, const std::string& department)
      : client_(client),
        stub_(catalogue::v1::InventoryService::NewStub(client.CatalogueChannel())) {
    if (!department.empty()) request_.set_parent("departments/" + department);
    request_.set_page_size(200);
  }

  // Null: there are no more.
  absl::StatusOr<const Application*> Next() {
    if (next_ == page_.applications_size()) {
      if (was_asked_ && page_.next_page_token().empty()) return nullptr;
      request_.set_page_token(page_.next_page_token());
      grpc::ClientContext context;
      page_.Clear();
      const grpc::Status status = stub_->ListApplications(&context, request_, &page_);
      if (!status.ok()) return client_.Explain(status);
      was_asked_ = true;
      next_ = 0;
      if (page_.applications().empty()) return nullptr;
    }
    return &page_.applications(next_++);
  }

 private:
  OperatorClient& client_;
  const std::unique_ptr<catalogue::v1::InventoryService::Stub> stub_;
  catalogue::v1::ListApplicationsRequest request_;
  catalogue::v1::ListApplicationsResponse page_;
  bool was_asked_ = false;
  int next_ = 0;
};

absl::Status Export(const ListFlags& flags, bool json) {
  const auto family = FamilyOf(flags.family);
  if (!family.ok()) return family.status();
  const auto client = OperatorClient::Open(flags.operator_flags);
  if (!client.ok()) return client.status();
  Applications applications(**client, flags.department);
  int64_t rows = -1;  // the header is none
  const auto next = [&](std::vector<std::string>& cells) -> absl::StatusOr<bool> {
    if (++rows == 0) {
      cells = family->ExportHeader();
      return true;
    }
    auto application = applications.Next();
    if (!application.ok()) return application.status();
    if (*application == nullptr) return false;
    cells = family->ExportRow(**application);
    return true;
  };
  if (auto s = file::WriteSheet(flags.file, "Aplikasi", next); !s.ok()) return s;
  if (json) {
    absl::PrintF("{\"applications\":%d}\n", rows - 1);
  } else {
    absl::PrintF("%d applications are written\n", rows - 1);
  }
  return absl::OkStatus();
}

std::string WordsOf(const Drift& drift) {
  switch (drift.kind()) {
    case Drift::NEVER_CONNECTED:
      return "listed, never connected";
    case Drift::NOT_LISTED:
      return drift.application().empty() ? "connected, not listed" : "connected, listed as retired";
    default:
      return "listed active, silent since " + ToText(drift.last_seen_time());
  }
}

absl::Status ListDrift(OperatorClient& client, const ListFlags& flags, bool json) {
  absl::Duration silent_for;
  if (!config::ParseDuration(flags.silent_for, silent_for)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("--silent-for %s is no duration; write 7d or 12h", flags.silent_for));
  }
  catalogue::v1::ListDriftRequest request;
  request.mutable_silent_for()->set_seconds(absl::ToInt64Seconds(silent_for));
  grpc::ClientContext context;
  catalogue::v1::ListDriftResponse response;
  const grpc::Status status =
      catalogue::v1::InventoryImportService::NewStub(client.CatalogueChannel())
          ->ListDrift(&context, request, &response);
  if (!status.ok()) return client.Explain(status);
  for (const Drift& drift : response.drifts()) {
    if (json) {
      absl::PrintF("%s\n", ToJsonLine(drift));
    } else {
      absl::PrintF("%-32s %-48s %s\n", drift.authority(),
                   drift.application().empty() ? "-" : drift.application(), WordsOf(drift));
    }
  }
  return absl::OkStatus();
}

absl::Status List(const ListFlags& flags, bool json) {
  const auto client = OperatorClient::Open(flags.operator_flags);
  if (!client.ok()) return client.status();
  if (flags.drift) return ListDrift(**client, flags, json);
  Applications applications(**client, flags.department);
  if (!json) absl::PrintF("%-48s %-8s %s\n", "APPLICATION", "STATUS", "NAME");
  while (true) {
    const auto application = applications.Next();
    if (!application.ok()) return application.status();
    if (*application == nullptr) return absl::OkStatus();
    if (json) {
      absl::PrintF("%s\n", ToJsonLine(**application));
      continue;
    }
    const auto status = (*application)->status();
    absl::PrintF("%-48s %-8s %s\n", (*application)->name(),
                 status == Application::STATUS_UNSPECIFIED ? "-" : Application::Status_Name(status),
                 (*application)->display_name());
  }
}

void AddFamilyOption(CLI::App& command, std::string& family) {
  command.add_option("--family", family,
                     "How its sheets are read: a YAML file (that of `simpul catalogue family`)");
}

void AddImport(CLI::App& group, Invocation& invocation) {
  auto flags = std::make_shared<ImportFlags>();
  CLI::App* import =
      AddCommand(group, invocation, "import",
                 "Read a department's inventory sheet (XLSX, ODS or CSV) into the catalogue",
                 "simpul catalogue import inventaris.xlsx --department dpupr --dry-run",
                 [flags, &invocation] { return ImportSheets(*flags, invocation.json); });
  AddOperatorFlags(*import, flags->operator_flags);
  import->add_option("file", flags->file, "The sheet")->required();
  import->add_option("--department", flags->department,
                     "Whose applications they are (as the family or each row says)");
  AddFamilyOption(*import, flags->family);
  import->add_flag("--dry-run", flags->dry_run, "Only say what would become of each row");
}

void AddExport(CLI::App& group, Invocation& invocation) {
  auto flags = std::make_shared<ListFlags>();
  CLI::App* command = AddCommand(group, invocation, "export",
                                 "Write the inventory to a sheet that imports again to the same",
                                 "simpul catalogue export inventaris.xlsx",
                                 [flags, &invocation] { return Export(*flags, invocation.json); });
  AddOperatorFlags(*command, flags->operator_flags);
  command->add_option("file", flags->file, "Where to: a name that ends in .xlsx or .csv")
      ->required();
  command->add_option("--department", flags->department, "Only this department's (all)");
  AddFamilyOption(*command, flags->family);
}

void AddList(CLI::App& group, Invocation& invocation) {
  auto flags = std::make_shared<ListFlags>();
  CLI::App* list = AddCommand(group, invocation, "list",
                              "List the applications, or where the inventory and the bus disagree",
                              "simpul catalogue list --drift",
                              [flags, &invocation] { return List(*flags, invocation.json); });
  AddOperatorFlags(*list, flags->operator_flags);
  list->add_option("--department", flags->department, "Only this department's (all)");
  auto* drift = list->add_flag(
      "--drift", flags->drift,
      "What is listed and was never connected, connected and not listed, or active and silent");
  list->add_option("--silent-for", flags->silent_for,
                   "From when on an application that is away is silent (7d)")
      ->needs(drift);
}

void AddFamily(CLI::App& group, Invocation& invocation) {
  AddCommand(group, invocation, "family",
             "Print how sheets are read, to copy and change: headers, codes and spellings",
             "simpul catalogue family > keluarga.yaml", [] {
               absl::PrintF("%s", catalogue::SheetFamily::BuiltInText());
               return absl::OkStatus();
             });
}

}  // namespace

void AddCatalogueCommands(CLI::App& app, Invocation& invocation) {
  CLI::App* group =
      AddGroup(app, "catalogue", "Import, export and list the inventory; run the catalogue",
               "simpul catalogue import inventaris.xlsx --department dpupr");
  AddImport(*group, invocation);
  AddExport(*group, invocation);
  AddList(*group, invocation);
  AddFamily(*group, invocation);
  AddCataloguePartCommand(*group, invocation);
}

}  // namespace simpul::cli
