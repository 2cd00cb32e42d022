#include "adapters/sources/rest/testing/hostile_server.h"

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"

namespace simpul::sources::rest::testing {
namespace {

void Require(bool ok, const char* what) {
  if (ok) return;
  std::perror(what);
  std::abort();
}

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

// For 127.0.0.1, by its own authority.
Certificate SelfSigned(EVP_PKEY* key) {
  Certificate out(X509_new(), X509_free);
  X509_set_version(out.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(out.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(out.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(out.get()), 3600);
  X509_set_pubkey(out.get(), key);
  X509_NAME* name = X509_get_subject_name(out.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("127.0.0.1"), -1, -1, 0);
  X509_set_issuer_name(out.get(), name);
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, out.get(), out.get(), nullptr, nullptr, 0);
  for (const auto& [id, value] : {std::pair(NID_subject_alt_name, "IP:127.0.0.1"),
                                  std::pair(NID_basic_constraints, "critical,CA:TRUE")}) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value);
    X509_add_ext(out.get(), extension, -1);
    X509_EXTENSION_free(extension);
  }
  X509_sign(out.get(), key, EVP_sha256());
  return out;
}

}  // namespace

std::string SeenRequest::target() const {
  const size_t begin = head.find(' ') + 1;
  return head.substr(begin, head.find(' ', begin) - begin);
}

std::string SeenRequest::Header(const std::string& name) const {
  size_t begin = 0;
  while ((begin = head.find("\r\n", begin)) != std::string::npos) {
    begin += 2;
    const size_t colon = head.find(": ", begin);
    if (colon == std::string::npos) break;
    if (absl::EqualsIgnoreCase(head.substr(begin, colon - begin), name)) {
      return head.substr(colon + 2, head.find("\r\n", colon) - colon - 2);
    }
  }
  return "";
}

Reply Answer(int code, const std::string& body, const std::string& headers) {
  return {absl::StrFormat("HTTP/1.1 %d Something\r\n%sContent-Length: %d\r\n\r\n%s", code, headers,
                          body.size(), body)};
}

Reply Json(const std::string& body) {
  return Answer(200, body, "Content-Type: application/json\r\n");
}

struct HostileServer::Tls {
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context{SSL_CTX_new(TLS_server_method()),
                                                            SSL_CTX_free};
};

// A connection, with TLS or without.
class HostileServer::Stream {
 public:
  Stream(int socket, int stop, SSL_CTX* context) : socket_(socket), stop_(stop) {
    if (context == nullptr) return;
    ssl_.reset(SSL_new(context));
    SSL_set_fd(ssl_.get(), socket);
    is_open_ = SSL_accept(ssl_.get()) == 1;
  }
  ~Stream() { close(socket_); }

  // False: nothing more comes, or the server is to stop.
  bool Read(std::string& out) {
    char buffer[16384];
    if (!is_open_) return false;
    if ((ssl_ == nullptr || SSL_pending(ssl_.get()) == 0) && !Wait()) return false;
    const auto size = ssl_ != nullptr
                          ? static_cast<ssize_t>(SSL_read(ssl_.get(), buffer, sizeof buffer))
                          : recv(socket_, buffer, sizeof buffer, 0);
    if (size <= 0) return false;
    out.append(buffer, static_cast<size_t>(size));
    return true;
  }

  bool Write(const std::string& bytes) {
    if (bytes.empty()) return true;
    if (ssl_ != nullptr)
      return SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) > 0;
    size_t sent = 0;
    while (sent < bytes.size()) {
      const auto size = send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (size <= 0) return false;
      sent += static_cast<size_t>(size);
    }
    return true;
  }

  // Until the other side hangs up or the server is to stop.
  void Hang() {
    std::string ignored;
    while (Read(ignored)) {
    }
  }

  void Reset() {
    const linger none{.l_onoff = 1, .l_linger = 0};
    setsockopt(socket_, SOL_SOCKET, SO_LINGER, &none, sizeof none);
  }

 private:
  bool Wait() {
    pollfd waiting[] = {{socket_, POLLIN, 0}, {stop_, POLLIN, 0}};
    poll(waiting, 2, -1);
    return waiting[1].revents == 0;
  }

  const int socket_;
  const int stop_;
  bool is_open_ = true;
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_{nullptr, SSL_free};
};

HostileServer::HostileServer(Handler handler, Speaks speaks) : handler_(std::move(handler)) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
  Require(pipe(stop_) == 0, "pipe");
  if (speaks == Speaks::kHttps) {
    tls_ = std::make_unique<Tls>();
    const Key key(EVP_EC_gen("P-256"), EVP_PKEY_free);
    const Certificate certificate = SelfSigned(key.get());
    SSL_CTX_use_certificate(tls_->context.get(), certificate.get());
    SSL_CTX_use_PrivateKey(tls_->context.get(), key.get());
    char name[] = "/tmp/simpul-rest-test.XXXXXX";
    FILE* file = fdopen(mkstemp(name), "w");
    Require(file != nullptr, "certificate");
    PEM_write_X509(file, certificate.get());
    std::fclose(file);
    certificate_ = name;
  }
  listener_ = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  Require(bind(listener_, generic, size) == 0 && listen(listener_, 64) == 0 &&
              getsockname(listener_, generic, &size) == 0,
          "listen");
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { Accept(); });
}

HostileServer::~HostileServer() {
  close(stop_[1]);
  acceptor_.join();
  for (std::thread& thread : threads_) thread.join();
  close(stop_[0]);
  close(listener_);
  if (!certificate_.empty()) std::filesystem::remove(certificate_);
}

std::string HostileServer::url() const {
  return absl::StrFormat("http%s://127.0.0.1:%d/lapor", tls_ == nullptr ? "" : "s", port_);
}

std::vector<SeenRequest> HostileServer::requests() const {
  std::lock_guard lock(mutex_);
  return requests_;
}

void HostileServer::Accept() {
  for (int number = 1;; ++number) {
    pollfd waiting[] = {{listener_, POLLIN, 0}, {stop_[0], POLLIN, 0}};
    poll(waiting, 2, -1);
    if (waiting[1].revents != 0) return;
    const int socket = accept(listener_, nullptr, nullptr);
    std::lock_guard lock(mutex_);
    threads_.emplace_back([this, socket, number] { Serve(socket, number); });
  }
}

void HostileServer::Serve(int socket, int number) {
  Stream stream(socket, stop_[0], tls_ == nullptr ? nullptr : tls_->context.get());
  std::string input;
  while (true) {
    SeenRequest request{.connection = number};
    size_t end;
    while ((end = input.find("\r\n\r\n")) == std::string::npos) {
      if (!stream.Read(input)) return;
    }
    request.head = input.substr(0, end + 2);
    input.erase(0, end + 4);
    size_t length = 0;
    if (!absl::SimpleAtoi(request.Header("Content-Length"), &length)) length = 0;
    while (input.size() < length) {
      if (!stream.Read(input)) return;
    }
    request.body = input.substr(0, length);
    input.erase(0, length);
    {
      std::lock_guard lock(mutex_);
      requests_.push_back(request);
    }
    const Reply reply = handler_(request);
    bool is_taken = stream.Write(reply.bytes);
    while (is_taken && reply.then == Reply::Then::kRepeat) is_taken = stream.Write(reply.bytes);
    if (reply.then == Reply::Then::kHang) stream.Hang();
    if (reply.then == Reply::Then::kReset) stream.Reset();
    if (!is_taken || reply.then != Reply::Then::kKeep) return;
  }
}

}  // namespace simpul::sources::rest::testing
