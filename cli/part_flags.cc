#include "cli/part_flags.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "cli/files.h"

namespace simpul::cli {

void AddPartFlags(CLI::App& command, PartFlags& flags, PartNeeds needs) {
  AddDataOption(command, flags.data);
  command.add_option("--certs", flags.certs,
                     "Directory of ca.crt, tls.crt, tls.key (below --data, by the part's name)");
  command.add_option("--store", flags.store,
                     "sqlite:DIR or postgresql://… (sqlite: in state below --data)");
  command.add_option("--secrets", flags.secrets,
                     "Directory of secret files (secrets below --data)");
  command.add_option("--admin", flags.admin, "host:port of metrics and health (none)");
  AddLogOption(command, flags.log);
  if (needs.catalogue) {
    command.add_option("--catalogue", flags.catalogue,
                       "host:port of the catalogue (that of `simpul up` on --data)");
  }
  if (needs.kafka) {
    command.add_option("--kafka", flags.kafka, "host:port,… of the brokers")->required();
  }
}

absl::StatusOr<std::string> RunningAddress(const std::string& data, const std::string& name,
                                           const std::string& flag) {
  auto address = ReadFile(absl::StrFormat("%s/run/%s", data, name));
  if (!address.ok()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "no platform has run on %s; start it by `make run` or `simpul up`, or give %s", data,
        flag));
  }
  return std::string(absl::StripAsciiWhitespace(*address));
}

absl::StatusOr<rpc::PartOptions> OptionsOf(const PartFlags& flags, const std::string& identity,
                                           PartNeeds needs) {
  rpc::PartOptions options;
  options.listen = flags.listen;
  options.kafka = flags.kafka;
  const std::string certs =
      flags.certs.empty() ? absl::StrFormat("%s/certs/%s", flags.data, identity) : flags.certs;
  auto credentials = rpc::Credentials::Load(rpc::CertificateFiles::In(certs));
  if (!credentials.ok()) return credentials.status();
  options.credentials = *std::move(credentials);
  if (options.credentials->identity().Path() != identity) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the certificate in %s is that of %s, not of %s", certs,
                        options.credentials->identity().Path(), identity));
  }

  options.catalogue = flags.catalogue;
  if (needs.catalogue && options.catalogue.empty()) {
    auto address = RunningAddress(flags.data, "catalogue", "--catalogue");
    if (!address.ok()) return address.status();
    options.catalogue = *std::move(address);
  }
  options.store = flags.store;
  if (options.store.empty()) {
    options.store = absl::StrFormat("sqlite:%s/state", flags.data);
    if (auto status = MakePrivateDirectory(flags.data + "/state"); !status.ok()) return status;
  }
  options.secrets = flags.secrets;
  if (options.secrets.empty()) {
    options.secrets = flags.data + "/secrets";
    if (auto status = MakePrivateDirectory(options.secrets); !status.ok()) return status;
  }
  return options;
}

}  // namespace simpul::cli
