#include "services/domain/page.h"

#include <algorithm>

#include "absl/status/status.h"

namespace simpul::domain {

absl::StatusOr<Page> ReadPage(const rpc::TokenKey& key, const std::string& scope, int32_t page_size,
                              const std::string& page_token) {
  if (page_size < 0) {
    return absl::InvalidArgumentError(
        "page_size: negative; leave it out for 100, or ask for at most 1000");
  }
  Page page;
  if (page_size > 0) page.size = std::min(page_size, 1000);
  if (page_token.empty()) return page;
  auto after = key.Open(scope, page_token);
  if (!after.ok()) {
    return absl::InvalidArgumentError(
        "page_token: not one of ours, or made for another filter; begin again without it");
  }
  page.after = *std::move(after);
  return page;
}

}  // namespace simpul::domain
