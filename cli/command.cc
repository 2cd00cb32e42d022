#include "cli/command.h"

#include <unistd.h>

#include <cstdlib>
#include <map>
#include <string_view>
#include <utility>

namespace simpul::cli {

int ExitCodeOf(const absl::Status& status) {
  if (status.ok()) return 0;
  return absl::IsInvalidArgument(status) ? 2 : 1;
}

CLI::App* AddCommand(CLI::App& parent, Invocation& invocation, const std::string& name,
                     const std::string& description, const std::string& example,
                     std::function<absl::Status()> run) {
  CLI::App* command = parent.add_subcommand(name, description);
  command->footer("Example:\n  " + example);
  command->callback([&invocation, run = std::move(run)] { invocation.run = run; });
  return command;
}

CLI::App* AddGroup(CLI::App& parent, const std::string& name, const std::string& description,
                   const std::string& example) {
  CLI::App* group = parent.add_subcommand(name, description);
  group->footer("Example:\n  " + example);
  group->require_subcommand(1);
  return group;
}

void AddDataOption(CLI::App& command, std::string& data) {
  data = ".simpul";
  command
      .add_option("--data", data,
                  "Directory of certificates, secrets, state and the first key (.simpul)")
      ->envname("SIMPUL_DATA");
}

void AddLogOption(CLI::App& command, observe::Severity& log) {
  const std::map<std::string, observe::Severity> severities = {
      {"info", observe::Severity::kInfo},
      {"warning", observe::Severity::kWarning},
      {"error", observe::Severity::kError}};
  std::string initial;
  for (const auto& [name, severity] : severities) {
    if (severity == log) initial = name;
  }
  command
      .add_option_function<std::string>(
          "--log", [&log, severities](const std::string& name) { log = severities.at(name); },
          "From which severity on lines are logged: info, warning or error (" + initial + ")")
      ->check(CLI::IsMember({"info", "warning", "error"}));
}

bool ShowsColour(int file_descriptor) {
  const char* terminal = std::getenv("TERM");
  return std::getenv("NO_COLOR") == nullptr && isatty(file_descriptor) == 1 &&
         terminal != nullptr && std::string_view(terminal) != "dumb";
}

}  // namespace simpul::cli
