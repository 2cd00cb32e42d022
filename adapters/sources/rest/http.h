// HTTP/1.1 to one site over libcurl: sends one request, says exactly what became of it.
#ifndef SIMPUL_ADAPTERS_SOURCES_REST_HTTP_H_
#define SIMPUL_ADAPTERS_SOURCES_REST_HTTP_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "adapters/sources/rest/endpoint.h"

namespace simpul::sources::rest {

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  std::string body;  // JSON
  std::string if_match;
};

// What became of a request.
struct HttpAnswer {
  enum class Fate {
    kAnswered,
    kNotSent,  // not a byte of it reached the application
    kLost,     // the application may have acted on it
  };

  Fate fate = Fate::kAnswered;
  absl::Status error;   // why there is no answer: what happened, and what to do
  int code = 0;         // of the status line; 0: none came
  bool is_cut = false;  // longer than the limit
  std::string body;
  std::string etag;
  std::string location;
  absl::Duration retry_after;  // 0: not asked for
};

// One connection, opened when first needed and kept alive. One thread at a time.
class HttpConnection {
 public:
  // `site` outlives it.
  HttpConnection(const Site& site, size_t answer_bytes);
  ~HttpConnection();

  // Sends a request once; what changes something always on a new connection, since libcurl repeats
  // a request when a kept one turns out to be dead.
  HttpAnswer Send(const HttpRequest& request, absl::Duration timeout);

 private:
  class Transfer;

  const Site& site_;
  const size_t answer_bytes_;
  struct Closer {
    void operator()(void* curl) const;
  };
  std::unique_ptr<void, Closer> curl_;
};

}  // namespace simpul::sources::rest

#endif  // SIMPUL_ADAPTERS_SOURCES_REST_HTTP_H_
