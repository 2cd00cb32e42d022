#include "adapters/engine/mapping.h"

#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "adapters/engine/mapping_checker.h"
#include "bus/config/yaml.h"
#include "bus/rpc/protoset.h"
#include "google/protobuf/descriptor.pb.h"
#include "simpul/mapping/v1/mapping.pb.h"

namespace simpul::engine {
namespace {

std::string PathIn(const std::string& directory) {
  return directory + (absl::EndsWith(directory, "/") ? "" : "/") + "mapping.yaml";
}

std::unique_ptr<LoadedMapping> Load(const std::string& directory,
                                    std::vector<std::string>& problems) {
  mapping::v1::Mapping mapping;
  config::Locations locations;
  problems = config::LoadYaml(PathIn(directory), mapping, locations);
  if (!problems.empty()) return nullptr;
  return MappingChecker(mapping, locations, problems).Check();
}

}  // namespace

const google::protobuf::DescriptorPool& ContractPool() {
  static const google::protobuf::DescriptorPool* const pool = [] {
    google::protobuf::FileDescriptorSet files;
    const std::string_view bytes = rpc::BuiltInProtoset();
    files.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
    auto* built = new google::protobuf::DescriptorPool;
    for (const auto& file : files.file()) built->BuildFile(file);
    return built;
  }();
  return *pool;
}

std::string LoadedMapping::Topic(const ResourcePlan& resource) const {
  return absl::StrFormat("simpul.source.%s.%s.%s", department, app, resource.noun);
}

absl::StatusOr<std::unique_ptr<const LoadedMapping>> LoadMapping(const std::string& directory) {
  if (!std::ifstream(PathIn(directory))) {
    return absl::NotFoundError(absl::StrFormat("%s does not exist", PathIn(directory)));
  }
  std::vector<std::string> problems;
  auto loaded = Load(directory, problems);
  if (!problems.empty()) return absl::InvalidArgumentError(absl::StrJoin(problems, "\n"));
  return std::unique_ptr<const LoadedMapping>(std::move(loaded));
}

std::vector<std::string> CheckMapping(const std::string& directory) {
  std::vector<std::string> problems;
  Load(directory, problems);
  return problems;
}

}  // namespace simpul::engine
