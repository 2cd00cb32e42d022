// `simpul catalogue import|export|list|family|serve`: the inventory of applications.
#ifndef SIMPUL_CLI_CATALOGUE_COMMANDS_H_
#define SIMPUL_CLI_CATALOGUE_COMMANDS_H_

#include "cli/command.h"

namespace simpul::cli {

void AddCatalogueCommands(CLI::App& app, Invocation& invocation);

}  // namespace simpul::cli

#endif  // SIMPUL_CLI_CATALOGUE_COMMANDS_H_
