#include <malloc.h>

#include "cli/program.h"

namespace {

// Large blocks (bodies, batches of rows) go back to the system as soon as they are freed. Left
// alone, glibc learns from each one that is freed to keep the next, up to 32 MiB in each of its
// arenas.
void GiveLargeBlocksBack() {
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
  mallopt(M_TRIM_THRESHOLD, 4 << 20);
}

}  // namespace

int main(int argc, char** argv) {
  GiveLargeBlocksBack();
  return simpul::cli::RunProgram(argc, argv);
}
