// `simpul key create|list|revoke`.
#ifndef SIMPUL_CLI_KEY_COMMANDS_H_
#define SIMPUL_CLI_KEY_COMMANDS_H_

#include "cli/command.h"

namespace simpul::cli {

void AddKeyCommands(CLI::App& app, Invocation& invocation);

}  // namespace simpul::cli

#endif  // SIMPUL_CLI_KEY_COMMANDS_H_
