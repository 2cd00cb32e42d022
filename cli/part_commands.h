// `simpul wifi`, `complaints`, `engine`, `gateway`: each part as a process of its own.
#ifndef SIMPUL_CLI_PART_COMMANDS_H_
#define SIMPUL_CLI_PART_COMMANDS_H_

#include "cli/command.h"

namespace simpul::cli {

void AddPartCommands(CLI::App& app, Invocation& invocation);

// `simpul catalogue serve` and `simpul events serve`, below groups that have tools too.
void AddCataloguePartCommand(CLI::App& catalogue, Invocation& invocation);
void AddEventsPartCommand(CLI::App& events, Invocation& invocation);

}  // namespace simpul::cli

#endif  // SIMPUL_CLI_PART_COMMANDS_H_
