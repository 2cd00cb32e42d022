// Files that are either whole or not there.
#ifndef SIMPUL_CLI_FILES_H_
#define SIMPUL_CLI_FILES_H_

#include <sys/types.h>

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace simpul::cli {

// NOT_FOUND: there is no such file, or it cannot be read.
absl::StatusOr<std::string> ReadFile(const std::string& path);

// Replaces `path` as a whole, on disk when it returns. FAILED_PRECONDITION: it cannot be written;
// the message says why.
absl::Status WriteFile(const std::string& path, std::string_view bytes, mode_t mode);

// Makes `path` and what is above it, for its owner alone; one that is ours and open to others is
// closed to them. FAILED_PRECONDITION: it cannot be made.
absl::Status MakePrivateDirectory(const std::string& path);

}  // namespace simpul::cli

#endif  // SIMPUL_CLI_FILES_H_
