#include "cli/address.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "absl/strings/str_format.h"

namespace simpul::cli {
namespace {

struct FreeAddress {
  void operator()(addrinfo* info) const { freeaddrinfo(info); }
};

std::unique_ptr<addrinfo, FreeAddress> Resolve(const std::string& address) {
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) return nullptr;
  std::string host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), address.c_str() + colon + 1, &hints, &found) != 0) return nullptr;
  return std::unique_ptr<addrinfo, FreeAddress>(found);
}

}  // namespace

absl::Status CheckFree(const std::string& address, const std::string& flag) {
  const auto info = Resolve(address);
  if (info == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s %s is no address; write host:port", flag, address));
  }
  const int fd = socket(info->ai_family, info->ai_socktype | SOCK_CLOEXEC, 0);
  const int yes = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const bool bound = bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, 1) == 0;
  const int error = errno;
  close(fd);
  if (bound) return absl::OkStatus();
  if (error == EADDRINUSE) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "%s is in use by another program; stop that, or choose another address by %s", address,
        flag));
  }
  return absl::FailedPreconditionError(
      absl::StrFormat("%s cannot be listened on: %s; choose another address by %s", address,
                      std::strerror(error), flag));
}

}  // namespace simpul::cli
