// `simpul adapter watches|parked`: how running adapters stand.
#ifndef SIMPUL_CLI_ADAPTER_WATCH_COMMANDS_H_
#define SIMPUL_CLI_ADAPTER_WATCH_COMMANDS_H_

#include "cli/command.h"

namespace simpul::cli {

// Below `adapter`.
void AddAdapterWatchCommands(CLI::App& adapter, Invocation& invocation);

}  // namespace simpul::cli

#endif  // SIMPUL_CLI_ADAPTER_WATCH_COMMANDS_H_
