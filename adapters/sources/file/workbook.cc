#include "adapters/sources/file/workbook.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "adapters/sources/file/row_pipe.h"

namespace simpul::file {
namespace {

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

constexpr int kRefused = 2;

std::string ProgramPath() {
  std::error_code error;
  const auto own = std::filesystem::read_symlink("/proc/self/exe", error);
  return (own.parent_path() / "simpul-sheet").string();
}

// Both ends close on exec, so that no other child keeps them open.
bool MakePipe(int& read_end, int& write_end) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return false;
  read_end = ends[0];
  write_end = ends[1];
  return true;
}

// A running simpul-sheet. Killed and waited for when it goes out of scope. One thread.
class Child {
 public:
  Child() = default;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    Wait();
  }

  // `input` and `output` become its standard input and output.
  absl::Status Start(std::vector<std::string> arguments, int input, int output) {
    int write_end = -1;
    if (!MakePipe(error_, write_end)) return absl::UnavailableError("too many open files");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, write_end, STDERR_FILENO);
    const std::string program = ProgramPath();
    std::vector<char*> argv = {const_cast<char*>(program.c_str())};
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    const int failed = posix_spawn(&pid_, program.c_str(), &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    close(write_end);
    if (failed == 0) return absl::OkStatus();
    pid_ = -1;
    close(error_);
    return absl::FailedPreconditionError(absl::StrFormat(
        "%s cannot be started (%s); it belongs beside simpul, with Debian's libgdal32", program,
        std::generic_category().message(failed)));
  }

  // Waits for its end and says what it was.
  absl::Status Finish(const SheetLimits& limits) {
    std::string said(4096, '\0');
    size_t size = 0;
    for (ssize_t got;
         size < said.size() && (got = read(error_, said.data() + size, said.size() - size)) > 0;) {
      size += static_cast<size_t>(got);
    }
    said.resize(size);
    const int status = Wait();
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return absl::OkStatus();
    const std::string line(absl::StripAsciiWhitespace(said.substr(0, said.find('\n'))));
    if (WIFEXITED(status) && WEXITSTATUS(status) == kRefused) {
      return absl::InvalidArgumentError(line);
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127) return absl::FailedPreconditionError(line);
    return absl::InvalidArgumentError(absl::StrFormat(
        "it is damaged, or takes more than %d MiB of memory or %s of computing to read",
        limits.memory_bytes >> 20, absl::FormatDuration(limits.cpu)));
  }

 private:
  int Wait() {
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    close(error_);
    return status;
  }

  pid_t pid_ = -1;
  int error_ = -1;
};

}  // namespace

absl::Status ReadWorkbook(int descriptor, const SheetLimits& limits,
                          absl::FunctionRef<absl::Status(const SheetRow&)> each) {
  int read_end = -1;
  int write_end = -1;
  if (!MakePipe(read_end, write_end)) return absl::UnavailableError("too many open files");
  const File rows(fdopen(read_end, "rb"), std::fclose);
  Child child;
  auto started =
      child.Start({"read", absl::StrCat(limits.unpacked_bytes), absl::StrCat(limits.memory_bytes),
                   absl::StrCat(absl::ToInt64Seconds(limits.cpu))},
                  descriptor, write_end);
  close(write_end);
  if (!started.ok()) return started;
  SheetRow row;
  while (ReadRow(rows.get(), row) == RowRead::kRow) {
    if (auto status = each(row); !status.ok()) return status;
  }
  return child.Finish(limits);
}

absl::Status WriteWorkbook(int descriptor, const std::string& sheet, NextRow next) {
  const File rows(std::tmpfile(), std::fclose);
  if (rows == nullptr) return absl::FailedPreconditionError("no temporary file can be made");
  SheetRow row;
  while (true) {
    auto more = next(row.cells);
    if (!more.ok()) return more.status();
    if (!*more) break;
    if (!WriteRow(rows.get(), row)) return absl::FailedPreconditionError("the disk is full");
  }
  if (std::fflush(rows.get()) != 0) return absl::FailedPreconditionError("the disk is full");
  std::rewind(rows.get());
  Child child;
  auto started = child.Start({"write", sheet}, fileno(rows.get()), descriptor);
  return started.ok() ? child.Finish({}) : started;
}

}  // namespace simpul::file
