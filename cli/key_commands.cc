#include "cli/key_commands.h"

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "cli/json.h"
#include "cli/operator_client.h"

namespace simpul::cli {
namespace {

struct Flags {
  OperatorFlags operator_flags;
  std::string agency;
  std::vector<std::string> writes;
  std::string id;
};

absl::Status Create(const Flags& flags, bool json) {
  const auto client = OperatorClient::Open(flags.operator_flags);
  if (!client.ok()) return client.status();
  const auto made = (*client)->CreateKey(flags.agency, flags.writes);
  if (!made.ok()) return made.status();
  if (json) {
    absl::PrintF("%s\n", ToJsonLine(*made));
  } else {
    absl::PrintF("%s\n", made->text());
    absl::FPrintF(stderr, "the key of %s; it is shown this once\n", flags.agency);
  }
  return absl::OkStatus();
}

absl::Status List(const Flags& flags, bool json) {
  const auto client = OperatorClient::Open(flags.operator_flags);
  if (!client.ok()) return client.status();
  const auto keys = (*client)->ListKeys();
  if (!keys.ok()) return keys.status();
  if (!json)
    absl::PrintF("%-10s %-24s %-24s %-24s %s\n", "ID", "AGENCY", "CREATED", "REVOKED", "WRITES");
  for (const auto& key : *keys) {
    if (json) {
      absl::PrintF("%s\n", ToJsonLine(key));
    } else {
      absl::PrintF("%-10s %-24s %-24s %-24s %s\n", key.name().substr(key.name().find('/') + 1),
                   key.agency(), ToText(key.create_time()), ToText(key.revoke_time()),
                   absl::StrJoin(key.writes(), ","));
    }
  }
  return absl::OkStatus();
}

absl::Status Revoke(const Flags& flags, bool json) {
  const auto client = OperatorClient::Open(flags.operator_flags);
  if (!client.ok()) return client.status();
  const auto key = (*client)->RevokeKey(flags.id);
  if (!key.ok()) return key.status();
  if (json) {
    absl::PrintF("%s\n", ToJsonLine(*key));
  } else {
    absl::PrintF("the key %s of %s is revoked\n", flags.id, key->agency());
  }
  return absl::OkStatus();
}

}  // namespace

void AddKeyCommands(CLI::App& app, Invocation& invocation) {
  auto flags = std::make_shared<Flags>();
  CLI::App* group =
      AddGroup(app, "key", "Make, list and revoke API keys", "simpul key create --agency dinkes");
  CLI::App* create = AddCommand(*group, invocation, "create", "Make an API key and print it, once",
                                "simpul key create --agency dinkes",
                                [flags, &invocation] { return Create(*flags, invocation.json); });
  AddOperatorFlags(*create, flags->operator_flags);
  create->add_option("--agency", flags->agency, "Whom it is for, such as dinkes")->required();
  create
      ->add_option("--write", flags->writes,
                   "A domain it may write to, such as complaints; may be repeated (none)")
      ->allow_extra_args(false);
  CLI::App* list =
      AddCommand(*group, invocation, "list", "List all keys, the revoked ones too",
                 "simpul key list", [flags, &invocation] { return List(*flags, invocation.json); });
  AddOperatorFlags(*list, flags->operator_flags);
  CLI::App* revoke =
      AddCommand(*group, invocation, "revoke", "End a key for good", "simpul key revoke 3fK9xQ2a",
                 [flags, &invocation] { return Revoke(*flags, invocation.json); });
  AddOperatorFlags(*revoke, flags->operator_flags);
  revoke->add_option("id", flags->id, "The 8 characters after smp_")->required();
}

}  // namespace simpul::cli
