#include "gateway/testing/city.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <utility>

#include "absl/strings/str_format.h"
#include "bus/rpc/identity.h"
#include "bus/rpc/protoset.h"
#include "gateway/keys.h"
#include "gtest/gtest.h"
#include "simpul/bus/v1/bus.pb.h"

namespace simpul::gateway {
namespace {

constexpr char kSql[] = "SELECT nik FROM penduduk WHERE nama = 'Siti'";
constexpr char kPepper[] = "0123456789abcdef0123456789abcdef";

}  // namespace

std::string KeyText(int number) { return absl::StrFormat("smp_%08d_%043d", number, number); }

void FakeCatalogue::SetParts(std::vector<catalogue::v1::Part> parts) {
  std::lock_guard lock(mutex_);
  parts_ = std::move(parts);
  ++parts_version_;
  changed_.notify_all();
}

void FakeCatalogue::AddContract(const std::string& hash, const std::string& protoset) {
  std::lock_guard lock(mutex_);
  contracts_[hash] = protoset;
}

void FakeCatalogue::HideContracts(bool hide) {
  std::lock_guard lock(mutex_);
  hidden_ = hide;
}

void FakeCatalogue::AddKey(const std::string& agency, const std::string& text) {
  std::lock_guard lock(mutex_);
  catalogue::v1::WatchKeysResponse change;
  change.set_snapshot(key_changes_.empty());
  change.set_version(static_cast<int64_t>(key_changes_.size()) + 1);
  change.set_pepper(kPepper);
  auto* key = change.add_keys();
  key->set_key_id(std::string(KeyIdOf(text)));
  key->set_digest(HmacSha256(kPepper, text));
  key->set_agency(agency);
  key_changes_.push_back(std::move(change));
  changed_.notify_all();
}

void FakeCatalogue::RevokeKeyOf(const std::string& text) {
  std::lock_guard lock(mutex_);
  catalogue::v1::WatchKeysResponse change;
  change.set_version(static_cast<int64_t>(key_changes_.size()) + 1);
  change.set_pepper(kPepper);
  change.add_revoked(std::string(KeyIdOf(text)));
  key_changes_.push_back(std::move(change));
  changed_.notify_all();
}

void FakeCatalogue::SetStopped(bool stopped) {
  std::lock_guard lock(mutex_);
  stopped_ = stopped;
  changed_.notify_all();
}

grpc::Status FakeCatalogue::WatchParts(
    grpc::ServerContext* context, const catalogue::v1::WatchPartsRequest*,
    grpc::ServerWriter<catalogue::v1::WatchPartsResponse>* writer) {
  int64_t sent = 0;
  int64_t version = 0;
  std::unique_lock lock(mutex_);
  while (!stopped_ && !context->IsCancelled()) {
    if (sent != parts_version_) {
      sent = parts_version_;
      catalogue::v1::WatchPartsResponse response;
      response.set_version(++version);
      response.set_snapshot(true);
      for (const auto& part : parts_) *response.add_parts() = part;
      lock.unlock();
      writer->Write(response);
      lock.lock();
      continue;
    }
    changed_.wait_for(lock, std::chrono::milliseconds(20));
  }
  return grpc::Status::OK;
}

grpc::Status FakeCatalogue::GetContract(grpc::ServerContext*,
                                        const catalogue::v1::GetContractRequest* request,
                                        catalogue::v1::Contract* contract) {
  std::lock_guard lock(mutex_);
  if (hidden_) return {grpc::StatusCode::UNAVAILABLE, "hidden"};
  const auto it = contracts_.find(request->hash());
  if (it == contracts_.end()) return {grpc::StatusCode::NOT_FOUND, "no such contract"};
  contract->set_hash(it->first);
  contract->set_protoset(it->second);
  return grpc::Status::OK;
}

grpc::Status FakeCatalogue::WatchKeys(
    grpc::ServerContext* context, const catalogue::v1::WatchKeysRequest*,
    grpc::ServerWriter<catalogue::v1::WatchKeysResponse>* writer) {
  size_t sent = 0;
  std::unique_lock lock(mutex_);
  while (!stopped_ && !context->IsCancelled()) {
    if (sent < key_changes_.size()) {
      const catalogue::v1::WatchKeysResponse change = key_changes_[sent++];
      lock.unlock();
      writer->Write(change);
      lock.lock();
      continue;
    }
    changed_.wait_for(lock, std::chrono::milliseconds(20));
  }
  return grpc::Status::OK;
}

grpc::Status FakePart::GetHotspot(grpc::ServerContext* context,
                                  const wifi::v1::GetHotspotRequest* request,
                                  wifi::v1::Hotspot* hotspot) {
  ++calls;
  deadline_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                    context->deadline() - std::chrono::system_clock::now())
                    .count();
  if (breaks_off) {
    context->TryCancel();
    return grpc::Status::CANCELLED;
  }
  const std::string& name = request->name();
  if (name.ends_with("/internal")) return {grpc::StatusCode::INTERNAL, kSql, kSql};
  if (name.ends_with("/unknown")) return {grpc::StatusCode::UNKNOWN, kSql, kSql};
  if (name.ends_with("/slow")) {
    ++slow_calls;
    if (Eventually([&] { return context->IsCancelled(); }, absl::Seconds(30))) ++cancelled_calls;
    return grpc::Status::CANCELLED;
  }
  if (name.ends_with("/missing")) {
    return {grpc::StatusCode::NOT_FOUND, "tidak ada 100% \"ünique\"", kSql};
  }
  hotspot->set_name(name);
  if (name.ends_with("/large")) hotspot->set_description(std::string(20 << 20, 'x'));
  if (name.ends_with("/medium")) hotspot->set_description(std::string(300 << 10, 'x'));
  if (!hotspot->description().empty()) return grpc::Status::OK;
  hotspot->set_display_name(instance_);
  const absl::StatusOr<bus::v1::Caller> caller = rpc::CallerOf(*context);
  hotspot->set_description(caller.ok()
                               ? absl::StrFormat("%s/%s/%d", caller->agency(), caller->key_id(),
                                                 caller->request_id().size())
                               : caller.status().ToString());
  return grpc::Status::OK;
}

