// What an operator's certificate may ask: the catalogue, and the engines it knows.
#ifndef SIMPUL_CLI_OPERATOR_CLIENT_H_
#define SIMPUL_CLI_OPERATOR_CLIENT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bus/rpc/identity.h"
#include "cli/command.h"
#include "grpcpp/channel.h"
#include "simpul/catalogue/v1/key.grpc.pb.h"
#include "simpul/catalogue/v1/registry.grpc.pb.h"

namespace simpul::cli {

struct OperatorFlags {
  std::string data;
  std::string certs;      // <data>/certs/operator/admin if empty
  std::string catalogue;  // that of `simpul up` on <data> if empty
};

void AddOperatorFlags(CLI::App& command, OperatorFlags& flags);

// Thread-safe. Errors of calls name the catalogue's address when it cannot be reached.
class OperatorClient {
 public:
  // As for Credentials::Load; INVALID_ARGUMENT: no catalogue is known.
  static absl::StatusOr<std::unique_ptr<OperatorClient>> Open(const OperatorFlags& flags);
  OperatorClient(std::shared_ptr<const rpc::Credentials> credentials, std::string catalogue);

  absl::StatusOr<catalogue::v1::CreateKeyResponse> CreateKey(
      const std::string& agency, const std::vector<std::string>& writes);
  absl::StatusOr<std::vector<catalogue::v1::Key>> ListKeys();
  absl::StatusOr<catalogue::v1::Key> RevokeKey(const std::string& id);
  absl::StatusOr<std::vector<catalogue::v1::Part>> ListParts();
  // What was freed. NOT_FOUND, FAILED_PRECONDITION: as for RegistryService.ReleaseRoutes.
  absl::StatusOr<catalogue::v1::ReleaseRoutesResponse> ReleaseRoutes(const std::string& identity);

  // A channel to the catalogue itself.
  std::shared_ptr<grpc::Channel> CatalogueChannel() const;
  // What a call to it came to, naming its address if it cannot be reached.
  absl::Status Explain(const grpc::Status& status) const;

  // A channel to the part "service/wifi" or "adapter/diskominfo"; to any of its instances.
  // NOT_FOUND: it is not on the bus.
  absl::StatusOr<std::shared_ptr<grpc::Channel>> ChannelTo(const std::string& path);

 private:
  const std::shared_ptr<const rpc::Credentials> credentials_;
  const std::string catalogue_;
  const std::unique_ptr<catalogue::v1::KeyService::Stub> keys_;
  const std::unique_ptr<catalogue::v1::RegistryService::Stub> registry_;
};

}  // namespace simpul::cli

#endif  // SIMPUL_CLI_OPERATOR_CLIENT_H_
