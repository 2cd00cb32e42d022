// The catalogue as a part: the live registry of parts and contracts, the API keys, the inventory.
#ifndef SIMPUL_SERVICES_CATALOGUE_PART_H_
#define SIMPUL_SERVICES_CATALOGUE_PART_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bus/rpc/part_options.h"
#include "bus/testing/clock.h"
#include "services/catalogue/drop_folder.h"

namespace simpul::catalogue {

// Uses `credentials` (of "service/catalogue"), `listen`, `store`, `secrets` (its file "pepper" is
// made if it is missing) and `admin`; `catalogue` and `kafka` are ignored.
struct Options : rpc::PartOptions {
  absl::Duration lease = absl::Seconds(30);  // how long a part stays without a word from it
  std::string drop;     // folder of departments' sheets; empty: none is watched
  ReadRows read_sheet;  // how they are read
  Clock* clock = &Clock::System();
};

// Serves the registry, the keys and the inventory until destroyed; watchers' streams are ended
// first, so that stopping takes no longer than the calls in hand. Thread-safe.
class Part {
 public:
  // As for Store::Open, Migrate, LoadOrMakeSecret and Server::Start. When it returns, the parts and
  // routes of the last run are known again, and none of them expires for one lease.
  static absl::StatusOr<std::unique_ptr<Part>> Start(const Options& options);
  ~Part();

  // "127.0.0.1:43211": what the other parts are given as their `catalogue`.
  std::string address() const;

 private:
  struct Running;
  explicit Part(std::unique_ptr<Running> running);
  std::unique_ptr<Running> running_;
};

}  // namespace simpul::catalogue

#endif  // SIMPUL_SERVICES_CATALOGUE_PART_H_
