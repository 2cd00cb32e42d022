// Whether an address can be listened on.
#ifndef SIMPUL_CLI_ADDRESS_H_
#define SIMPUL_CLI_ADDRESS_H_

#include <string>

#include "absl/status/status.h"

namespace simpul::cli {

// OK if nobody listens on `address` ("host:port", the host a number) and this machine has it; port
// 0 is always free. FAILED_PRECONDITION: it is in use; names it and `flag`, which chooses another.
// INVALID_ARGUMENT: it is no address.
absl::Status CheckFree(const std::string& address, const std::string& flag);

}  // namespace simpul::cli

#endif  // SIMPUL_CLI_ADDRESS_H_
