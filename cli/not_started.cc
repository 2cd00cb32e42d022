// One line a part, "adapter/dpupr<tab>reason".
#include "cli/not_started.h"

#include <utility>
#include <vector>

#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "cli/files.h"

namespace simpul::cli {
namespace {

std::string PathIn(const std::string& data) { return data + "/run/not-started"; }

}  // namespace

absl::Status WriteNotStarted(const std::string& data,
                             const std::map<std::string, std::string>& parts) {
  std::string text;
  for (const auto& [part, why] : parts) {
    text += part + "\t" + absl::StrReplaceAll(why, {{"\n", "; "}}) + "\n";
  }
  return WriteFile(PathIn(data), text, 0600);
}

std::map<std::string, std::string> ReadNotStarted(const std::string& data) {
  std::map<std::string, std::string> parts;
  const auto text = ReadFile(PathIn(data));
  if (!text.ok()) return parts;
  for (const auto& line : absl::StrSplit(*text, '\n', absl::SkipEmpty())) {
    parts.insert(
        std::pair<std::string, std::string>(absl::StrSplit(line, absl::MaxSplits('\t', 1))));
  }
  return parts;
}

}  // namespace simpul::cli