grpc::Status FakePart::ListHotspots(grpc::ServerContext*,
                                    const wifi::v1::ListHotspotsRequest* request,
                                    wifi::v1::ListHotspotsResponse* response) {
  if (request->page_size() < 0)
    return {grpc::StatusCode::INVALID_ARGUMENT, "page_size is negative"};
  for (int i = 0; i < request->page_size(); ++i) {
    auto* hotspot = response->add_hotspots();
    hotspot->set_name(absl::StrFormat("%s/hotspots/%d", request->parent(), i));
    hotspot->set_revision(1'700'000'000'000'000 + i);
  }
  return grpc::Status::OK;
}

grpc::Status FakePart::Subscribe(grpc::ServerContext* context,
                                 const events::v1::SubscribeRequest* request,
                                 grpc::ServerWriter<events::v1::SubscribeResponse>* writer) {
  events::v1::SubscribeResponse response;
  if (request->name_prefix() == "flood") {
    response.set_resume_token(std::string(32 << 10, 'x'));
    while (writer->Write(response)) flood_bytes += 32 << 10;
    return grpc::Status::OK;
  }
  for (const std::string& type : request->types()) {
    response.mutable_event()->set_type(type);
    response.mutable_event()->set_source(instance_);
    writer->Write(response);
  }
  if (request->name_prefix() != "endless") return grpc::Status::OK;
  ++slow_calls;
  if (Eventually([&] { return context->IsCancelled(); }, absl::Seconds(30))) ++cancelled_calls;
  return grpc::Status::OK;
}

grpc::Status FakePart::CreateSubscription(grpc::ServerContext* context,
                                          const events::v1::CreateSubscriptionRequest* request,
                                          events::v1::Subscription* subscription) {
  ++calls;
  if (breaks_off) {
    context->TryCancel();
    return grpc::Status::CANCELLED;
  }
  *subscription = request->subscription();
  subscription->set_name("subscriptions/" + request->subscription_id());
  return grpc::Status::OK;
}

City::City() : key_(KeyText(1)) {
  data_ = ::testing::TempDir() + "gateway_test.XXXXXX";
  mkdtemp(data_.data());
  catalogue_ = std::make_unique<FakeCatalogue>();
  catalogue_->AddKey("dinkes", key_);
  catalogue_address_ = "127.0.0.1:0";
  StartCatalogue();
  options_.credentials = credentials_.For("gateway");
  options_.catalogue = catalogue_address_;
  options_.listen_plain = "127.0.0.1:0";
  options_.listen_tls = "";
  options_.data = data_;
  options_.threads = 2;
  options_.stop_grace = absl::Seconds(2);
}

City::~City() {
  gateway_.reset();
  StopCatalogue();
  std::filesystem::remove_all(data_);
}

void City::StopCatalogue() {
  catalogue_->SetStopped(true);
  catalogue_server_.reset();
}

void City::StartCatalogue() {
  catalogue_->SetStopped(false);
  auto server = rpc::Server::Start(
      {.address = catalogue_address_,
       .credentials = credentials_.For("service/catalogue"),
       .services = {static_cast<catalogue::v1::RegistryService::Service*>(catalogue_.get()),
                    static_cast<catalogue::v1::KeyService::Service*>(catalogue_.get())}});
  ASSERT_TRUE(server.ok()) << server.status();
  catalogue_server_ = *std::move(server);
  catalogue_address_ = catalogue_server_->address();
}

RunningPart City::StartPart(const std::string& instance, bool extra, const std::string& who) {
  RunningPart running;
  running.service = std::make_unique<FakePart>(instance);
  auto server = rpc::Server::Start(
      {.address = "127.0.0.1:0",
       .credentials = credentials_.For(who),
       .services = {static_cast<wifi::v1::HotspotService::Service*>(running.service.get()),
                    static_cast<events::v1::EventService::Service*>(running.service.get())}});
  EXPECT_TRUE(server.ok()) << server.status();
  running.server = *std::move(server);
  std::vector<std::string> services = {"simpul.events.v1.EventService",
                                       "simpul.wifi.v1.HotspotService"};
  if (extra) services.push_back("simpul.catalogue.v1.KeyService");
  auto protoset = rpc::ProtosetOf(rpc::BuiltInProtoset(), services);
  EXPECT_TRUE(protoset.ok()) << protoset.status();
  const std::string hash = rpc::ContractHash(*protoset);
  catalogue_->AddContract(hash, *protoset);
  running.part.set_name("parts/" + who + "/instances/" + instance);
  running.part.set_identity(credentials_.IdentityOf(who).Uri());
  running.part.set_instance(instance);
  running.part.set_address(running.server->address());
  for (const std::string& service : services) running.part.add_services(service);
  running.part.set_contract_hash(hash);
  return running;
}

void City::StartGateway() {
  auto gateway = Part::Start(options_);
  ASSERT_TRUE(gateway.ok()) << gateway.status();
  gateway_ = *std::move(gateway);
}

Wire::Wire() : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
  const timeval limit{.tv_sec = 10, .tv_usec = 0};
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
}

