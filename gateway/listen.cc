#include "gateway/listen.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_format.h"
#include "gateway/route_table.h"

namespace simpul::gateway {
namespace {

socklen_t SizeOf(const sockaddr_storage& address) {
  return address.ss_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
}

std::string Text(const sockaddr_storage& address) {
  char host[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    inet_ntop(AF_INET, &v4.sin_addr, host, sizeof host);
    return absl::StrFormat("%s:%d", host, ntohs(v4.sin_port));
  }
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
  inet_ntop(AF_INET6, &v6.sin6_addr, host, sizeof host);
  return absl::StrFormat("[%s]:%d", host, ntohs(v6.sin6_port));
}

// A bound socket, or -1 with errno set. Without `share` it fails if anybody else listens there.
int Bind(const sockaddr_storage& address, bool share) {
  const int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (share) setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), SizeOf(address)) == 0) return fd;
  const int error = errno;
  close(fd);
  errno = error;
  return -1;
}

absl::Status CannotListen(const std::string& address) {
  return absl::FailedPreconditionError(
      absl::StrFormat("cannot listen on %s: %s", address, std::strerror(errno)));
}

}  // namespace

absl::StatusOr<ListenSockets> Listen(const std::string& address, int count) {
  std::vector<sockaddr_storage> found = Resolve(address);
  if (found.empty()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("\"%s\" is no host:port to listen on", address));
  }
  // Sockets that share a port would also share it with another process, in silence: look first.
  const int probe = Bind(found.front(), /*share=*/false);
  if (probe < 0) return CannotListen(address);
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  getsockname(probe, reinterpret_cast<sockaddr*>(&bound), &size);
  close(probe);
  ListenSockets sockets{.fds = {}, .address = Text(bound)};
  for (int i = 0; i < count; ++i) {
    const int fd = Bind(bound, /*share=*/true);
    if (fd >= 0) sockets.fds.push_back(fd);
    if (fd < 0 || listen(fd, SOMAXCONN) != 0) {
      const absl::Status status = CannotListen(address);
      for (const int open : sockets.fds) close(open);
      return status;
    }
  }
  return sockets;
}

}  // namespace simpul::gateway
