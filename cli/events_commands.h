// `simpul events watch|resend|parked`; the part itself is `simpul events serve`.
#ifndef SIMPUL_CLI_EVENTS_COMMANDS_H_
#define SIMPUL_CLI_EVENTS_COMMANDS_H_

#include "cli/command.h"

namespace simpul::cli {

void AddEventsCommands(CLI::App& app, Invocation& invocation);

}  // namespace simpul::cli

#endif  // SIMPUL_CLI_EVENTS_COMMANDS_H_
