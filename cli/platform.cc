#include "cli/platform.h"

#include <future>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "bus/observe/log.h"
#include "cli/adapter_folders.h"
#include "cli/address.h"
#include "cli/catalogue_import.h"
#include "cli/certificates.h"
#include "cli/files.h"
#include "cli/grants.h"
#include "cli/not_started.h"
#include "cli/operator_client.h"

namespace simpul::cli {
namespace {

constexpr char kFirstAgency[] = "sample";
// How long the start waits for Kafka, and for its answer to a question of ours.
constexpr absl::Duration kKafkaPatience = absl::Seconds(2);

// The first that is not OK, once all are known.
absl::Status Join(std::vector<std::future<absl::Status>>& steps) {
  absl::Status first;
  for (std::future<absl::Status>& step : steps) {
    const absl::Status status = step.get();
    if (first.ok()) first = status;
  }
  steps.clear();
  return first;
}

template <class Step>
std::future<absl::Status> InParallel(Step step) {
  return std::async(std::launch::async, std::move(step));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Platform>> Platform::Start(const PlatformOptions& options,
                                                          Progress& progress) {
  std::unique_ptr<Platform> platform(new Platform(options, progress));
  if (auto status = platform->Prepare(); !status.ok()) return status;
  if (auto status = platform->StartParts(); !status.ok()) return status;
  if (auto status = platform->WriteAddresses(); !status.ok()) return status;
  platform->admin_->SayStarted();
  return platform;
}

Platform::~Platform() {
  admin_.reset();  // nobody asks parts for their state while they stop
  kafka_.reset();
  gateway_.reset();
  engines_.clear();
  wifi_.reset();
  complaints_.reset();
  events_.reset();
  catalogue_.reset();
}

absl::Status Platform::Prepare() {
  for (const auto& [address, flag] :
       {std::pair{options_.http, "--listen"}, std::pair{options_.https, "--tls"},
        std::pair{options_.admin, "--admin"}}) {
    if (address.empty()) continue;
    if (auto status = CheckFree(address, flag); !status.ok()) return status;
  }
  adapters_ = FindAdapters(options_.adapters);
  CertificateOptions certificates{.data = options_.data,
                                  .trust_domain = options_.trust_domain,
                                  .identities = StandardIdentities()};
  for (const auto& [department, directories] : adapters_) {
    certificates.identities.push_back("adapter/" + department);
  }
  const auto made = EnsureCertificates(certificates);
  if (!made.ok()) return made.status();
  if (!made->empty()) progress_.Say(absl::StrFormat("made %d certificates", made->size()));
  for (const char* directory : {"/state", "/secrets", "/run"}) {
    if (auto status = MakePrivateDirectory(options_.data + directory); !status.ok()) return status;
  }
  auto admin = observe::AdminServer::Start(options_.admin);
  if (!admin.ok()) return admin.status();
  admin_ = *std::move(admin);
  return absl::OkStatus();
}

absl::StatusOr<rpc::PartOptions> Platform::OptionsOf(const std::string& identity) const {
  auto credentials = rpc::Credentials::Load(
      rpc::CertificateFiles::In(absl::StrFormat("%s/certs/%s", options_.data, identity)));
  if (!credentials.ok()) return credentials.status();
  return rpc::PartOptions{.credentials = *std::move(credentials),
                          .catalogue = catalogue_ == nullptr ? "" : catalogue_->address(),
                          .kafka = options_.kafka,
                          .store = options_.store.empty()
                                       ? absl::StrFormat("sqlite:%s/state", options_.data)
                                       : options_.store,
                          .secrets = options_.data + "/secrets",
                          .admin = admin_.get()};
}

template <class Part, class Options>
absl::Status Platform::StartService(const std::string& name, std::unique_ptr<Part>& part,
                                    Options options) {
  auto common = OptionsOf("service/" + name);
  if (!common.ok()) return common.status();
  static_cast<rpc::PartOptions&>(options) = *std::move(common);
  auto started = Part::Start(std::move(options));
  if (!started.ok()) return started.status();
  part = *std::move(started);
  progress_.Say(absl::StrFormat("%s on %s", name, part->address()));
  return absl::OkStatus();
}

absl::Status Platform::StartGateway() {
  auto common = OptionsOf("gateway");
  if (!common.ok()) return common.status();
  gateway::Options options;
  static_cast<rpc::PartOptions&>(options) = *std::move(common);
  options.listen_plain = options_.http;
  options.listen_tls = options_.https;
  options.tls = rpc::CertificateFiles::In(options_.data + "/certs/gateway");
  options.data = options_.data + "/state";
  auto started = gateway::Part::Start(options);
  if (!started.ok()) return started.status();
  gateway_ = *std::move(started);
  progress_.Say(
      absl::StrFormat("gateway on %s and %s", gateway_->address(), gateway_->tls_address()));
  return absl::OkStatus();
}

absl::Status Platform::StartEngine(const std::string& department, engine::Options options) {
  auto common = OptionsOf("adapter/" + department);
  if (!common.ok()) return common.status();
  static_cast<rpc::PartOptions&>(options) = *std::move(common);
  auto started = engine::Part::Start(options);
  if (!started.ok()) {
    LeaveOut(department, started.status());
    return absl::OkStatus();
  }
  std::unique_ptr<engine::Part>& engine = engines_.at(department);
  engine = *std::move(started);
  progress_.Say(absl::StrFormat("engine of %s on %s", department, engine->address()));
  return absl::OkStatus();
}

void Platform::LeaveOut(const std::string& department, const absl::Status& why) {
  const std::string part = "adapter/" + department;
  observe::Log(observe::Severity::kError, part, "it does not start; the other parts do",
               {{"error", observe::StatusText(why)}});
  std::lock_guard lock(mutex_);
  not_started_[part] = std::string(why.message());
}

// Gives the rights; waits for that a moment, so that parts need not ask twice.
void Platform::JoinKafka() {
  std::vector<GrantedAdapter> adapters;
  for (const auto& [department, directories] : adapters_) {
    const auto read = ReadAdapters(directories);
    if (!read.ok()) continue;  // its engine says why
    adapters.insert(adapters.end(), read->begin(), read->end());
  }
  const kafka::Connection connection =
      OperatorConnection(options_.kafka, options_.data + "/certs/operator/admin");
  kafka_ = std::make_unique<KafkaWatch>(
      connection,
      [connection, grants = GrantsOf(adapters)] {
        return kafka::EnsureGrants(connection, grants, kKafkaPatience);
      },
      admin_.get());
  if (kafka_->WaitUntilKnown(kKafkaPatience).ok()) {
    progress_.Say(absl::StrFormat("rights on Kafka at %s", options_.kafka));
  }
}

absl::Status Platform::StartParts() {
  std::vector<std::future<absl::Status>> first;
  first.push_back(InParallel([this] {
    JoinKafka();
    return absl::OkStatus();
  }));
  first.push_back(InParallel([this] {
    catalogue::Options options;
    options.drop = options_.data + "/drop";
    options.read_sheet = ReadSheetRows;
    return StartService("catalogue", catalogue_, options);
  }));
  if (auto status = Join(first); !status.ok()) return status;

  std::vector<std::future<absl::Status>> rest;
  for (const auto& [department, directories] : adapters_) {
    engines_.emplace(department, nullptr);  // the map stays as it is while threads fill it
  }
  rest.push_back(InParallel([this] { return StartGateway(); }));
  rest.push_back(InParallel([this] { return EnsureKey(); }));
  rest.push_back(InParallel([this] { return StartService("wifi", wifi_, wifi::Options()); }));
  rest.push_back(InParallel(
      [this] { return StartService("complaints", complaints_, complaints::Options()); }));
  rest.push_back(InParallel([this] { return StartService("events", events_, events::Options()); }));
  for (const auto& [department, directories] : adapters_) {
    engine::Options options;
    options.department = department;
    options.mappings = directories;
    rest.push_back(InParallel(
        [this, department = department, options] { return StartEngine(department, options); }));
  }
  if (auto status = Join(rest); !status.ok()) return status;
  admin_->AddReadyCheck("routes", [this] { return HasRoutes(); });
  return absl::OkStatus();
}

// A part that is registered cannot be called yet: the catalogue has still to tell the gateway. Once
// that was so for the first time, it is for each part to say whether it is on the bus.
absl::Status Platform::HasRoutes() {
  if (had_routes_) return absl::OkStatus();
  for (const std::string& address :
       {catalogue_->address(), wifi_->address(), complaints_->address(), events_->address()}) {
    if (gateway_->has_routes_to(address)) continue;
    return absl::UnavailableError("the catalogue has not told the gateway of every service yet");
  }
  had_routes_ = true;
  return absl::OkStatus();
}

// A key that an earlier run left is kept if the catalogue still knows it.
absl::Status Platform::EnsureKey() const {
  auto credentials =
      rpc::Credentials::Load(rpc::CertificateFiles::In(options_.data + "/certs/operator/admin"));
  if (!credentials.ok()) return credentials.status();
  OperatorClient client(*std::move(credentials), catalogue_->address());
  const std::string path = options_.data + "/api-key";
  const auto keys = client.ListKeys();
  if (!keys.ok()) return keys.status();
  if (const auto text = ReadFile(path); text.ok()) {
    const std::vector<std::string> words = absl::StrSplit(absl::StripAsciiWhitespace(*text), '_');
    for (const auto& key : *keys) {
      if (words.size() == 3 && key.name() == "keys/" + words[1] && !key.has_revoke_time()) {
        return absl::OkStatus();
      }
    }
  }
  const auto made = client.CreateKey(kFirstAgency, {});
  if (!made.ok()) return made.status();
  if (auto status = WriteFile(path, made->text() + "\n", 0600); !status.ok()) return status;
  progress_.Say(absl::StrFormat("made the key of %s in %s", kFirstAgency, path));
  return absl::OkStatus();
}

// For the tools, which take them from there.
absl::Status Platform::WriteAddresses() const {
  for (const auto& [name, address] :
       {std::pair{"catalogue", catalogue_->address()}, std::pair{"gateway", http()},
        std::pair{"gateway-tls", https()}, std::pair{"admin", admin()}}) {
    const std::string path = absl::StrFormat("%s/run/%s", options_.data, name);
    if (auto status = WriteFile(path, address + "\n", 0600); !status.ok()) return status;
  }
  return WriteNotStarted(options_.data, not_started_);
}

}  // namespace simpul::cli
