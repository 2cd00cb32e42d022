// Rows on the pipe between the program and simpul-sheet: per row its number, its sheet and its
// cells, each text with its length before it.
#ifndef SIMPUL_ADAPTERS_SOURCES_FILE_ROW_PIPE_H_
#define SIMPUL_ADAPTERS_SOURCES_FILE_ROW_PIPE_H_

#include <cstdint>
#include <cstdio>

#include "adapters/sources/file/sheet.h"

namespace simpul::file {

enum class RowRead { kRow, kEnd, kBroken };

inline bool WriteNumber(std::FILE* pipe, uint64_t number) {
  return std::fwrite(&number, sizeof number, 1, pipe) == 1;
}

inline bool WriteText(std::FILE* pipe, const std::string& text) {
  return WriteNumber(pipe, text.size()) &&
         std::fwrite(text.data(), 1, text.size(), pipe) == text.size();
}

inline bool WriteRow(std::FILE* pipe, const SheetRow& row) {
  bool written = WriteNumber(pipe, static_cast<uint64_t>(row.number)) &&
                 WriteText(pipe, row.sheet) && WriteNumber(pipe, row.cells.size());
  for (const std::string& cell : row.cells) written = written && WriteText(pipe, cell);
  return written;
}

inline bool ReadNumber(std::FILE* pipe, uint64_t& number) {
  return std::fread(&number, sizeof number, 1, pipe) == 1;
}

inline bool ReadText(std::FILE* pipe, std::string& text) {
  constexpr uint64_t kLongest = 16 << 20;
  uint64_t size = 0;
  if (!ReadNumber(pipe, size) || size > kLongest) return false;
  text.resize(size);
  return std::fread(text.data(), 1, size, pipe) == size;
}

// kBroken: the other side ended in the middle of a row, or what came is none.
inline RowRead ReadRow(std::FILE* pipe, SheetRow& row) {
  constexpr uint64_t kMostCells = 16384;
  uint64_t number = 0;
  if (!ReadNumber(pipe, number)) return std::feof(pipe) ? RowRead::kEnd : RowRead::kBroken;
  uint64_t count = 0;
  if (!ReadText(pipe, row.sheet) || !ReadNumber(pipe, count) || count > kMostCells) {
    return RowRead::kBroken;
  }
  row.number = static_cast<int64_t>(number);
  row.cells.resize(count);
  for (std::string& cell : row.cells) {
    if (!ReadText(pipe, cell)) return RowRead::kBroken;
  }
  return RowRead::kRow;
}

}  // namespace simpul::file

#endif  // SIMPUL_ADAPTERS_SOURCES_FILE_ROW_PIPE_H_
