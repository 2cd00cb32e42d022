// `simpul adapter check|test|resync`; more in adapter_watch_commands.h.
#ifndef SIMPUL_CLI_ADAPTER_COMMANDS_H_
#define SIMPUL_CLI_ADAPTER_COMMANDS_H_

#include "cli/command.h"

namespace simpul::cli {

void AddAdapterCommands(CLI::App& app, Invocation& invocation);

}  // namespace simpul::cli

#endif  // SIMPUL_CLI_ADAPTER_COMMANDS_H_
