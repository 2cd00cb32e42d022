#include "cli/adapter_commands.h"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "adapters/engine/cases.h"
#include "adapters/engine/mapping.h"
#include "bus/rpc/status.h"
#include "cli/adapter_watch_commands.h"
#include "cli/json.h"
#include "cli/operator_client.h"
#include "google/protobuf/struct.pb.h"
#include "grpcpp/client_context.h"
#include "simpul/mapping/v1/adapter.grpc.pb.h"

namespace simpul::cli {
namespace {

namespace fs = std::filesystem;
using mapping::v1::AdapterService;

// The directories themselves, and for those without a mapping.yaml all below them that have one.
absl::StatusOr<std::vector<std::string>> MappingsIn(const std::vector<std::string>& directories) {
  std::vector<std::string> mappings;
  for (const std::string& directory : directories) {
    const size_t before = mappings.size();
    std::error_code ignored;
    if (fs::exists(fs::path(directory) / "mapping.yaml", ignored)) {
      mappings.push_back(directory);
      continue;
    }
    for (const auto& entry : fs::recursive_directory_iterator(directory, ignored)) {
      if (entry.path().filename() == "mapping.yaml") {
        mappings.push_back(entry.path().parent_path().string());
      }
    }
    if (mappings.size() == before) {
      return absl::InvalidArgumentError(
          absl::StrFormat("there is no mapping.yaml in %s or below it", directory));
    }
  }
  return mappings;
}

std::string JsonOf(std::initializer_list<std::pair<const char*, google::protobuf::Value>> fields) {
  google::protobuf::Struct object;
  for (const auto& [name, value] : fields) (*object.mutable_fields())[name] = value;
  return ToJsonLine(object);
}

google::protobuf::Value Text(const std::string& text) {
  google::protobuf::Value value;
  value.set_string_value(text);
  return value;
}

google::protobuf::Value Truth(bool truth) {
  google::protobuf::Value value;
  value.set_bool_value(truth);
  return value;
}

absl::Status Check(const std::vector<std::string>& directories, bool json) {
  const auto mappings = MappingsIn(directories);
  if (!mappings.ok()) return mappings.status();
  size_t problems = 0;
  for (const std::string& mapping : *mappings) {
    const std::vector<std::string> found = engine::CheckMapping(mapping);
    problems += found.size();
    for (const std::string& problem : found) {
      absl::PrintF("%s\n", json ? JsonOf({{"mapping", Text(mapping)}, {"problem", Text(problem)}})
                                : problem);
    }
    if (!found.empty()) continue;
    absl::PrintF("%s\n", json ? JsonOf({{"mapping", Text(mapping)}, {"right", Truth(true)}})
                              : absl::StrFormat("%s is right", mapping));
  }
  if (problems == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat(
      "%d problem%s in the mapping; mend the lines above", problems, problems == 1 ? "" : "s"));
}

absl::Status Test(const std::vector<std::string>& directories, bool json) {
  const auto mappings = MappingsIn(directories);
  if (!mappings.ok()) return mappings.status();
  int failed = 0;
  int passed = 0;
  for (const std::string& mapping : *mappings) {
    const auto results = engine::RunCases(mapping);
    if (!results.ok()) return results.status();
    for (const engine::CaseResult& result : *results) {
      ++(result.passed ? passed : failed);
      if (json) {
        absl::PrintF("%s\n", JsonOf({{"mapping", Text(mapping)},
                                     {"case", Text(result.name)},
                                     {"passed", Truth(result.passed)},
                                     {"message", Text(result.message)}}));
      } else {
        absl::PrintF("%s %s/%s%s%s\n", result.passed ? "pass" : "FAIL", mapping, result.name,
                     result.message.empty() ? "" : ": ", result.message);
      }
    }
  }
  if (failed == 0) return absl::OkStatus();
  return absl::AbortedError(
      absl::StrFormat("%d of %d cases failed; what differs is above", failed, failed + passed));
}

struct ResyncFlags {
  OperatorFlags operator_flags;
  std::string adapter;
  std::string resource;
  bool accept_deletes = false;
};

absl::Status Resync(const ResyncFlags& flags, bool json) {
  const size_t slash = flags.adapter.find('/');
  if (slash == std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s is no adapter; write <department>/<app>", flags.adapter));
  }
  const auto client = OperatorClient::Open(flags.operator_flags);
  if (!client.ok()) return client.status();
  const auto channel = (*client)->ChannelTo("adapter/" + flags.adapter.substr(0, slash));
  if (!channel.ok()) return channel.status();
  grpc::ClientContext context;
  mapping::v1::ResyncRequest request;
  request.set_adapter(flags.adapter);
  request.set_resource(flags.resource);
  request.set_accept_deletes(flags.accept_deletes);
  mapping::v1::ResyncResponse response;
  const grpc::Status status =
      AdapterService::NewStub(*channel)->Resync(&context, request, &response);
  if (!status.ok()) return rpc::FromGrpc(status);
  if (json) {
    absl::PrintF("%s\n", ToJsonLine(response));
  } else {
    absl::PrintF("%d watch%s of %s %s\n", response.watches(), response.watches() == 1 ? "" : "es",
                 flags.adapter,
                 flags.accept_deletes ? "believe the deletes held back" : "publish all rows again");
  }
  return absl::OkStatus();
}

}  // namespace

void AddAdapterCommands(CLI::App& app, Invocation& invocation) {
  auto directories = std::make_shared<std::vector<std::string>>();
  CLI::App* group =
      AddGroup(app, "adapter", "Check and test mappings, watch them at work, republish rows",
               "simpul adapter check adapters/diskominfo/radius");
  CLI::App* check =
      AddCommand(*group, invocation, "check", "Check mappings: file, line and what was expected",
                 "simpul adapter check adapters/diskominfo/radius",
                 [directories, &invocation] { return Check(*directories, invocation.json); });
  check->add_option("directory", *directories, "Directories with a mapping.yaml, or above some")
      ->required();
  CLI::App* test =
      AddCommand(*group, invocation, "test", "Run the golden cases of mappings, without the legacy",
                 "simpul adapter test adapters/diskominfo/radius",
                 [directories, &invocation] { return Test(*directories, invocation.json); });
  test->add_option("directory", *directories, "Directories with a mapping.yaml, or above some")
      ->required();
  auto flags = std::make_shared<ResyncFlags>();
  CLI::App* resync = AddCommand(*group, invocation, "resync",
                                "Publish all rows again, with the revisions they have",
                                "simpul adapter resync diskominfo/radius",
                                [flags, &invocation] { return Resync(*flags, invocation.json); });
  AddOperatorFlags(*resync, flags->operator_flags);
  resync->add_option("adapter", flags->adapter, "<department>/<app>")->required();
  resync->add_option("--resource", flags->resource, "A message name, such as SourceSession (all)");
  resync->add_flag("--accept-deletes", flags->accept_deletes,
                   "Instead of publishing rows, believe the deletes that the watch holds back");
  AddAdapterWatchCommands(*group, invocation);
}

}  // namespace simpul::cli
