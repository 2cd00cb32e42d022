// Spreadsheets as rows of text: XLSX, ODS and CSV read, XLSX and CSV written.
#ifndef SIMPUL_ADAPTERS_SOURCES_FILE_SHEET_H_
#define SIMPUL_ADAPTERS_SOURCES_FILE_SHEET_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace simpul::file {

// A row of a sheet. Cells that were left out at the end are missing; numbers, dates and yes/no come
// as the text that GDAL makes of them ("2019", "2019/01/31", "1"). Formulas come as the value that
// the file keeps of them.
struct SheetRow {
  std::string sheet;   // its name; empty for CSV
  int64_t number = 0;  // as spreadsheet programs count, from 1
  std::vector<std::string> cells;
};

// What a file may cost at most, whoever made it.
struct SheetLimits {
  int64_t file_bytes = 32 << 20;
  int64_t unpacked_bytes = 256 << 20;  // of an XLSX or ODS, all that is packed in it together
  int64_t memory_bytes = 768 << 20;    // of the process that reads XLSX and ODS
  absl::Duration cpu = absl::Seconds(120);
};

// Calls `each` for every row of every sheet, in order, empty ones between others too; a status that
// is not OK ends the reading and is returned. XLSX and ODS are read by a process of its own,
// `simpul-sheet` beside this program, which alone loads GDAL: a file that makes it fail, or would
// take more than `limits`, ends that process and nothing else. CSV is read here, a row at a time;
// its separator is that of , ; and tab which the first rows have most. Of a damaged file no row is
// given.
// INVALID_ARGUMENT: it is no regular file, none of the three, too large, or damaged; the message
// names the file. FAILED_PRECONDITION: simpul-sheet is missing or cannot be started.
absl::Status ReadSheets(const std::string& path, const SheetLimits& limits,
                        absl::FunctionRef<absl::Status(const SheetRow&)> each);

// Gives the next row to write; false: there is none.
using NextRow = absl::FunctionRef<absl::StatusOr<bool>(std::vector<std::string>& cells)>;

// Writes a file of one sheet, XLSX or CSV by the end of `path`'s name, whole or not at all. The
// first row is the header. INVALID_ARGUMENT: the name ends otherwise. FAILED_PRECONDITION: it
// cannot be written.
absl::Status WriteSheet(const std::string& path, const std::string& sheet, NextRow next);

}  // namespace simpul::file

#endif  // SIMPUL_ADAPTERS_SOURCES_FILE_SHEET_H_
