#include "adapters/sources/file/sheet.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "adapters/sources/file/csv.h"
#include "adapters/sources/file/workbook.h"

namespace simpul::file {
namespace {

constexpr std::string_view kZip = "PK\x03\x04";
constexpr std::string_view kOldExcel = "\xd0\xcf\x11\xe0";

// A regular file, open to be read; closed at the end. One thread.
class OpenFile {
 public:
  OpenFile() = default;
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (descriptor_ >= 0) close(descriptor_);
  }

  absl::Status Open(const std::string& path, int64_t most) {
    descriptor_ = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat state{};
    if (descriptor_ < 0 || fstat(descriptor_, &state) != 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("it cannot be opened: ", std::generic_category().message(errno)));
    }
    if (!S_ISREG(state.st_mode)) return absl::InvalidArgumentError("it is no regular file");
    if (state.st_size > most) {
      return absl::InvalidArgumentError(
          absl::StrFormat("it is larger than %d MiB; split it", most >> 20));
    }
    return absl::OkStatus();
  }

  bool StartsWith(std::string_view bytes) const {
    std::string start(bytes.size(), '\0');
    return pread(descriptor_, start.data(), start.size(), 0) ==
               static_cast<ssize_t>(start.size()) &&
           start == bytes;
  }

  absl::StatusOr<std::string_view> Next() {
    const ssize_t size = read(descriptor_, buffer_.data(), buffer_.size());
    if (size >= 0) return std::string_view(buffer_).substr(0, static_cast<size_t>(size));
    return absl::InvalidArgumentError(
        absl::StrCat("it cannot be read: ", std::generic_category().message(errno)));
  }

  void Rewind() { lseek(descriptor_, 0, SEEK_SET); }

  int descriptor() const { return descriptor_; }

 private:
  int descriptor_ = -1;
  std::string buffer_ = std::string(65536, '\0');
};

absl::Status ReadOpen(OpenFile& file, const SheetLimits& limits,
                      absl::FunctionRef<absl::Status(const SheetRow&)> each) {
  if (file.StartsWith(kZip)) return ReadWorkbook(file.descriptor(), limits, each);
  if (file.StartsWith(kOldExcel)) {
    return absl::InvalidArgumentError(
        "it is an old Excel file, or one with a password; save it as XLSX without one");
  }
  const auto next = [&file] { return file.Next(); };
  // Once to see whether it is whole, as GDAL does.
  auto status = ParseCsv(next, [](const SheetRow&) { return absl::OkStatus(); });
  if (!status.ok()) return status;
  file.Rewind();
  return ParseCsv(next, each);
}

absl::Status WriteCsv(std::FILE* file, NextRow next) {
  std::vector<std::string> cells;
  while (true) {
    auto more = next(cells);
    if (!more.ok()) return more.status();
    if (!*more) break;
    const std::string line = CsvLine(cells);
    std::fwrite(line.data(), 1, line.size(), file);
  }
  return absl::OkStatus();
}

absl::Status At(const std::string& path, const absl::Status& status) {
  return {status.code(), absl::StrCat(path, ": ", std::string(status.message()))};
}

}  // namespace

absl::Status ReadSheets(const std::string& path, const SheetLimits& limits,
                        absl::FunctionRef<absl::Status(const SheetRow&)> each) {
  OpenFile file;
  absl::Status stopped;
  auto status = file.Open(path, limits.file_bytes);
  if (status.ok()) {
    status = ReadOpen(file, limits, [&](const SheetRow& row) { return stopped = each(row); });
  }
  if (!stopped.ok()) return stopped;
  return status.ok() ? status : At(path, status);
}

absl::Status WriteSheet(const std::string& path, const std::string& sheet, NextRow next) {
  const std::string end = absl::AsciiStrToLower(std::filesystem::path(path).extension().string());
  if (end != ".xlsx" && end != ".csv") {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": expected a name that ends in .xlsx or .csv"));
  }
  const auto failed = [&path] {
    return absl::FailedPreconditionError(
        absl::StrCat(path, ": it cannot be written: ", std::generic_category().message(errno)));
  };
  const std::string part = path + ".part";
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(part.c_str(), "wb"), std::fclose);
  if (file == nullptr) return failed();
  const auto status =
      end == ".csv" ? WriteCsv(file.get(), next) : WriteWorkbook(fileno(file.get()), sheet, next);
  const bool is_whole = status.ok() && std::fflush(file.get()) == 0 &&
                        std::ferror(file.get()) == 0 && fsync(fileno(file.get())) == 0 &&
                        std::rename(part.c_str(), path.c_str()) == 0;
  if (is_whole) return absl::OkStatus();
  const auto outcome = status.ok() ? failed() : At(path, status);
  std::remove(part.c_str());
  return outcome;
}

}  // namespace simpul::file
