#include "cli/adapter_folders.h"

#include <algorithm>
#include <filesystem>

namespace simpul::cli {

namespace fs = std::filesystem;

std::map<std::string, std::vector<std::string>> FindAdapters(
    const std::vector<std::string>& folders) {
  std::map<std::string, std::vector<std::string>> adapters;
  std::error_code ignored;
  for (const std::string& folder : folders) {
    for (const fs::directory_entry& department : fs::directory_iterator(folder, ignored)) {
      for (const fs::directory_entry& app : fs::directory_iterator(department.path(), ignored)) {
        if (!fs::exists(app.path() / "mapping.yaml", ignored)) continue;
        adapters[department.path().filename().string()].push_back(app.path().string());
      }
    }
  }
  for (auto& [department, directories] : adapters) {
    std::sort(directories.begin(), directories.end());
  }
  return adapters;
}

}  // namespace simpul::cli
