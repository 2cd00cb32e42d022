// Where the instances of parts are, for as long as nobody says otherwise.
#ifndef SIMPUL_GATEWAY_ADDRESSES_H_
#define SIMPUL_GATEWAY_ADDRESSES_H_

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "gateway/route_table.h"

namespace simpul::gateway {

// Remembers what it found: a name server that fails for a moment takes no part off the table. One
// thread; may wait for DNS.
class Addresses {
 public:
  using Find = std::function<std::vector<sockaddr_storage>(const std::string&)>;
  explicit Addresses(Find find = Resolve) : find_(std::move(find)) {}

  // As Resolve; if that finds nothing now, what it found the last time.
  const std::vector<sockaddr_storage>& Of(const std::string& address) {
    std::vector<sockaddr_storage>& known = known_[address];
    std::vector<sockaddr_storage> found = find_(address);
    if (!found.empty()) known = std::move(found);
    return known;
  }

  // Forgets all but these.
  void Keep(const std::set<std::string>& addresses) {
    std::erase_if(known_, [&](const auto& entry) { return !addresses.contains(entry.first); });
  }

 private:
  const Find find_;
  std::map<std::string, std::vector<sockaddr_storage>> known_;
};

}  // namespace simpul::gateway

#endif  // SIMPUL_GATEWAY_ADDRESSES_H_
