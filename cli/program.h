// The whole command line.
#ifndef SIMPUL_CLI_PROGRAM_H_
#define SIMPUL_CLI_PROGRAM_H_

#include <memory>

#include "cli/command.h"

namespace simpul::cli {

// The program with all its commands; parsing sets `invocation`, which outlives it.
std::unique_ptr<CLI::App> MakeProgram(Invocation& invocation);

// Parses, runs and tells the outcome; returns the exit code.
int RunProgram(int argc, const char* const* argv);

}  // namespace simpul::cli

#endif  // SIMPUL_CLI_PROGRAM_H_
