// Where an application's REST interface is, and who we are there.
#ifndef SIMPUL_ADAPTERS_SOURCES_REST_ENDPOINT_H_
#define SIMPUL_ADAPTERS_SOURCES_REST_ENDPOINT_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace simpul::sources::rest {

// How requests say whose they are.
struct Auth {
  enum class Kind { kNone, kBasic, kBearer, kHeader };

  static Auth Basic(std::string user, std::string secret) {
    return {Kind::kBasic, std::move(user), std::move(secret)};
  }
  static Auth Bearer(std::string secret) { return {Kind::kBearer, "", std::move(secret)}; }
  static Auth Header(std::string name, std::string secret) {
    return {Kind::kHeader, std::move(name), std::move(secret)};
  }

  Kind kind = Kind::kNone;
  std::string name;  // the user, or the header's name
  std::string secret;
};

struct Endpoint {
  std::string base_url;  // "https://host:8443/lapor"; proxies of the environment are not used
  Auth auth;
  std::vector<std::pair<std::string, std::string>> headers;  // with each request
  std::string ca_file;  // PEM, who may vouch for an https address; empty: the system's
};

// An endpoint that was checked. Immutable.
class Site {
 public:
  // INVALID_ARGUMENT: the address is no http or https one, has a user, query or fragment, or a
  // header cannot be sent; names the key, never a secret.
  static absl::StatusOr<Site> Check(const Endpoint& endpoint);

  // "http://127.0.0.1:18095", with the port only where it is not the scheme's own.
  const std::string& origin() const { return origin_; }
  // "/lapor", without a slash at its end.
  const std::string& path() const { return path_; }
  // What errors call it.
  std::string address() const { return origin_ + path_; }
  // "Name: value", with the credential.
  const std::vector<std::string>& header_lines() const { return header_lines_; }
  const std::string& ca_file() const { return ca_file_; }

  // Where a redirect or link in the answer of `url` leads. FAILED_PRECONDITION: to another host,
  // port or scheme, where our credential must not go, or nowhere.
  absl::StatusOr<std::string> Follow(const std::string& url, const std::string& link) const;

 private:
  std::string origin_;
  std::string path_;
  std::vector<std::string> header_lines_;
  std::string ca_file_;
};

}  // namespace simpul::sources::rest

#endif  // SIMPUL_ADAPTERS_SOURCES_REST_ENDPOINT_H_
