// The parts that `simpul up` could not start, told to the tools by a file below <data>/run.
#ifndef SIMPUL_CLI_NOT_STARTED_H_
#define SIMPUL_CLI_NOT_STARTED_H_

#include <map>
#include <string>

#include "absl/status/status.h"

namespace simpul::cli {

// `parts`: "adapter/dpupr", and why. Replaces what an earlier run left. As for WriteFile.
absl::Status WriteNotStarted(const std::string& data,
                             const std::map<std::string, std::string>& parts);

// Empty if there are none, or no platform has run on `data`.
std::map<std::string, std::string> ReadNotStarted(const std::string& data);

}  // namespace simpul::cli

#endif  // SIMPUL_CLI_NOT_STARTED_H_
