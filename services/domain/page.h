// Pages of a List: how large, and where the next one begins.
#ifndef SIMPUL_SERVICES_DOMAIN_PAGE_H_
#define SIMPUL_SERVICES_DOMAIN_PAGE_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "bus/rpc/token.h"
#include "google/protobuf/repeated_field.h"

namespace simpul::domain {

struct Page {
  int64_t size = 100;
  std::string after;  // the last name of the page before; empty: the first page

  // How many rows to read: one more shows whether there is a next page.
  int64_t limit() const { return size + 1; }
};

// `scope` is the rpc and its filter. INVALID_ARGUMENT: page_size is negative, or the token is not
// one of ours or was made for another scope.
absl::StatusOr<Page> ReadPage(const rpc::TokenKey& key, const std::string& scope, int32_t page_size,
                              const std::string& page_token);

// Cuts what was read to the page. Returns the token of the next one; empty: this is the last.
template <class Resource>
std::string CutToPage(const rpc::TokenKey& key, const std::string& scope, const Page& page,
                      google::protobuf::RepeatedPtrField<Resource>& resources) {
  if (resources.size() <= page.size) return "";
  resources.RemoveLast();
  return key.Seal(scope, resources.rbegin()->name());
}

}  // namespace simpul::domain

#endif  // SIMPUL_SERVICES_DOMAIN_PAGE_H_
