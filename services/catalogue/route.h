// A REST route's shape: what it matches, whatever its variables are called.
#ifndef SIMPUL_SERVICES_CATALOGUE_ROUTE_H_
#define SIMPUL_SERVICES_CATALOGUE_ROUTE_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace simpul::catalogue {

// "GET /v1/departments/*/hotspots/*", from google.api.http's "/v1/{name=departments/*/hotspots/*}".
// A value.
class Route {
 public:
  // INVALID_ARGUMENT: `path` is no path template of google/api/http.proto.
  static absl::StatusOr<Route> Parse(std::string_view method, std::string_view path);

  // Whether some request matches both.
  bool Overlaps(const Route& other) const;

  // "POST /v1/subscriptions/*:acknowledge"; Parse of its two words gives the same route.
  std::string Text() const;

  bool operator==(const Route&) const = default;

 private:
  std::string method_;
  std::vector<std::string> segments_;  // "*" and, as the last, "**" are wild
  std::string verb_;                   // after ':'
};

}  // namespace simpul::catalogue

#endif  // SIMPUL_SERVICES_CATALOGUE_ROUTE_H_
