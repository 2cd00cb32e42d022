#include "gateway/catalogue_watch.h"

#include <algorithm>
#include <condition_variable>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "bus/observe/log.h"
#include "bus/rpc/registration.h"
#include "bus/rpc/retry.h"
#include "bus/rpc/server.h"
#include "bus/rpc/status.h"
#include "gateway/addresses.h"
#include "gateway/keys_watch.h"
#include "gateway/snapshot.h"
#include "grpcpp/channel.h"
#include "simpul/catalogue/v1/registry.grpc.pb.h"

namespace simpul::gateway {
namespace {

using catalogue::v1::Part;
using observe::Severity;

constexpr absl::Duration kRetryContract = absl::Seconds(1);
constexpr absl::Duration kLookAgain = absl::Seconds(30);  // whether a host has a new address

void Warn(std::string_view message, std::string_view error) {
  observe::Log(Severity::kWarning, "gateway", message, {{"error", error}});
}

// One thread builds the tables; the watches only tell it what has changed.
class Watch : public CatalogueWatch {
 public:
  explicit Watch(CatalogueWatchOptions options)
      : options_(std::move(options)), snapshot_(options_.data) {
    if (options_.catalogue.empty()) {
      known_ = true;
      Publish({});
    } else {
      StartFromSnapshot();
      const rpc::Credentials& credentials = *options_.credentials;
      channel_ = rpc::Connect(options_.catalogue, credentials,
                              {credentials.identity().trust_domain, "service", "catalogue"});
      registry_ = catalogue::v1::RegistryService::NewStub(channel_);
      parts_watch_ =
          rpc::PartsWatch::Start(options_.catalogue, options_.credentials,
                                 [this](const std::vector<Part>& parts) { OnParts(parts); });
      keys_watch_ = std::make_unique<KeysWatch>(
          channel_, options_.data,
          [this](std::shared_ptr<const KeySet> keys) { OnKeys(std::move(keys)); });
    }
    builder_ = std::thread([this] { Build(); });
  }

