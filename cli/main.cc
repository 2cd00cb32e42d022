#include "cli/program.h"

int main(int argc, char** argv) { return simpul::cli::RunProgram(argc, argv); }
