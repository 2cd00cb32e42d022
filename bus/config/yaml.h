// Reads YAML that people edit into a protobuf message, its schema.
#ifndef SIMPUL_BUS_CONFIG_YAML_H_
#define SIMPUL_BUS_CONFIG_YAML_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace google::protobuf {
class Message;
}

namespace simpul::config {

// Where each value of a file stands, so that what is found wrong later can still be shown. Paths
// are field names with dots, list positions and map keys among them:
// "resources.SourceSession.list.order.0".
class Locations {
 public:
  Locations() = default;
  explicit Locations(std::string file) : file_(std::move(file)) {}

  void Set(const std::string& path, int line) { lines_[path] = line; }
  // Of the value, or of the nearest one that contains it; 1 if there is none.
  int LineOf(std::string_view path) const;
  // "<file>:<line>: <what>": how every problem is told.
  std::string Problem(std::string_view path, std::string_view what) const;

  const std::string& file() const { return file_; }

 private:
  std::string file_;
  std::map<std::string, int, std::less<>> lines_;
};

// Reads `text` into `message` by reflection. Keys are field names; a key that is none is refused
// with the nearest one. Enums are written by name, google.protobuf.Duration as "5s", "10m" or "7d".
// Where a message is expected that begins with a string field, a bare string sets that field.
// Returns all problems, each "<file>:<line>: <what was expected>"; none if `message` is whole.
std::vector<std::string> ParseYaml(std::string_view text, const std::string& file,
                                   google::protobuf::Message& message, Locations& locations);

// The same from a file. A file that cannot be read is a problem too.
std::vector<std::string> LoadYaml(const std::string& path, google::protobuf::Message& message,
                                  Locations& locations);

// "500ms", "5s", "10m", "2h", "7d". False: it is none.
bool ParseDuration(std::string_view text, absl::Duration& duration);

// The word of `known` that `word` is probably a slip of; empty if none is near.
std::string Nearest(std::string_view word, const std::vector<std::string>& known);

}  // namespace simpul::config

#endif  // SIMPUL_BUS_CONFIG_YAML_H_
