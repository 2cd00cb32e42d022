// A spreadsheet into the inventory, row by row, and what is said of each.
#ifndef SIMPUL_CLI_CATALOGUE_IMPORT_H_
#define SIMPUL_CLI_CATALOGUE_IMPORT_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/operator_client.h"
#include "services/catalogue/drop_folder.h"
#include "services/catalogue/sheet_family.h"

namespace simpul::cli {

struct ImportFlags {
  OperatorFlags operator_flags;
  std::string file;
  std::string family;
  std::string department;
  bool dry_run = false;
};

// That of the file, or the built-in one if `path` is empty.
absl::StatusOr<catalogue::SheetFamily> FamilyOf(const std::string& path);

// How the catalogue reads the sheets of its drop folder.
absl::Status ReadSheetRows(const std::string& path, catalogue::TakeRow take);

// Prints a line for each row and the sums. INVALID_ARGUMENT: rows were refused, or the file cannot
// be read.
absl::Status ImportSheets(const ImportFlags& flags, bool json);

}  // namespace simpul::cli

#endif  // SIMPUL_CLI_CATALOGUE_IMPORT_H_
