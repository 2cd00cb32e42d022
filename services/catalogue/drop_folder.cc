#include "services/catalogue/drop_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "bus/observe/log.h"
#include "google/protobuf/util/json_util.h"
#include "services/catalogue/ownership.h"
#include "services/catalogue/sheet_import.h"

namespace simpul::catalogue {
namespace {

namespace fs = std::filesystem;
using Outcome = v1::ImportOutcome;

absl::Status Failed(const std::string& path, const std::error_code& error) {
  return absl::FailedPreconditionError(absl::StrCat(path, ": ", error.message()));
}

bool IsLeftAlone(const std::string& name) {
  return name.empty() || name[0] == '.' || name[0] == '~' || name.ends_with(".part") ||
         name.ends_with(".tmp");
}

// On disk when it returns, whole or not there.
absl::Status WriteReport(const std::string& path, const std::string& text) {
  const std::string part = path + ".part";
  const auto failed = [&] { return Failed(path, std::error_code(errno, std::generic_category())); };
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(part.c_str(), "wb"), std::fclose);
  if (file == nullptr) return failed();
  const bool is_written = std::fwrite(text.data(), 1, text.size(), file.get()) == text.size() &&
                          std::fflush(file.get()) == 0 && fsync(fileno(file.get())) == 0 &&
                          std::rename(part.c_str(), path.c_str()) == 0;
  return is_written ? absl::OkStatus() : failed();
}

void AppendJson(const google::protobuf::Message& message, std::string& report) {
  std::string line;
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;  // a sum of 0 is said too
  // A report holds nothing that JSON cannot say.
  (void)google::protobuf::util::MessageToJsonString(message, &line, options);
  report += line + "\n";
}

}  // namespace

absl::Status DropFolder::Look() {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) return Failed(folder_, error);
  std::vector<std::string> departments;
  for (const auto& entry : fs::directory_iterator(folder_, error)) {
    const std::string name = entry.path().filename().string();
    std::error_code gone;
    if (IsName(name) && entry.is_directory(gone)) departments.push_back(name);
  }
  if (error) return Failed(folder_, error);
  std::map<std::string, Seen> still_there;
  absl::Status first;
  for (const std::string& department : departments) {
    // One that cannot be read keeps no other from being read.
    first.Update(LookInto(department, still_there));
  }
  seen_ = std::move(still_there);
  return first;
}

absl::Status DropFolder::LookInto(const std::string& department,
                                  std::map<std::string, Seen>& still_there) {
  const std::string folder = folder_ + "/" + department;
  std::error_code error;
  std::vector<std::string> ready;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string path = entry.path().string();
    struct stat state{};
    // Not through links: who may put files here need not be allowed to read elsewhere.
    if (IsLeftAlone(entry.path().filename().string()) || lstat(path.c_str(), &state) != 0 ||
        !S_ISREG(state.st_mode)) {
      continue;
    }
    Seen now{state.st_size, state.st_mtim.tv_sec * 1'000'000'000 + state.st_mtim.tv_nsec,
             clock_.Now()};
    const auto before = seen_.find(path);
    if (before != seen_.end() && before->second.size == now.size &&
        before->second.change_ns == now.change_ns) {
      now.since = before->second.since;
    }
    still_there[path] = now;
    if (clock_.Now() - now.since >= quiet_) ready.push_back(path);
  }
  if (error) return Failed(folder, error);
  absl::Status first;
  for (const std::string& path : ready) {
    if (!stop_) first.Update(Import(department, path));
  }
  return first;
}

absl::Status DropFolder::Import(const std::string& department, const std::string& path) {
  std::string report;
  auto status = Read(department, path, report);
  if (stop_) return absl::OkStatus();  // it is read again by who comes next
  // The store was away: the file is tried again.
  if (!status.ok() && !absl::IsInvalidArgument(status)) return status;
  const std::string name = fs::path(path).filename().string();
  const std::string kept = absl::StrCat(
      folder_, "/", department, "/read/",
      absl::FormatTime("%Y-%m-%dT%H%M%SZ", clock_.Now(), absl::UTCTimeZone()), "-", name);
  std::error_code error;
  fs::create_directories(fs::path(kept).parent_path(), error);
  if (error) return Failed(kept, error);
  if (auto s = WriteReport(kept + ".report", report); !s.ok()) return s;
  fs::rename(path, kept, error);
  return error ? Failed(path, error) : absl::OkStatus();
}

absl::Status DropFolder::Read(const std::string& department, const std::string& path,
                              std::string& report) {
  std::array<int64_t, Outcome::Result_ARRAYSIZE> counts = {};
  SheetImport import(
      family_, department,
      [&](std::vector<v1::Application> applications) {
        std::vector<const v1::Application*> pointers;
        for (const auto& application : applications) pointers.push_back(&application);
        return inventory_.Import(pointers, /*validate_only=*/false);
      },
      [&](const v1::RowReport& row) {
        ++counts.at(row.result());
        AppendJson(row, report);
      });
  auto status = read_(path,
                      [&](const std::string& sheet, int64_t number,
                          std::span<const std::string> cells) -> absl::Status {
                        if (stop_) return absl::CancelledError("the catalogue stops");
                        return import.Take(sheet, number, cells);
                      });
  if (status.ok()) status = import.Finish();
  const std::string sums = absl::StrFormat("%d created, %d changed, %d unchanged, %d refused",
                                           counts[Outcome::CREATED], counts[Outcome::CHANGED],
                                           counts[Outcome::UNCHANGED], counts[Outcome::REFUSED]);
  v1::SheetReport end;
  end.set_created(static_cast<int32_t>(counts[Outcome::CREATED]));
  end.set_changed(static_cast<int32_t>(counts[Outcome::CHANGED]));
  end.set_unchanged(static_cast<int32_t>(counts[Outcome::UNCHANGED]));
  end.set_refused(static_cast<int32_t>(counts[Outcome::REFUSED]));
  if (!status.ok()) end.set_error(std::string(status.message()));
  AppendJson(end, report);
  observe::Log(
      status.ok() ? observe::Severity::kInfo : observe::Severity::kWarning, "catalogue",
      "a sheet was read",
      {{"department", department}, {"outcome", status.ok() ? sums : observe::StatusText(status)}});
  return status;
}

}  // namespace simpul::catalogue
