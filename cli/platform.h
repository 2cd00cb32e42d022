// All parts of a city in one process, joined over 127.0.0.1 with mutual TLS as they are in
// production.
#ifndef SIMPUL_CLI_PLATFORM_H_
#define SIMPUL_CLI_PLATFORM_H_

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "adapters/engine/part.h"
#include "bus/observe/admin_server.h"
#include "cli/kafka_watch.h"
#include "cli/progress.h"
#include "gateway/part.h"
#include "services/catalogue/part.h"
#include "services/complaints/part.h"
#include "services/events/part.h"
#include "services/wifi/part.h"

namespace simpul::cli {

struct PlatformOptions {
  std::string data = ".simpul";
  std::string trust_domain = "simpul.local";
  std::string kafka;
  std::string http = "127.0.0.1:8080";   // empty: none
  std::string https = "127.0.0.1:8443";  // empty: none
  std::string admin = "127.0.0.1:9901";
  std::string store;  // sqlite:<data>/state if empty
  std::vector<std::string> adapters = {"adapters"};
};

// Owns the parts. One thread.
class Platform {
 public:
  // Makes what is missing below <data> (certificates, directories, the first key), gives the parts
  // their rights on Kafka and starts them, in parallel where one does not need the other. When it
  // returns, all run but those of not_started(); see ready(). Kafka may come later: then its rights
  // are given. FAILED_PRECONDITION: an address is in use, named before anything starts. Else what
  // a part says.
  static absl::StatusOr<std::unique_ptr<Platform>> Start(const PlatformOptions& options,
                                                         Progress& progress);

  // Stops the parts: the gateway first, then those that write, then those that they write to.
  ~Platform();

  // As /readyz.
  absl::Status ready() const { return admin_->ready(); }

  // OK while Kafka answers and the parts have their rights on it.
  absl::Status kafka() const { return kafka_->status(); }

  // Adapters that could not start, and why: one department does not keep the others from work.
  const std::map<std::string, std::string>& not_started() const { return not_started_; }

  std::string http() const { return gateway_->address(); }
  std::string https() const { return gateway_->tls_address(); }
  std::string admin() const { return admin_->address(); }

 private:
  Platform(const PlatformOptions& options, Progress& progress)
      : options_(options), progress_(progress) {}

  absl::Status Prepare();
  absl::Status StartParts();
  absl::Status StartCatalogue();
  absl::Status StartGateway();
  absl::Status StartEngine(const std::string& department, engine::Options options);
  void JoinKafka();
  // Keeps the adapters of `department` off the bus, and says so.
  void LeaveOut(const std::string& department, const absl::Status& why);
  absl::Status EnsureKey() const;
  absl::Status HasRoutes();
  absl::Status WriteAddresses() const;
  // The options of the part `identity`; its certificate is loaded.
  absl::StatusOr<rpc::PartOptions> OptionsOf(const std::string& identity) const;
  template <class Part, class Options>
  absl::Status StartService(const std::string& name, std::unique_ptr<Part>& part, Options options);

  const PlatformOptions options_;
  Progress& progress_;
  std::map<std::string, std::vector<std::string>> adapters_;  // directories by department
  std::mutex mutex_;
  std::map<std::string, std::string> not_started_;  // guarded by mutex_ until all have started
  std::unique_ptr<observe::AdminServer> admin_;
  std::unique_ptr<KafkaWatch> kafka_;
  std::unique_ptr<catalogue::Part> catalogue_;
  std::unique_ptr<events::Part> events_;
  std::unique_ptr<complaints::Part> complaints_;
  std::unique_ptr<wifi::Part> wifi_;
  std::map<std::string, std::unique_ptr<engine::Part>> engines_;
  std::unique_ptr<gateway::Part> gateway_;
  std::atomic<bool> had_routes_ = false;
};

}  // namespace simpul::cli

#endif  // SIMPUL_CLI_PLATFORM_H_