  ~Watch() override {
    parts_watch_.reset();
    stop_.Trigger();
    {
      std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    changed_.notify_all();
    builder_.join();
    keys_watch_.reset();
  }

  absl::Status ready() const override {
    std::lock_guard lock(mutex_);
    if (!have_routes_) return absl::UnavailableError("the catalogue has not told the parts yet");
    if (!options_.catalogue.empty() && !have_keys_) {
      return absl::UnavailableError("the catalogue has not told the API keys yet");
    }
    return absl::OkStatus();
  }

  bool has_routes_to(const std::string& address) const override {
    std::lock_guard lock(mutex_);
    return addresses_.contains(address);
  }

 private:
  void StartFromKeys() {
    const SavedKeys saved = LoadKeys(options_.data);
    const absl::Duration age = absl::Now() - saved.time;
    if (saved.keys.pepper().empty()) return;
    const bool fresh = absl::AbsDuration(age) <= options_.keys_max_age;
    observe::Log(fresh ? Severity::kInfo : Severity::kWarning, "gateway",
                 fresh ? "starting with the API keys known last"
                       : "the API keys known last are too old to start with",
                 {{"age", absl::FormatDuration(absl::Trunc(age, absl::Seconds(1)))},
                  {"keys", saved.keys.keys_size()}});
    if (fresh) OnKeys(KeySetOf(saved.keys));
  }

  void StartFromSnapshot() {
    StartFromKeys();
    Snapshot::Content content = snapshot_.Load();
    protosets_ = std::move(content.contracts);
    if (content.parts.empty() && options_.static_parts.empty()) return;
    std::vector<Served> served;
    for (const Part& part : content.parts) Add(part, served);
    parts_ = std::move(content.parts);
    known_ = true;
    Publish(std::move(served));
  }

  void OnKeys(std::shared_ptr<const KeySet> keys) {
    options_.metrics->SetKeys(keys->size());
    options_.on_keys(std::move(keys));
    std::lock_guard lock(mutex_);
    have_keys_ = true;
  }

  void OnParts(const std::vector<Part>& parts) {
    {
      std::lock_guard lock(mutex_);
      parts_ = parts;
      known_ = dirty_ = true;
    }
    changed_.notify_all();
  }

  void Build() {
    absl::Duration wait = kLookAgain;
    std::unique_lock lock(mutex_);
    while (!stopped_) {
      changed_.wait_for(lock, absl::ToChronoNanoseconds(wait), [&] { return stopped_ || dirty_; });
      if (stopped_) return;
      const bool known = known_;
      dirty_ = false;
      const std::vector<Part> parts = parts_;
      lock.unlock();
      if (keys_watch_ != nullptr) keys_watch_->Refresh();
      lock.lock();
      if (!known) continue;
      lock.unlock();
      wait = BuildFrom(parts) ? kLookAgain : kRetryContract;
      lock.lock();
    }
  }

  // False: a contract could not be had and is to be asked for again.
  bool BuildFrom(const std::vector<Part>& parts) {
    absl::Status missing;
    std::vector<Served> served;
    for (const Part& part : parts) {
      if (absl::Status status = FetchContract(part.contract_hash()); !status.ok()) {
        missing = status;
        continue;
      }
      Add(part, served);
    }
    if (!missing.ok() && missing != last_missing_) {
      Warn("a part's contract cannot be had; asking again", observe::StatusText(missing));
    }
    last_missing_ = missing;
    if (!missing.ok()) KeepLast(served);
    const bool changed = Publish(std::move(served));
    if (!missing.ok()) return false;
    if (!changed || options_.catalogue.empty()) return true;
    ForgetUnused(parts);
    if (absl::Status status = snapshot_.Save(parts, protosets_); !status.ok()) {
      Warn("the list of parts could not be kept on disk", observe::StatusText(status));
    }
    return true;
  }

  absl::Status FetchContract(const std::string& hash) {
    if (protosets_.contains(hash)) return absl::OkStatus();
    catalogue::v1::GetContractRequest request;
    request.set_hash(hash);
    catalogue::v1::Contract contract;
    grpc::Status status;
    stop_.Run([&](grpc::ClientContext& context) {
      status = registry_->GetContract(&context, request, &contract);
    });
    if (!status.ok()) return rpc::FromGrpc(status);
    protosets_[hash] = contract.protoset();
    return absl::OkStatus();
  }

  // While a contract is missing, instances that were routed before and are not yet again stay.
  void KeepLast(std::vector<Served>& served) const {
    for (const Served& last : last_) {
      const bool again = std::any_of(served.begin(), served.end(), [&](const Served& one) {
        return one.instance.name == last.instance.name;
      });
      if (!again) served.push_back(last);
    }
  }

  void Add(const Part& part, std::vector<Served>& served) {
    const std::shared_ptr<const transcode::Contract> contract = Compiled(part.contract_hash());
    absl::StatusOr<rpc::Identity> identity = rpc::Identity::Parse(part.identity());
    if (contract == nullptr || !identity.ok()) return;
    served.push_back({.instance = {.name = part.name(),
                                   .address = part.address(),
                                   .identity = *std::move(identity),
                                   .resolved = where_.Of(part.address())},
                      .services = {part.services().begin(), part.services().end()},
                      .authorities = {part.authorities().begin(), part.authorities().end()},
                      .contract = contract,
                      .register_time = absl::FromUnixSeconds(part.register_time().seconds())});
  }

  // A contract that cannot be compiled is named once and serves nothing.
  std::shared_ptr<const transcode::Contract> Compiled(const std::string& hash) {
    if (const auto it = contracts_.find(hash); it != contracts_.end()) return it->second;
    const auto protoset = protosets_.find(hash);
    if (protoset == protosets_.end()) return nullptr;
    absl::StatusOr<std::shared_ptr<const transcode::Contract>> contract =
        transcode::Contract::Load(protoset->second);
    if (!contract.ok()) {
      observe::Log(Severity::kError, "gateway", "a contract cannot be used",
                   {{"contract", hash}, {"error", observe::StatusText(contract.status())}});
    }
    return contracts_[hash] = contract.ok() ? *contract : nullptr;
  }

  void ForgetUnused(const std::vector<Part>& parts) {
    auto unused = [&](const auto& entry) {
      return std::none_of(parts.begin(), parts.end(),
                          [&](const Part& part) { return part.contract_hash() == entry.first; });
    };
    std::erase_if(protosets_, unused);
    std::erase_if(contracts_, unused);
  }

  // False: nothing is different from the last time.
  bool Publish(std::vector<Served> served) {
    std::vector<Served> last = served;
    // Newest first: of two contracts that disagree, reflection shows the newer one's files.
    std::stable_sort(served.begin(), served.end(), [](const Served& a, const Served& b) {
      return a.register_time > b.register_time;
    });
    for (Served part : options_.static_parts) {
      part.instance.resolved = where_.Of(part.instance.address);
      served.push_back(std::move(part));
    }
    if (published_ && Same(served)) return false;
    published_ = true;
    last_ = std::move(last);
    routed_ = served;
    std::vector<std::string> warnings;
    auto table = RouteTable::Build(std::move(served), *options_.metrics, warnings);
    for (const std::string& warning : warnings) Warn("a method is not routed", warning);
    observe::Log(Severity::kInfo, "gateway", "routes changed",
                 {{"instances", table->instances().size()}, {"warnings", warnings.size()}});
    std::set<std::string> addresses;
    for (const Instance& instance : table->instances()) addresses.insert(instance.address);
    options_.on_routes(std::move(table));
    where_.Keep(addresses);
    std::lock_guard lock(mutex_);
    have_routes_ = true;
    addresses_ = std::move(addresses);
    return true;
  }

  bool Same(const std::vector<Served>& served) const {
    return std::equal(served.begin(), served.end(), routed_.begin(), routed_.end(),
                      [](const Served& a, const Served& b) {
                        return a.instance == b.instance && a.services == b.services &&
                               a.authorities == b.authorities && a.contract == b.contract;
                      });
  }

  const CatalogueWatchOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Part> parts_ ABSL_GUARDED_BY(mutex_);
  bool known_ ABSL_GUARDED_BY(mutex_) = false;  // parts_ is what somebody said
  bool dirty_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  bool have_routes_ ABSL_GUARDED_BY(mutex_) = false;
  bool have_keys_ ABSL_GUARDED_BY(mutex_) = false;
  std::set<std::string> addresses_ ABSL_GUARDED_BY(mutex_);  // of the parts in the last table

  // Of the builder's thread, and of the constructor before it runs.
  Snapshot snapshot_;
  std::map<std::string, std::string> protosets_;  // by hash
  std::map<std::string, std::shared_ptr<const transcode::Contract>> contracts_;
  Addresses where_;
  std::vector<Served> last_;    // of the catalogue
  std::vector<Served> routed_;  // all of them
  absl::Status last_missing_;
  bool published_ = false;

  rpc::Stop stop_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<catalogue::v1::RegistryService::Stub> registry_;
  std::unique_ptr<rpc::PartsWatch> parts_watch_;
  std::unique_ptr<KeysWatch> keys_watch_;
  std::thread builder_;
};

}  // namespace

std::unique_ptr<CatalogueWatch> CatalogueWatch::Start(CatalogueWatchOptions options) {
  return std::make_unique<Watch>(std::move(options));
}

absl::StatusOr<Served> LoadStaticPart(const StaticPart& part) {
  std::ifstream file(part.protoset, std::ios::binary);
  if (!file) {
    return absl::NotFoundError(
        absl::StrFormat("part %s: there is no protoset %s", part.name, part.protoset));
  }
  const std::string protoset(std::istreambuf_iterator<char>(file), {});
  auto contract = transcode::Contract::Load(protoset);
  if (!contract.ok()) {
    return absl::InvalidArgumentError(absl::StrFormat("part %s: %s: %s", part.name, part.protoset,
                                                      std::string(contract.status().message())));
  }
  Served served;
  served.instance = {.name = part.name, .address = part.address, .plaintext = part.plaintext};
  if (!part.plaintext) {
    absl::StatusOr<rpc::Identity> identity = rpc::Identity::Parse(part.identity);
    if (!identity.ok()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("part %s: %s", part.name, std::string(identity.status().message())));
    }
    served.instance.identity = *std::move(identity);
  }
  for (const transcode::Service& service : (*contract)->services()) {
    if (service.is_public) served.services.push_back(service.full_name);
  }
  served.contract = *std::move(contract);
  return served;
}

}  // namespace simpul::gateway
