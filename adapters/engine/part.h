// The engine as a part: one department's adapters, served and watched by their mappings.
#ifndef SIMPUL_ADAPTERS_ENGINE_PART_H_
#define SIMPUL_ADAPTERS_ENGINE_PART_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bus/rpc/part_options.h"
#include "bus/testing/clock.h"

namespace simpul::engine {

// Uses all of PartOptions; `credentials` are those of "adapter/<department>"; the files
// "digest-key" and "page-token" in `secrets` are made if they are missing.
struct Options : rpc::PartOptions {
  std::string department;             // "diskominfo"
  std::vector<std::string> mappings;  // directories with a mapping.yaml, each of this department
  Clock* clock = &Clock::System();
};

// Serves the source contracts of its mappings (Get, List), watches their legacy applications and
// publishes what changes, until destroyed. Of several engines of a department one is active, by a
// lease in the store; the others answer UNAVAILABLE and take over when the lease ends. Thread-safe.
class Part {
 public:
  // INVALID_ARGUMENT: a mapping is wrong; the text has all problems, one a line, with file and
  // line. FAILED_PRECONDITION: a variable or file that a mapping refers to is missing. Else as for
  // Store::Open, Migrate, LoadOrMakeSecret, Relay::Start and Server::Start. Waits neither for the
  // catalogue nor for the legacy.
  static absl::StatusOr<std::unique_ptr<Part>> Start(const Options& options);
  ~Part();

  // "127.0.0.1:43211".
  std::string address() const;

 private:
  struct Running;
  explicit Part(std::unique_ptr<Running> running);
  std::unique_ptr<Running> running_;
};

}  // namespace simpul::engine

#endif  // SIMPUL_ADAPTERS_ENGINE_PART_H_
