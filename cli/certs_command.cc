#include "cli/certs_command.h"

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "cli/adapter_folders.h"
#include "cli/certificates.h"

namespace simpul::cli {
namespace {

struct Flags {
  CertificateOptions options;
  std::vector<std::string> adapters = {"adapters"};
};

absl::Status Run(const Flags& flags, bool json) {
  CertificateOptions options = flags.options;
  for (const std::string& identity : StandardIdentities()) options.identities.push_back(identity);
  for (const auto& [department, directories] : FindAdapters(flags.adapters)) {
    options.identities.push_back("adapter/" + department);
  }
  const auto made = EnsureCertificates(options);
  if (!made.ok()) return made.status();
  for (const std::string& identity : *made) {
    const std::string directory = absl::StrFormat("%s/certs/%s", options.data, identity);
    if (json) {
      absl::PrintF("{\"identity\":\"%s\",\"directory\":\"%s\"}\n", identity, directory);
    } else {
      absl::PrintF("made %s\n", directory);
    }
  }
  if (made->empty() && !json) absl::PrintF("all certificates in %s/certs hold\n", options.data);
  return absl::OkStatus();
}

}  // namespace

void AddCertsCommand(CLI::App& app, Invocation& invocation) {
  auto flags = std::make_shared<Flags>();
  CLI::App* command =
      AddCommand(app, invocation, "certs",
                 "Make the development CA and the certificates that are missing or about to end",
                 "simpul certs --data .simpul adapter/dpupr",
                 [flags, &invocation] { return Run(*flags, invocation.json); });
  AddDataOption(*command, flags->options.data);
  command->add_option("--trust-domain", flags->options.trust_domain,
                      "The city's name in certificates, such as cilegon.go.id (simpul.local)");
  command
      ->add_option("--adapters", flags->adapters,
                   "Folder of adapters; each department in it gets a certificate; may be repeated "
                   "(adapters)")
      ->allow_extra_args(false);
  command->add_option("identity", flags->options.identities,
                      "Identities beyond the standard ones, such as adapter/dpupr");
}

}  // namespace simpul::cli
