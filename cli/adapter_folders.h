// Where adapters lie: <folder>/<department>/<app>/mapping.yaml.
#ifndef SIMPUL_CLI_ADAPTER_FOLDERS_H_
#define SIMPUL_CLI_ADAPTER_FOLDERS_H_

#include <map>
#include <string>
#include <vector>

namespace simpul::cli {

// The directories with a mapping.yaml, by department. A folder that is not there has none.
std::map<std::string, std::vector<std::string>> FindAdapters(
    const std::vector<std::string>& folders);

}  // namespace simpul::cli

#endif  // SIMPUL_CLI_ADAPTER_FOLDERS_H_
