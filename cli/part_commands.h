// `simpul catalogue`, `wifi`, `events`, `engine`, `gateway`: each part as a process of its own.
#ifndef SIMPUL_CLI_PART_COMMANDS_H_
#define SIMPUL_CLI_PART_COMMANDS_H_

#include "cli/command.h"

namespace simpul::cli {

void AddPartCommands(CLI::App& app, Invocation& invocation);

// `simpul events serve`, below `events`, which has tools too.
void AddEventsPartCommand(CLI::App& events, Invocation& invocation);

}  // namespace simpul::cli

#endif  // SIMPUL_CLI_PART_COMMANDS_H_
