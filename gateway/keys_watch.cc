#include "gateway/keys_watch.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "bus/observe/log.h"
#include "bus/rpc/status.h"
#include "gateway/snapshot.h"
#include "grpcpp/channel.h"

namespace simpul::gateway {
namespace {

using catalogue::v1::WatchKeysResponse;

constexpr absl::Duration kSayAgain = absl::Minutes(10);

void Warn(std::string_view message, const absl::Status& error) {
  observe::Log(observe::Severity::kWarning, "gateway", message,
               {{"error", observe::StatusText(error)}});
}

// Makes `all` what it is after `change`.
void Merge(const WatchKeysResponse& change, WatchKeysResponse& all) {
  std::map<std::string, catalogue::v1::KeyDigest> keys;
  if (!change.snapshot()) {
    for (const auto& key : all.keys()) keys[key.key_id()] = key;
  }
  for (const auto& key : change.keys()) keys[key.key_id()] = key;
  for (const std::string& id : change.revoked()) keys.erase(id);
  all.Clear();
  all.set_snapshot(true);
  all.set_pepper(change.pepper());
  for (auto& [id, key] : keys) *all.add_keys() = std::move(key);
}

}  // namespace

std::shared_ptr<const KeySet> KeySetOf(const WatchKeysResponse& all) {
  std::vector<KeySet::Entry> entries;
  for (const auto& key : all.keys()) {
    entries.push_back(
        {key.key_id(), key.agency(), key.digest(), {key.writes().begin(), key.writes().end()}});
  }
  return std::make_shared<const KeySet>(all.pepper(), std::move(entries));
}

KeysWatch::KeysWatch(std::shared_ptr<grpc::Channel> channel, std::string directory,
                     std::function<void(std::shared_ptr<const KeySet>)> changed)
    : stub_(catalogue::v1::KeyService::NewStub(std::move(channel))),
      directory_(std::move(directory)),
      changed_(std::move(changed)),
      thread_([this] { Run(); }) {}

KeysWatch::~KeysWatch() {
  stop_.Trigger();
  thread_.join();
}

void KeysWatch::Run() {
  absl::Status last;
  do {
    const absl::Status status = Follow();
    {
      std::lock_guard lock(mutex_);
      connected_ = false;
    }
    if (stop_.stopped()) return;
    if (status != last) Warn("lost the catalogue's API keys; the last ones stand", status);
    last = status;
  } while (stop_.WaitFor(backoff_.Next()));
}

// One stream, until it ends.
absl::Status KeysWatch::Follow() {
  grpc::Status ended;
  bool missed = false;
  stop_.Run([&](grpc::ClientContext& context) {
    auto stream = stub_->WatchKeys(&context, {});
    WatchKeysResponse response;
    std::optional<int64_t> version;
    while (stream->Read(&response)) {
      missed = version.has_value() ? response.version() != *version + 1 : !response.snapshot();
      if (missed) {
        context.TryCancel();
        break;
      }
      version = response.version();
      backoff_.Reset();
      Apply(response);
    }
    ended = stream->Finish();
  });
  if (missed) {
    return absl::DataLossError("an answer of the catalogue was missed; asking for all again");
  }
  if (ended.ok()) return absl::UnavailableError("the catalogue ended the stream");
  return rpc::FromGrpc(ended);
}

void KeysWatch::Apply(const WatchKeysResponse& response) {
  std::shared_ptr<const KeySet> keys;
  {
    std::lock_guard lock(mutex_);
    Merge(response, all_);
    keys = KeySetOf(all_);
  }
  changed_(std::move(keys));  // first: what was revoked ends now, whatever the disk does
  std::lock_guard lock(mutex_);
  connected_ = true;
  Save();
}

void KeysWatch::Refresh() {
  std::lock_guard lock(mutex_);
  if (connected_ && absl::Now() - saved_ >= kSayAgain) Save();
}

void KeysWatch::Save() {
  if (absl::Status status = SaveKeys(directory_, all_, absl::Now()); !status.ok()) {
    return Warn("the API keys could not be kept on disk", status);
  }
  saved_ = absl::Now();
}

}  // namespace simpul::gateway
