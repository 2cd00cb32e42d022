// Secrets come from files, never from flags, logs or mappings.
#ifndef SIMPUL_BUS_CONFIG_SECRET_H_
#define SIMPUL_BUS_CONFIG_SECRET_H_

#include <string>

#include "absl/status/statusor.h"

namespace simpul::config {

// The bytes of a secret file of exactly 32 bytes. If the file is missing and its directory may be
// written, makes one of random bytes, mode 0600, fsynced before it returns; two processes that do
// so at once get the same bytes. FAILED_PRECONDITION: it has another size or others may read it.
// NOT_FOUND: it is missing and cannot be made.
absl::StatusOr<std::string> LoadOrMakeSecret(const std::string& path);

}  // namespace simpul::config

#endif  // SIMPUL_BUS_CONFIG_SECRET_H_