Wire::Wire(const std::string& address) : Wire() { Connect(address); }

void Wire::Connect(const std::string& address) {
  const size_t colon = address.rfind(':');
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(std::atoi(address.c_str() + colon + 1)));
  inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr);
  EXPECT_EQ(connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
}

Wire::~Wire() { close(fd_); }

void Wire::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

bool Wire::ReadSome() {
  char buffer[64 << 10];
  const ssize_t n = recv(fd_, buffer, sizeof buffer, 0);
  if (n > 0) read_.append(buffer, static_cast<size_t>(n));
  return n > 0;
}

bool Wire::ClosedByPeer() {
  while (ReadSome()) {
  }
  return errno != EAGAIN && errno != EWOULDBLOCK;
}

std::string Wire::ReadAnswer() {
  size_t size = 0;
  auto whole = [&size](const std::string& all) {
    const size_t end = all.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    const size_t at = all.find("content-length: ");
    size = end + 4;
    if (at < end) size += static_cast<size_t>(std::atol(all.c_str() + at + 16));
    return all.size() >= size;
  };
  while (!whole(read_) && ReadSome()) {
  }
  std::string answer = read_.substr(0, size == 0 ? read_.size() : size);
  read_.erase(0, answer.size());
  return answer;
}

int StatusOf(const std::string& answer) {
  return answer.starts_with("HTTP/1.1 ") ? std::atoi(answer.c_str() + 9) : 0;
}

std::string BodyOf(const std::string& answer) {
  const size_t end = answer.find("\r\n\r\n");
  return end == std::string::npos ? "" : answer.substr(end + 4);
}

}  // namespace simpul::gateway
