// Pages of a List: how large, and where the next one begins.
#ifndef SIMPUL_SERVICES_WIFI_PAGE_H_
#define SIMPUL_SERVICES_WIFI_PAGE_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "bus/rpc/token.h"

namespace simpul::wifi {

struct Page {
  int64_t size = 100;
  std::string after;  // the last name of the page before; empty: the first page
};

// `scope` is the rpc and its filter. INVALID_ARGUMENT: page_size is negative, or the token is not
// one of ours or was made for another scope.
absl::StatusOr<Page> ReadPage(const rpc::TokenKey& key, const std::string& scope, int32_t page_size,
                              const std::string& page_token);

}  // namespace simpul::wifi

#endif  // SIMPUL_SERVICES_WIFI_PAGE_H_
