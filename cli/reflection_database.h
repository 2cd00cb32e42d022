// Descriptors that are fetched by server reflection when they are asked for.
#ifndef SIMPUL_CLI_REFLECTION_DATABASE_H_
#define SIMPUL_CLI_REFLECTION_DATABASE_H_

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "gateway/reflection.pb.h"
#include "google/protobuf/descriptor_database.h"
#include "grpcpp/channel.h"

namespace simpul::cli {

// Each question is a call of its own: they are few, and a quiet stream would end. Thread-safe.
class ReflectionDatabase : public google::protobuf::DescriptorDatabase {
 public:
  // `key` goes with each call as x-api-key; empty: none.
  ReflectionDatabase(std::shared_ptr<grpc::Channel> channel, std::string key)
      : channel_(std::move(channel)), key_(std::move(key)) {}

  absl::StatusOr<std::vector<std::string>> ListServices();

  // False if the server has no such file; status() then says whether it could be asked at all.
  bool FindFileByName(const std::string& name,
                      google::protobuf::FileDescriptorProto* file) override;
  bool FindFileContainingSymbol(const std::string& symbol,
                                google::protobuf::FileDescriptorProto* file) override;
  bool FindFileContainingExtension(const std::string& type, int number,
                                   google::protobuf::FileDescriptorProto* file) override;

  // The last failure that was not NOT_FOUND.
  absl::Status status();

 private:
  absl::StatusOr<gateway::reflection::Response> Ask(const gateway::reflection::Request& request);
  bool Fetch(const gateway::reflection::Request& request);

  const std::shared_ptr<grpc::Channel> channel_;
  const std::string key_;
  std::mutex mutex_;
  google::protobuf::SimpleDescriptorDatabase known_;
  absl::Status status_;
};

}  // namespace simpul::cli

#endif  // SIMPUL_CLI_REFLECTION_DATABASE_H_
