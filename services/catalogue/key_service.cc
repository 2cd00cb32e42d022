#include "services/catalogue/key_service.h"

#include <map>
#include <utility>

#include "bus/rpc/access.h"
#include "bus/rpc/status.h"

namespace simpul::catalogue {
namespace {

v1::WatchKeysResponse WithPepper(const std::string& pepper) {
  v1::WatchKeysResponse response;
  response.set_pepper(pepper);
  return response;
}

}  // namespace

KeyService::KeyService(KeyStore& keys) : keys_(keys), feed_(WithPepper(keys.pepper())) {}

absl::Status KeyService::Load() {
  auto digests = keys_.Digests();
  if (!digests.ok()) return digests.status();
  std::map<std::string, v1::KeyDigest> by_id;
  for (v1::KeyDigest& digest : *digests) by_id.emplace(digest.key_id(), std::move(digest));
  feed_.Publish(by_id, {});
  return absl::OkStatus();
}

grpc::Status KeyService::CreateKey(grpc::ServerContext* context,
                                   const v1::CreateKeyRequest* request,
                                   v1::CreateKeyResponse* response) {
  if (auto peer = rpc::Admit(*context, rpc::kOperators); !peer.ok())
    return rpc::ToGrpc(peer.status());
  absl::MutexLock lock(&changes_);
  auto made = keys_.Create(request->agency(), {request->writes().begin(), request->writes().end()});
  if (!made.ok()) return rpc::ToGrpc(made.status());
  feed_.Publish({{made->digest.key_id(), made->digest}}, {});
  *response->mutable_key() = std::move(made->key);
  response->set_text(std::move(made->text));
  return grpc::Status::OK;
}

grpc::Status KeyService::ListKeys(grpc::ServerContext* context, const v1::ListKeysRequest*,
                                  v1::ListKeysResponse* response) {
  if (auto peer = rpc::Admit(*context, rpc::kOperators); !peer.ok())
    return rpc::ToGrpc(peer.status());
  auto keys = keys_.List();
  if (!keys.ok()) return rpc::ToGrpc(keys.status());
  for (v1::Key& key : *keys) *response->add_keys() = std::move(key);
  return grpc::Status::OK;
}

grpc::Status KeyService::RevokeKey(grpc::ServerContext* context,
                                   const v1::RevokeKeyRequest* request, v1::Key* response) {
  if (auto peer = rpc::Admit(*context, rpc::kOperators); !peer.ok())
    return rpc::ToGrpc(peer.status());
  absl::MutexLock lock(&changes_);
  auto key = keys_.Revoke(request->name());
  if (!key.ok()) return rpc::ToGrpc(key.status());
  feed_.Publish({}, {key->name().substr(std::string_view("keys/").size())});
  *response = *std::move(key);
  return grpc::Status::OK;
}

grpc::ServerWriteReactor<v1::WatchKeysResponse>* KeyService::WatchKeys(
    grpc::CallbackServerContext* context, const v1::WatchKeysRequest*) {
  if (auto peer = rpc::Admit(*context, rpc::kGateways); !peer.ok()) {
    return rpc::Refuse<v1::WatchKeysResponse>(peer.status());
  }
  return feed_.Watch();
}

}  // namespace simpul::catalogue
