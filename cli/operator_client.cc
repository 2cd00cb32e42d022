#include "cli/operator_client.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "bus/rpc/server.h"
#include "bus/rpc/status.h"
#include "cli/part_flags.h"
#include "grpcpp/client_context.h"

namespace simpul::cli {
namespace {

std::shared_ptr<grpc::Channel> ChannelOf(const rpc::Credentials& credentials,
                                         const std::string& address) {
  return rpc::Connect(address, credentials,
                      {credentials.identity().trust_domain, "service", "catalogue"});
}

}  // namespace

void AddOperatorFlags(CLI::App& command, OperatorFlags& flags) {
  AddDataOption(command, flags.data);
  command.add_option("--certs", flags.certs,
                     "Directory of the operator's certificate (certs/operator/admin below --data)");
  command.add_option("--catalogue", flags.catalogue,
                     "host:port of the catalogue (that of `simpul up` on --data)");
}

absl::StatusOr<std::unique_ptr<OperatorClient>> OperatorClient::Open(const OperatorFlags& flags) {
  auto credentials = rpc::Credentials::Load(rpc::CertificateFiles::In(
      flags.certs.empty() ? flags.data + "/certs/operator/admin" : flags.certs));
  if (!credentials.ok()) return credentials.status();
  std::string address = flags.catalogue;
  if (address.empty()) {
    auto running = RunningAddress(flags.data, "catalogue", "--catalogue");
    if (!running.ok()) return running.status();
    address = *std::move(running);
  }
  return std::make_unique<OperatorClient>(*std::move(credentials), std::move(address));
}

OperatorClient::OperatorClient(std::shared_ptr<const rpc::Credentials> credentials,
                               std::string catalogue)
    : credentials_(std::move(credentials)),
      catalogue_(std::move(catalogue)),
      keys_(catalogue::v1::KeyService::NewStub(ChannelOf(*credentials_, catalogue_))),
      registry_(catalogue::v1::RegistryService::NewStub(ChannelOf(*credentials_, catalogue_))) {}

std::shared_ptr<grpc::Channel> OperatorClient::CatalogueChannel() const {
  return ChannelOf(*credentials_, catalogue_);
}

absl::Status OperatorClient::Explain(const grpc::Status& status) const {
  if (status.error_code() != grpc::StatusCode::UNAVAILABLE) return rpc::FromGrpc(status);
  return absl::UnavailableError(
      absl::StrFormat("no catalogue answers on %s; start the platform by `make run` or `simpul "
                      "up`, or say by --catalogue where it is",
                      catalogue_));
}

absl::StatusOr<catalogue::v1::CreateKeyResponse> OperatorClient::CreateKey(
    const std::string& agency, const std::vector<std::string>& writes) {
  grpc::ClientContext context;
  catalogue::v1::CreateKeyRequest request;
  request.set_agency(agency);
  for (const std::string& domain : writes) request.add_writes(domain);
  catalogue::v1::CreateKeyResponse response;
  const grpc::Status status = keys_->CreateKey(&context, request, &response);
  if (!status.ok()) return Explain(status);
  return response;
}

absl::StatusOr<std::vector<catalogue::v1::Key>> OperatorClient::ListKeys() {
  grpc::ClientContext context;
  catalogue::v1::ListKeysResponse response;
  const grpc::Status status = keys_->ListKeys(&context, {}, &response);
  if (!status.ok()) return Explain(status);
  return std::vector<catalogue::v1::Key>(response.keys().begin(), response.keys().end());
}

absl::StatusOr<catalogue::v1::Key> OperatorClient::RevokeKey(const std::string& id) {
  grpc::ClientContext context;
  catalogue::v1::RevokeKeyRequest request;
  request.set_name(absl::StrFormat("keys/%s", id));
  catalogue::v1::Key key;
  const grpc::Status status = keys_->RevokeKey(&context, request, &key);
  if (!status.ok()) return Explain(status);
  return key;
}

absl::StatusOr<std::vector<catalogue::v1::Part>> OperatorClient::ListParts() {
  grpc::ClientContext context;
  catalogue::v1::ListPartsResponse response;
  const grpc::Status status = registry_->ListParts(&context, {}, &response);
  if (!status.ok()) return Explain(status);
  return std::vector<catalogue::v1::Part>(response.parts().begin(), response.parts().end());
}

absl::StatusOr<catalogue::v1::ReleaseRoutesResponse> OperatorClient::ReleaseRoutes(
    const std::string& identity) {
  grpc::ClientContext context;
  catalogue::v1::ReleaseRoutesRequest request;
  request.set_identity(identity);
  catalogue::v1::ReleaseRoutesResponse response;
  const grpc::Status status = registry_->ReleaseRoutes(&context, request, &response);
  if (!status.ok()) return Explain(status);
  return response;
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> OperatorClient::ChannelTo(const std::string& path) {
  const auto parts = ListParts();
  if (!parts.ok()) return parts.status();
  for (const auto& part : *parts) {
    const auto identity = rpc::Identity::Parse(part.identity());
    if (identity.ok() && identity->Path() == path) {
      return rpc::Connect(part.address(), *credentials_, *identity);
    }
  }
  return absl::NotFoundError(
      absl::StrFormat("%s is not on the bus; `simpul parts` lists those that are", path));
}

}  // namespace simpul::cli
