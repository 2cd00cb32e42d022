#include "services/complaints/adapters.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "bus/rpc/server.h"
#include "services/domain/name.h"
#include "services/domain/sources.h"
#include "simpul/complaints/v1/source.grpc.pb.h"

namespace simpul::complaints {

std::string SourceService() { return v1::ComplaintSourceService::service_full_name(); }

void Adapters::Update(const std::vector<catalogue::v1::Part>& parts) {
  decltype(channels_) channels;
  absl::MutexLock lock(&mutex_);
  for (const catalogue::v1::Part& part : parts) {
    if (domain::AdapterOf(part, SourceService()).empty()) continue;
    const auto identity = rpc::Identity::Parse(part.identity());
    for (const std::string& authority : part.authorities()) {
      // A connection that stands is kept.
      auto& channel = channels[authority][part.address()];
      const auto known = channels_.find(authority);
      if (known != channels_.end() && known->second.contains(part.address())) {
        channel = known->second.at(part.address());
      } else {
        channel = rpc::Connect(part.address(), *credentials_, *identity);
      }
    }
  }
  channels_ = std::move(channels);
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> Adapters::Connect(const std::string& department,
                                                                 const std::string& app,
                                                                 absl::Duration timeout) const {
  std::map<std::string, std::shared_ptr<grpc::Channel>> instances;
  {
    absl::MutexLock lock(&mutex_);
    const auto found = channels_.find(app + "." + department);
    if (found != channels_.end()) instances = found->second;
  }
  for (const auto& [address, channel] : instances) {
    if (channel->WaitForConnected(absl::ToChronoTime(absl::Now() + timeout))) return channel;
  }
  return absl::UnavailableError(
      absl::StrFormat("the adapter %s of %s is not on the bus now; nothing was written; send the "
                      "same request again later",
                      app, department));
}

absl::StatusOr<std::string> AppOf(const std::string& department,
                                  const std::vector<std::string>& source_topics) {
  std::string app;
  for (const std::string& name : source_topics) {
    const auto topic = domain::ParseSourceTopic(name);
    if (!topic || topic->department != department) continue;
    if (!app.empty() && app != topic->app) {
      return absl::FailedPreconditionError(
          "parent: several applications of this department take complaints, and none is the one "
          "for new ones");
    }
    app = topic->app;
  }
  if (!app.empty()) return app;
  return absl::NotFoundError("parent: no application of this department takes complaints");
}

}  // namespace simpul::complaints
