// The program's side of simpul-sheet.
#ifndef SIMPUL_ADAPTERS_SOURCES_FILE_WORKBOOK_H_
#define SIMPUL_ADAPTERS_SOURCES_FILE_WORKBOOK_H_

#include <string>

#include "adapters/sources/file/sheet.h"

namespace simpul::file {

// As ReadSheets, of an XLSX or ODS that is open as `descriptor`, from its beginning. Messages say
// what is wrong with "it".
absl::Status ReadWorkbook(int descriptor, const SheetLimits& limits,
                          absl::FunctionRef<absl::Status(const SheetRow&)> each);

// Writes an XLSX to the file that is open as `descriptor`.
absl::Status WriteWorkbook(int descriptor, const std::string& sheet, NextRow next);

}  // namespace simpul::file

#endif  // SIMPUL_ADAPTERS_SOURCES_FILE_WORKBOOK_H_
