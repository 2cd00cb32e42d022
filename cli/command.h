// A command of the program: how it is declared, and how its outcome becomes words and an exit code.
#ifndef SIMPUL_CLI_COMMAND_H_
#define SIMPUL_CLI_COMMAND_H_

#include <functional>
#include <string>

#include "CLI/App.hpp"
#include "absl/status/status.h"
#include "bus/observe/log.h"

namespace simpul::cli {

// What the command line chose.
struct Invocation {
  bool json = false;  // --output json
  std::function<absl::Status()> run;
};

// The exit codes: 0 done, 1 failed, 2 the input is wrong (usage, a file, an argument).
int ExitCodeOf(const absl::Status& status);

// Adds the command `name` below `parent`; `example` is shown at the end of its help. When it is
// chosen, `run` is what the program does.
CLI::App* AddCommand(CLI::App& parent, Invocation& invocation, const std::string& name,
                     const std::string& description, const std::string& example,
                     std::function<absl::Status()> run);

// Adds a command that only groups others, such as `key`.
CLI::App* AddGroup(CLI::App& parent, const std::string& name, const std::string& description,
                   const std::string& example);

// Adds `--data DIR`, ./.simpul unless SIMPUL_DATA says otherwise.
void AddDataOption(CLI::App& command, std::string& data);

// Adds `--log SEVERITY`, from which on lines are logged; `log` is what holds without it.
void AddLogOption(CLI::App& command, observe::Severity& log);

// Whether `stream` is a terminal that shows colours (and NO_COLOR is not set).
bool ShowsColour(int file_descriptor);

}  // namespace simpul::cli

#endif  // SIMPUL_CLI_COMMAND_H_
