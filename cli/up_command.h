// `simpul up`.
#ifndef SIMPUL_CLI_UP_COMMAND_H_
#define SIMPUL_CLI_UP_COMMAND_H_

#include "cli/command.h"

namespace simpul::cli {

void AddUpCommand(CLI::App& app, Invocation& invocation);

}  // namespace simpul::cli

#endif  // SIMPUL_CLI_UP_COMMAND_H_
