// What server reflection tells: the public services of all parts and the files they need, and no
// more.
#ifndef SIMPUL_GATEWAY_REFLECTION_INDEX_H_
#define SIMPUL_GATEWAY_REFLECTION_INDEX_H_

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/transcode/contract.h"

namespace google::protobuf {
class FileDescriptor;
}

namespace simpul::gateway::reflection {
class Files;
class Request;
class Response;
}  // namespace simpul::gateway::reflection

namespace simpul::gateway {

// Answers questions about contracts. Immutable after the last Add; thread-safe then.
class ReflectionIndex {
 public:
  // Shows a public service. A file or service known already stays as it is.
  void Add(std::shared_ptr<const transcode::Contract> contract, const std::string& service);

  // One answer to one question; errors are answers too.
  reflection::Response Answer(const reflection::Request& request) const;

 private:
  void AddFile(const google::protobuf::FileDescriptor* file);
  const google::protobuf::FileDescriptor* FileOfSymbol(const std::string& symbol) const;
  const google::protobuf::FileDescriptor* FileOfExtension(const std::string& type,
                                                          int number) const;
  void ListNumbers(const std::string& type, reflection::Response& response) const;
  static void Describe(const google::protobuf::FileDescriptor& file, reflection::Files& files);

  // Whether a public service needs it. A contract may hold files of internal services too.
  bool Shown(const google::protobuf::FileDescriptor* file) const;

  std::vector<std::shared_ptr<const transcode::Contract>> contracts_;
  std::set<std::string> services_;
  std::map<std::string, const google::protobuf::FileDescriptor*, std::less<>> files_;
};

}  // namespace simpul::gateway

#endif  // SIMPUL_GATEWAY_REFLECTION_INDEX_H_
