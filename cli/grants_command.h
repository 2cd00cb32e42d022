// `simpul grants`.
#ifndef SIMPUL_CLI_GRANTS_COMMAND_H_
#define SIMPUL_CLI_GRANTS_COMMAND_H_

#include "cli/command.h"

namespace simpul::cli {

void AddGrantsCommand(CLI::App& app, Invocation& invocation);

}  // namespace simpul::cli

#endif  // SIMPUL_CLI_GRANTS_COMMAND_H_
