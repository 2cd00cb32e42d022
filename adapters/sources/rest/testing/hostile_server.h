// An HTTP server for tests that answers any bytes at all, late, in part, or never.
#ifndef SIMPUL_ADAPTERS_SOURCES_REST_TESTING_HOSTILE_SERVER_H_
#define SIMPUL_ADAPTERS_SOURCES_REST_TESTING_HOSTILE_SERVER_H_

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace simpul::sources::rest::testing {

struct SeenRequest {
  std::string head;  // request line and headers
  std::string body;
  int connection = 0;  // counted from 1

  std::string method() const { return head.substr(0, head.find(' ')); }
  std::string target() const;
  // Empty if there is none.
  std::string Header(const std::string& name) const;
};

struct Reply {
  enum class Then { kKeep, kClose, kReset, kHang, kRepeat };

  std::string bytes;
  Then then = Then::kKeep;  // kRepeat: sends the bytes again until nobody takes them
};

// "HTTP/1.1 200 OK" and so on, with the body's length.
Reply Answer(int code, const std::string& body, const std::string& headers = "");
Reply Json(const std::string& body);

// On a free port of 127.0.0.1, a thread for each connection. Thread-safe.
class HostileServer {
 public:
  using Handler = std::function<Reply(const SeenRequest&)>;
  enum class Speaks { kHttp, kHttps };

  // `handler` is called by many threads. Aborts the test if there is no port.
  explicit HostileServer(Handler handler, Speaks speaks = Speaks::kHttp);
  ~HostileServer();
  HostileServer(const HostileServer&) = delete;

  std::string url() const;
  int port() const { return port_; }
  // The file with the certificate that an https server shows, for 127.0.0.1.
  std::string certificate() const { return certificate_; }
  std::vector<SeenRequest> requests() const;

 private:
  class Stream;
  struct Tls;

  void Accept();
  void Serve(int socket, int number);

  const Handler handler_;
  std::unique_ptr<Tls> tls_;
  std::string certificate_;
  int listener_ = -1;
  int port_ = 0;
  int stop_[2] = {-1, -1};  // a pipe: closed on one side, all that wait wake up
  std::thread acceptor_;
  mutable std::mutex mutex_;
  std::vector<std::thread> threads_;
  std::vector<SeenRequest> requests_;
};

}  // namespace simpul::sources::rest::testing

#endif  // SIMPUL_ADAPTERS_SOURCES_REST_TESTING_HOSTILE_SERVER_H_
