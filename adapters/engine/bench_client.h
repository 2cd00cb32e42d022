// A client of the engine in a process of its own, so that its CPU and its waits are not the
// engine's.
#ifndef SIMPUL_ADAPTERS_ENGINE_BENCH_CLIENT_H_
#define SIMPUL_ADAPTERS_ENGINE_BENCH_CLIENT_H_

#include <sys/types.h>

#include <cstdint>
#include <cstdio>
#include <string>

namespace simpul::engine {

// User and system time of this process and its threads.
double CpuSeconds();

// What something took.
struct Cost {
  int64_t done = 0;  // rows or calls
  double seconds = 0;
  double cpu_seconds = 0;  // of the process that did it
};

// Speaks with its process by pipes. One thread.
class BenchClient {
 public:
  // Forks: before gRPC is used and before there are threads.
  BenchClient();
  ~BenchClient();

  // Calls the engine at `address` from now on, with the certificates in `folder`.
  void Connect(const std::string& address, const std::string& folder);
  // Lists all sessions in pages; takes the answers' bytes, or parses them too.
  Cost List(int page_size, bool is_parsed);
  // Gets the sessions 1 to `count`.
  Cost Get(int count);

 private:
  Cost Ask(const std::string& command);

  pid_t pid_ = 0;
  FILE* commands_ = nullptr;
  FILE* answers_ = nullptr;
};

}  // namespace simpul::engine

#endif  // SIMPUL_ADAPTERS_ENGINE_BENCH_CLIENT_H_
