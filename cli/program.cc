#include "cli/program.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/strings/str_format.h"
#include "bus/testing/fault_point.h"
#include "cli/adapter_commands.h"
#include "cli/call_command.h"
#include "cli/catalogue_commands.h"
#include "cli/certs_command.h"
#include "cli/events_commands.h"
#include "cli/grants_command.h"
#include "cli/key_commands.h"
#include "cli/part_commands.h"
#include "cli/parts_command.h"
#include "cli/up_command.h"

namespace simpul::cli {
namespace {

void AddVersionCommand(CLI::App& app, Invocation& invocation) {
  AddCommand(app, invocation, "version", "Print the version", "simpul version", [&invocation] {
    if (invocation.json) {
      absl::PrintF("{\"version\":\"%s\"}\n", SIMPUL_VERSION);
    } else {
      absl::PrintF("simpul %s\n", SIMPUL_VERSION);
    }
    return absl::OkStatus();
  });
}

// For the kill storm, which goes through all of them.
void AddFaultPointsCommand(CLI::App& app, Invocation& invocation) {
  AddCommand(app, invocation, "fault-points", "Print where a test may kill this program",
             "simpul fault-points",
             [] {
               for (const std::string_view name : FaultPoint::All()) absl::PrintF("%s\n", name);
               return absl::OkStatus();
             })
      ->group("");
}

void PrintError(const std::string& text) {
  const bool colour = ShowsColour(STDERR_FILENO);
  absl::FPrintF(stderr, "%ssimpul: %s%s\n", colour ? "\033[31m" : "", text,
                colour ? "\033[0m" : "");
}

// "simpul key create": as far as the command line was understood.
std::string UnderstoodWords(const CLI::App& app) {
  std::string words = app.get_name();
  for (const CLI::App* command = &app; !command->get_subcommands().empty();) {
    command = command->get_subcommands().front();
    words += " " + command->get_name();
  }
  return words;
}

std::string UsageError(const CLI::App& app, const CLI::ParseError& error) {
  const std::string words = UnderstoodWords(app);
  const std::vector<std::string> rest = app.remaining(true);
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr && !rest.empty()) {
    return absl::StrFormat("%s is no command of %s; see %s --help", rest.front(), words, words);
  }
  return absl::StrFormat("%s; see %s --help", error.what(), words);
}

}  // namespace

std::unique_ptr<CLI::App> MakeProgram(Invocation& invocation) {
  auto app = std::make_unique<CLI::App>(
      "Simpul: one way in to a city's applications, and everything behind it.", "simpul");
  app->footer("Example:\n  simpul up --kafka 127.0.0.1:19092");
  app->require_subcommand(1);
  app->fallthrough();
  app->add_option_function<std::string>(
         "--output",
         [&invocation](const std::string& format) { invocation.json = format == "json"; },
         "How answers are printed: text or json (one object a line)")
      ->check(CLI::IsMember({"text", "json"}));
  AddUpCommand(*app, invocation);
  AddPartCommands(*app, invocation);
  AddCallCommand(*app, invocation);
  AddCatalogueCommands(*app, invocation);
  AddEventsCommands(*app, invocation);
  AddAdapterCommands(*app, invocation);
  AddKeyCommands(*app, invocation);
  AddPartsCommand(*app, invocation);
  AddGrantsCommand(*app, invocation);
  AddCertsCommand(*app, invocation);
  AddVersionCommand(*app, invocation);
  AddFaultPointsCommand(*app, invocation);
  return app;
}

int RunProgram(int argc, const char* const* argv) {
  umask(S_IRWXG | S_IRWXO);  // stores, snapshots and secrets are nobody else's
  Invocation invocation;
  const std::unique_ptr<CLI::App> app = MakeProgram(invocation);
  try {
    app->parse(argc, argv);
  } catch (const CLI::CallForHelp& call) {
    return app->exit(call);
  } catch (const CLI::CallForAllHelp& call) {
    return app->exit(call);
  } catch (const CLI::ParseError& error) {
    PrintError(UsageError(*app, error));
    return 2;
  }
  const absl::Status status = invocation.run();
  if (!status.ok()) PrintError(std::string(status.message()));
  return ExitCodeOf(status);
}

}  // namespace simpul::cli
