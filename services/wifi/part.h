// The wifi service as a part: public WiFi of all departments, from their adapters' events.
#ifndef SIMPUL_SERVICES_WIFI_PART_H_
#define SIMPUL_SERVICES_WIFI_PART_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bus/rpc/part_options.h"
#include "bus/testing/clock.h"

namespace simpul::wifi {

// Uses all of PartOptions; `credentials` are those of "service/wifi"; the file "page-token" in
// `secrets` is made if it is missing.
struct Options : rpc::PartOptions {
  // How often lost Stops are looked for. A session is lost after three missed interim updates,
  // whatever this is; it only says how much later that shows.
  absl::Duration upkeep_every = absl::Seconds(5);
  Clock* clock = &Clock::System();
};

// Serves HotspotService and SessionService from its own store, applies what adapters that serve
// WifiSourceService publish, and publishes HotspotEvent and SessionEvent, until destroyed.
// Thread-safe.
class Part {
 public:
  // As for Store::Open, Migrate, LoadOrMakeSecret, Relay::Start and Server::Start. Does not wait
  // for the catalogue.
  static absl::StatusOr<std::unique_ptr<Part>> Start(const Options& options);
  ~Part();

  // "127.0.0.1:43211".
  std::string address() const;

 private:
  struct Running;
  explicit Part(std::unique_ptr<Running> running);
  std::unique_ptr<Running> running_;
};

}  // namespace simpul::wifi

#endif  // SIMPUL_SERVICES_WIFI_PART_H_
