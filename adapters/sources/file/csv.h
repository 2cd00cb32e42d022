// CSV as spreadsheet programs write it (RFC 4180, and its relatives with ; and tab).
#ifndef SIMPUL_ADAPTERS_SOURCES_FILE_CSV_H_
#define SIMPUL_ADAPTERS_SOURCES_FILE_CSV_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "adapters/sources/file/sheet.h"

namespace simpul::file {

// Gives more bytes; empty: the end.
using NextBytes = absl::FunctionRef<absl::StatusOr<std::string_view>()>;

// Of , ; and tab the one that the text has most outside of quotes; ',' if it has none.
char FindSeparator(std::string_view start);

// Rows of UTF-8 text, a blank line being a row without cells. Holds one row at a time.
// INVALID_ARGUMENT, with the row: a quote is not closed, a row is longer than 1 MiB, or it is not
// UTF-8.
absl::Status ParseCsv(NextBytes next, absl::FunctionRef<absl::Status(const SheetRow&)> each);

// A line of CSV with its end, CR LF.
std::string CsvLine(const std::vector<std::string>& cells);

}  // namespace simpul::file

#endif  // SIMPUL_ADAPTERS_SOURCES_FILE_CSV_H_
