#include <map>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/str_format.h"
#include "bus/observe/log.h"
#include "bus/rpc/registration.h"
#include "bus/rpc/retry.h"
#include "bus/rpc/server.h"
#include "bus/rpc/status.h"
#include "simpul/catalogue/v1/registry.grpc.pb.h"

namespace simpul::rpc {
namespace {

using catalogue::v1::Part;
using catalogue::v1::RegistryService;
using catalogue::v1::WatchPartsResponse;
using Changed = std::function<void(const std::vector<Part>&)>;

class StreamedPartsWatch : public PartsWatch {
 public:
  StreamedPartsWatch(const std::string& catalogue, const Credentials& credentials, Changed changed)
      : who_(credentials.identity().Path()),
        stub_(RegistryService::NewStub(
            Connect(catalogue, credentials,
                    {credentials.identity().trust_domain, "service", "catalogue"}))),
        changed_(std::move(changed)),
        thread_([this] { Run(); }) {}

  ~StreamedPartsWatch() override {
    stop_.Trigger();
    thread_.join();
  }

 private:
  void Run() {
    do {
      const absl::Status status = Follow();
      if (stop_.stopped()) return;
      if (status != last_) {
        observe::Log(observe::Severity::kWarning, who_, "lost the catalogue's list of parts",
                     {{"error", observe::StatusText(status)}});
      }
      last_ = status;
    } while (stop_.WaitFor(backoff_.Next()));
  }

  // One stream, until it ends.
  absl::Status Follow() {
    grpc::Status ended;
    absl::Status skipped;
    stop_.Run([&](grpc::ClientContext& context) {
      auto stream = stub_->WatchParts(&context, {});
      WatchPartsResponse response;
      std::optional<int64_t> version;
      while (skipped.ok() && stream->Read(&response)) {
        skipped = Follows(version, response);
        if (!skipped.ok()) {
          context.TryCancel();
          break;
        }
        version = response.version();
        last_ = absl::OkStatus();
        backoff_.Reset();
        Apply(response);
      }
      ended = stream->Finish();
    });
    if (!skipped.ok()) return skipped;
    if (ended.ok()) return absl::UnavailableError("the catalogue ended the stream");
    return FromGrpc(ended);
  }

  static absl::Status Follows(std::optional<int64_t> version, const WatchPartsResponse& response) {
    const bool follows =
        version.has_value() ? response.version() == *version + 1 : response.snapshot();
    if (follows) return absl::OkStatus();
    return absl::DataLossError("an answer of the catalogue was missed; asking for all again");
  }

  void Apply(const WatchPartsResponse& response) {
    std::map<std::string, Part> parts;
    if (!response.snapshot()) parts = parts_;
    for (const std::string& name : response.removed()) parts.erase(name);
    for (const Part& part : response.parts()) parts[part.name()] = part;
    const bool same = told_ && Contents(parts) == Contents(parts_);
    parts_ = std::move(parts);
    if (same) return;
    told_ = true;
    std::vector<Part> list;
    for (const auto& [name, part] : parts_) list.push_back(part);
    changed_(list);
  }

  // What makes two lists differ: all but the leases, which move with each renewal.
  static std::string Contents(const std::map<std::string, Part>& parts) {
    std::string contents;
    for (const auto& [name, part] : parts) {
      Part lasting = part;
      lasting.clear_expire_time();
      const std::string bytes = lasting.SerializeAsString();
      contents += absl::StrFormat("%d:", bytes.size());
      contents += bytes;
    }
    return contents;
  }

  const std::string who_;
  const std::unique_ptr<RegistryService::Stub> stub_;
  const Changed changed_;
  Stop stop_;

  // Of the thread alone.
  std::map<std::string, Part> parts_;
  bool told_ = false;
  absl::Status last_;
  Backoff backoff_;

  std::thread thread_;
};

}  // namespace

std::unique_ptr<PartsWatch> PartsWatch::Start(const std::string& catalogue,
                                              const std::shared_ptr<const Credentials>& credentials,
                                              Changed changed) {
  return std::make_unique<StreamedPartsWatch>(catalogue, *credentials, std::move(changed));
}

}  // namespace simpul::rpc
