// The flags that every part has in common.
#ifndef SIMPUL_CLI_PART_FLAGS_H_
#define SIMPUL_CLI_PART_FLAGS_H_

#include <string>

#include "absl/status/statusor.h"
#include "bus/rpc/part_options.h"
#include "cli/command.h"

namespace simpul::cli {

struct PartFlags {
  std::string data;
  std::string certs;  // <data>/certs/<identity> if empty
  std::string listen = "127.0.0.1:0";
  std::string catalogue;  // what <data>/run/catalogue says if empty
  std::string kafka;
  std::string store;    // sqlite:<data>/state if empty
  std::string secrets;  // <data>/secrets if empty
  std::string admin;    // no admin port if empty
  observe::Severity log = observe::Severity::kInfo;
};

// What a part needs besides certificates, a store and secrets.
struct PartNeeds {
  bool catalogue = true;
  bool kafka = true;
};

void AddPartFlags(CLI::App& command, PartFlags& flags, PartNeeds needs);

// Loads the certificate and fills in what was left to the data directory; makes the directories of
// state and secrets there. `identity` is "service/wifi" and so on.
// INVALID_ARGUMENT: a flag is missing. Else as for Credentials::Load.
absl::StatusOr<rpc::PartOptions> OptionsOf(const PartFlags& flags, const std::string& identity,
                                           PartNeeds needs);

// What <data>/run/<name> says: an address that `simpul up` has written. INVALID_ARGUMENT: there is
// none; names `flag`, which would say it too.
absl::StatusOr<std::string> RunningAddress(const std::string& data, const std::string& name,
                                           const std::string& flag);

}  // namespace simpul::cli

#endif  // SIMPUL_CLI_PART_FLAGS_H_
