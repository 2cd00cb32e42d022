// Follows events through the gateway and prints them.
#ifndef SIMPUL_CLI_EVENT_WATCH_H_
#define SIMPUL_CLI_EVENT_WATCH_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "cli/gateway_client.h"

namespace simpul::cli {

struct EventWatchFlags {
  GatewayFlags gateway;
  std::vector<std::string> types;
  std::string prefix;
  std::string from = "latest";  // "earliest", "latest", or a resume token
  std::string subscription;     // the id of a durable one; made if `types` are given
  int count = 0;                // ends after so many events; 0: never
};

// Prints each event on a line of its own, from the last one on when the stream breaks, until
// `count`. Without types, all that the gateway shows. With a subscription, what is printed is
// acknowledged.
absl::Status WatchEvents(const EventWatchFlags& flags, bool json);

}  // namespace simpul::cli

#endif  // SIMPUL_CLI_EVENT_WATCH_H_
